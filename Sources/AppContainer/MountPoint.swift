package import JSON

/// A place in an app's file system where the image wants a volume.
package struct MountPoint: Hashable, Sendable {
    package let name: ACName
    /// As seen by the app; not empty.
    package let path: String
    package let readOnly: Bool

    package init(_ name: ACName, path: String, readOnly: Bool = false) throws(ManifestError) {
        if path.isEmpty { throw .empty("path") }
        try checkNoNUL(path)
        self.name = name
        self.path = path
        self.readOnly = readOnly
    }
}

extension MountPoint: JSONDecodable, JSONEncodable {
    package init(json: JSONValue, at path: JSONPath) throws {
        let fields = try JSONFields(json, at: path)
        let name = try fields.required("name", as: ACName.self)
        let target = try fields.optional("path", as: String.self) ?? ""
        let readOnly = try fields.optional("readOnly", as: Bool.self) ?? false
        self = try fields.check("path") { try MountPoint(name, path: target, readOnly: readOnly) }
    }

    package var json: JSONValue {
        var object: JSONObject = ["name": name.json, "path": .string(path)]
        if readOnly { object["readOnly"] = true }
        return .object(object)
    }
}
