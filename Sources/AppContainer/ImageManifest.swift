package import JSON

/// What an image says about itself.
///
/// Source: appc spec 0.8.11, aci.md, "Image Manifest Schema".
package struct ImageManifest: Equatable, Sendable {
    package var acVersion: SemVer
    package var name: ACIdentifier
    package var labels: Labels
    package var app: App?
    package var annotations: Annotations
    package var dependencies: [Dependency]
    /// Absolute paths; when there are any, everything else is left out of the rendered image.
    package var pathWhitelist: [String]

    package init(_ name: ACIdentifier, labels: Labels = Labels(), app: App? = nil) {
        acVersion = .appc
        self.name = name
        self.labels = labels
        self.app = app
        annotations = Annotations()
        dependencies = []
        pathWhitelist = []
    }

    /// Reads the file `manifest` of an image.
    package init(parsing bytes: [UInt8], limits: JSONLimits = .manifest) throws {
        try self.init(json: JSONValue(parsing: bytes, limits: limits))
    }

    /// The name together with the labels: what a user would type for exactly this image.
    package var imageName: ImageName { ImageName(name, labels) }

    /// Checks that the image says for which system it is, and that pods can run it.
    package func checkRunnable() throws(ManifestError) {
        for label in ["os", "arch"] where labels[label] == nil { throw .missingLabel(label) }
        try Platform.check(labels, against: Platform.runnable)
    }

    /// Whether the image was made from a Docker or OCI image, whose users and volumes mean something else.
    package var isConverted: Bool {
        annotations.entries.contains { $0.name.rawValue.hasPrefix("appc.io/docker/") }
    }

    /// The name of the app when the user gives none: the last element of the image's name.
    package func defaultAppName() throws(ACNameError) -> ACName { try ACName(sanitizing: name.lastElement) }
}

extension ImageManifest: JSONDecodable, JSONEncodable {
    package init(json: JSONValue, at path: JSONPath) throws {
        let fields = try JSONFields(json, at: path)
        try ACKind.imageManifest.check(fields)
        acVersion = try fields.required("acVersion")
        name = try fields.required("name")
        let labels = try fields.optional("labels") ?? Labels()
        self.labels = labels
        try fields.check("labels") { try Platform.check(labels, against: Platform.known) }
        app = try fields.optional("app")
        annotations = try fields.optional("annotations") ?? Annotations()
        dependencies = try fields.list("dependencies")
        let pathWhitelist = try fields.list("pathWhitelist", of: String.self)
        self.pathWhitelist = pathWhitelist
        try fields.check("pathWhitelist") {
            for entry in pathWhitelist {
                if !entry.hasPrefix("/") { throw ManifestError.notAbsolute(entry) }
                try checkNoNUL(entry)
            }
        }
    }

    package var json: JSONValue {
        var object: JSONObject = [
            "acKind": .string(ACKind.imageManifest.rawValue), "acVersion": acVersion.json, "name": name.json,
        ]
        object.set("labels", unlessEmpty: labels.entries)
        object.set("app", ifPresent: app)
        object.set("annotations", unlessEmpty: annotations.entries)
        object.set("dependencies", unlessEmpty: dependencies)
        object.set("pathWhitelist", unlessEmpty: pathWhitelist)
        return .object(object)
    }
}
