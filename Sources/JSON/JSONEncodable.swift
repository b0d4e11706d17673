/// Can be written as JSON.
package protocol JSONEncodable {
    var json: JSONValue { get }
}

extension JSONEncodable where Self: RawRepresentable, RawValue == String {
    package var json: JSONValue { .string(rawValue) }
}

extension JSONEncodable where Self: BinaryInteger {
    package var json: JSONValue { .number(JSONNumber(self)) }
}

extension JSONValue: JSONEncodable {
    package var json: JSONValue { self }
}

extension JSONObject: JSONEncodable {
    package var json: JSONValue { .object(self) }
}

extension String: JSONEncodable {
    package var json: JSONValue { .string(self) }
}

extension Bool: JSONEncodable {
    package var json: JSONValue { .bool(self) }
}

extension Array: JSONEncodable where Element: JSONEncodable {
    package var json: JSONValue { .array(map(\.json)) }
}

extension Int: JSONEncodable {}
extension Int32: JSONEncodable {}
extension Int64: JSONEncodable {}
extension UInt16: JSONEncodable {}
extension UInt32: JSONEncodable {}
extension UInt64: JSONEncodable {}
