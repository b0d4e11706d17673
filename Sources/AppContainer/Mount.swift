package import JSON

/// Where an app sees a volume.
package struct Mount: Equatable, Sendable {
    package let volume: ACName
    /// As seen by the app; not empty.
    package let path: String
    /// A volume that only this app has.
    package let appVolume: Volume?

    package init(_ volume: ACName, path: String, appVolume: Volume? = nil) throws(ManifestError) {
        if path.isEmpty { throw .empty("path") }
        try checkNoNUL(path)
        self.volume = volume
        self.path = path
        self.appVolume = appVolume
    }
}

extension Mount: JSONDecodable, JSONEncodable {
    package init(json: JSONValue, at path: JSONPath) throws {
        let fields = try JSONFields(json, at: path)
        let volume = try fields.required("volume", as: ACName.self)
        let target = try fields.optional("path", as: String.self) ?? ""
        let appVolume = try fields.optional("appVolume", as: Volume.self)
        self = try fields.check("path") { try Mount(volume, path: target, appVolume: appVolume) }
    }

    package var json: JSONValue {
        var object: JSONObject = ["volume": volume.json, "path": .string(path)]
        object.set("appVolume", ifPresent: appVolume)
        return .object(object)
    }
}
