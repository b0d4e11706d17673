/// Can be made from JSON; checks everything that a valid value has to fulfil.
package protocol JSONDecodable {
    /// - Throws: ``JSONFieldError`` that names `path` or a field below it.
    init(json: JSONValue, at path: JSONPath) throws
}

extension JSONDecodable {
    /// Takes the value of a whole document.
    package init(json: JSONValue) throws { try self.init(json: json, at: .root) }
}

extension JSONDecodable where Self: RawRepresentable, RawValue == String {
    package init(json: JSONValue, at path: JSONPath) throws {
        let text = try String(json: json, at: path)
        guard let value = Self(rawValue: text) else {
            throw JSONFieldError(at: path, JSONTypeError.wrongKind(wanted: "a known word", found: "'\(text)'"))
        }
        self = value
    }
}

extension JSONValue: JSONDecodable {
    package init(json: JSONValue, at path: JSONPath) { self = json }
}

extension String: JSONDecodable {
    package init(json: JSONValue, at path: JSONPath) throws {
        guard case .string(let value) = json else { throw path.wrongKind("a string", json) }
        self = value
    }
}

extension Bool: JSONDecodable {
    package init(json: JSONValue, at path: JSONPath) throws {
        guard case .bool(let value) = json else { throw path.wrongKind("a boolean", json) }
        self = value
    }
}

extension JSONObject: JSONDecodable {
    package init(json: JSONValue, at path: JSONPath) throws {
        guard case .object(let value) = json else { throw path.wrongKind("an object", json) }
        self = value
    }
}

extension Array: JSONDecodable where Element: JSONDecodable {
    package init(json: JSONValue, at path: JSONPath) throws {
        guard case .array(let elements) = json else { throw path.wrongKind("an array", json) }
        self = []
        reserveCapacity(elements.count)
        for (index, element) in elements.enumerated() {
            append(try Element(json: element, at: path.element(index)))
        }
    }
}

extension JSONDecodable where Self: FixedWidthInteger {
    /// Accepts integers without fraction and exponent, as Go does.
    package init(json: JSONValue, at path: JSONPath) throws {
        guard case .number(let number) = json else { throw path.wrongKind("an integer", json) }
        guard let value = number.integer(Self.self) else {
            throw JSONFieldError(at: path, JSONTypeError.outOfRange(String(number.text.prefix(40))))
        }
        self = value
    }
}

extension Int: JSONDecodable {}
extension Int32: JSONDecodable {}
extension Int64: JSONDecodable {}
extension UInt16: JSONDecodable {}
extension UInt32: JSONDecodable {}
extension UInt64: JSONDecodable {}

extension JSONPath {
    func wrongKind(_ wanted: String, _ found: JSONValue) -> JSONFieldError {
        JSONFieldError(at: self, JSONTypeError.wrongKind(wanted: wanted, found: found.kind))
    }
}
