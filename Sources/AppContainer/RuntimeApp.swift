package import JSON

/// The image an app of a pod comes from.
package struct RuntimeImage: Equatable, Sendable {
    package let name: ACIdentifier?
    package let id: ImageID
    package let labels: Labels

    package init(name: ACIdentifier? = nil, id: ImageID, labels: Labels = Labels()) {
        self.name = name
        self.id = id
        self.labels = labels
    }
}

extension RuntimeImage: JSONDecodable, JSONEncodable {
    package init(json: JSONValue, at path: JSONPath) throws {
        let fields = try JSONFields(json, at: path)
        name = try fields.optional("name")
        id = try fields.required("id")
        labels = try fields.optional("labels") ?? Labels()
    }

    package var json: JSONValue {
        var object = JSONObject()
        object.set("name", ifPresent: name)
        object["id"] = id.json
        object.set("labels", unlessEmpty: labels.entries)
        return .object(object)
    }
}

/// One app of a pod.
package struct RuntimeApp: Equatable, Sendable {
    package var name: ACName
    package var image: RuntimeImage
    /// `nil` means the app of the image.
    package var app: App?
    package var readOnlyRootFS: Bool
    package var mounts: [Mount]
    package var annotations: Annotations

    package init(
        _ name: ACName, image: RuntimeImage, app: App? = nil, readOnlyRootFS: Bool = false, mounts: [Mount] = [],
        annotations: Annotations = Annotations()
    ) {
        self.name = name
        self.image = image
        self.app = app
        self.readOnlyRootFS = readOnlyRootFS
        self.mounts = mounts
        self.annotations = annotations
    }
}

extension RuntimeApp: JSONDecodable, JSONEncodable {
    package init(json: JSONValue, at path: JSONPath) throws {
        let fields = try JSONFields(json, at: path)
        let name = try fields.required("name", as: ACName.self)
        if json["image"]?["id"] == nil { throw JSONFieldError(at: path, ManifestError.noImageID(name)) }
        self.name = name
        image = try fields.required("image")
        app = try fields.optional("app")
        readOnlyRootFS = try fields.optional("readOnlyRootFS") ?? false
        mounts = try fields.list("mounts")
        annotations = try fields.optional("annotations") ?? Annotations()
    }

    package var json: JSONValue {
        var object: JSONObject = ["name": name.json, "image": image.json]
        object.set("app", ifPresent: app)
        if readOnlyRootFS { object["readOnlyRootFS"] = true }
        object.set("mounts", unlessEmpty: mounts)
        object.set("annotations", unlessEmpty: annotations.entries)
        return .object(object)
    }
}
