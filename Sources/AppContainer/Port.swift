package import JSON

/// A port, or several in a row, on which an app listens.
package struct Port: Hashable, Sendable {
    package let name: ACName
    package let `protocol`: String
    package let port: UInt16
    /// How many ports from ``port`` upwards; at least 1.
    package let count: UInt32
    /// Whether the app gets the listening socket from whoever starts it.
    package let isSocketActivated: Bool

    package init(
        _ name: ACName, protocol: String, port: UInt16, count: UInt32 = 1, isSocketActivated: Bool = false
    ) throws(ManifestError) {
        let count = max(count, 1)
        guard port > 0, count <= 65_536, UInt32(port) + count <= 65_536 else { throw .portOutOfRange }
        self.name = name
        self.protocol = `protocol`
        self.port = port
        self.count = count
        self.isSocketActivated = isSocketActivated
    }
}

extension Port: JSONDecodable, JSONEncodable {
    package init(json: JSONValue, at path: JSONPath) throws {
        let fields = try JSONFields(json, at: path)
        let name = try fields.required("name", as: ACName.self)
        let `protocol` = try fields.optional("protocol", as: String.self) ?? ""
        let port = try fields.required("port", as: UInt64.self)
        let count = try fields.optional("count", as: UInt32.self) ?? 1
        let isSocketActivated = try fields.optional("socketActivated", as: Bool.self) ?? false
        self = try path.locate {
            guard let port = UInt16(exactly: port) else { throw ManifestError.portOutOfRange }
            return try Port(name, protocol: `protocol`, port: port, count: count, isSocketActivated: isSocketActivated)
        }
    }

    package var json: JSONValue {
        [
            "name": name.json, "protocol": .string(`protocol`), "port": port.json, "count": count.json,
            "socketActivated": .bool(isSocketActivated),
        ]
    }
}
