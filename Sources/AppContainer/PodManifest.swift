package import JSON

/// What a pod consists of.
///
/// Source: appc spec 0.8.11, pods.md, "Pod Manifest Schema".
package struct PodManifest: Equatable, Sendable {
    /// In pods made by rkt its own version, not that of the specification.
    package var acVersion: SemVer
    package var apps: [RuntimeApp] = []
    package var volumes: [Volume] = []
    /// Kept as they are and ignored.
    package var isolators: [JSONValue] = []
    package var annotations = Annotations()
    package var ports: [ExposedPort] = []
    package var userAnnotations = StringMap()
    package var userLabels = StringMap()

    package init(acVersion: SemVer) { self.acVersion = acVersion }

    /// Reads a pod manifest, the user's or one written before.
    package init(parsing bytes: [UInt8], limits: JSONLimits = .manifest) throws {
        try self.init(json: JSONValue(parsing: bytes, limits: limits))
    }

    /// Checks that names are unique.
    package func validate() throws(ManifestError) {
        var names: Set<ACName> = []
        for app in apps where !names.insert(app.name).inserted { throw .duplicateApp(app.name) }
        names = []
        for volume in volumes where !names.insert(volume.name).inserted { throw .duplicateVolume(volume.name) }
    }

    package subscript(app name: ACName) -> RuntimeApp? { apps.first { $0.name == name } }
    package subscript(volume name: ACName) -> Volume? { volumes.first { $0.name == name } }
}

extension PodManifest: JSONDecodable, JSONEncodable {
    package init(json: JSONValue, at path: JSONPath) throws {
        let fields = try JSONFields(json, at: path)
        try ACKind.podManifest.check(fields)
        acVersion = try fields.required("acVersion")
        apps = try fields.list("apps")
        volumes = try fields.list("volumes")
        isolators = try fields.list("isolators")
        annotations = try fields.optional("annotations") ?? Annotations()
        ports = try fields.list("ports")
        userAnnotations = try fields.optional("userAnnotations") ?? StringMap()
        userLabels = try fields.optional("userLabels") ?? StringMap()
        try path.locate { try validate() }
    }

    /// Empty lists of a pod are written as `null`, as rkt did.
    package var json: JSONValue {
        func orNull(_ elements: [some JSONEncodable]) -> JSONValue { elements.isEmpty ? .null : elements.json }
        var object: JSONObject = [
            "acVersion": acVersion.json, "acKind": .string(ACKind.podManifest.rawValue), "apps": orNull(apps),
            "volumes": orNull(volumes), "isolators": orNull(isolators), "annotations": orNull(annotations.entries),
            "ports": orNull(ports),
        ]
        object.set("userAnnotations", ifPresent: userAnnotations.ifNotEmpty)
        object.set("userLabels", ifPresent: userLabels.ifNotEmpty)
        return .object(object)
    }
}
