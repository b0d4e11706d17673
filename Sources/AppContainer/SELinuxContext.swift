package import JSON

/// A label of SELinux in its four parts.
package struct SELinuxContext: Equatable, Sendable {
    package let user: String
    package let role: String
    package let type: String
    package let level: String
}

extension SELinuxContext: JSONDecodable, JSONEncodable {
    package init(json: JSONValue, at path: JSONPath) throws {
        let fields = try JSONFields(json, at: path)
        user = try fields.optional("user") ?? ""
        role = try fields.optional("role") ?? ""
        type = try fields.optional("type") ?? ""
        level = try fields.optional("level") ?? ""
    }

    package var json: JSONValue {
        ["user": .string(user), "role": .string(role), "type": .string(type), "level": .string(level)]
    }
}
