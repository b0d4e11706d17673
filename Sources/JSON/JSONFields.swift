/// The members of one object, for decoding: unknown ones are ignored, `null` is the same as missing.
package struct JSONFields {
    package let object: JSONObject
    package let path: JSONPath

    package init(_ json: JSONValue, at path: JSONPath) throws {
        object = try JSONObject(json: json, at: path)
        self.path = path
    }

    /// The member `key`, which has to be there.
    package func required<Value: JSONDecodable>(_ key: String, as type: Value.Type = Value.self) throws -> Value {
        guard let value: Value = try optional(key) else {
            throw JSONFieldError(at: path.member(key), JSONTypeError.missing)
        }
        return value
    }

    package func optional<Value: JSONDecodable>(_ key: String, as type: Value.Type = Value.self) throws -> Value? {
        guard let json = object[key], !json.isNull else { return nil }
        return try Value(json: json, at: path.member(key))
    }

    /// The elements of the array `key`; none when it is missing.
    package func list<Element: JSONDecodable>(_ key: String, of type: Element.Type = Element.self) throws -> [Element] {
        try optional(key) ?? []
    }

    /// Runs `body`, which checks the member `key`, and names that member in its error.
    package func check<Result>(_ key: String, _ body: () throws -> Result) throws(JSONFieldError) -> Result {
        try path.member(key).locate(body)
    }
}
