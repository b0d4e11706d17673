package import JSON

/// An image whose files lie below those of another.
package struct Dependency: Equatable, Sendable {
    package let imageName: ACIdentifier
    package let imageID: ImageID?
    package let labels: Labels
    /// Of the image file in bytes; 0 is unknown.
    package let size: UInt64

    package init(_ imageName: ACIdentifier, imageID: ImageID? = nil, labels: Labels = Labels(), size: UInt64 = 0) {
        self.imageName = imageName
        self.imageID = imageID
        self.labels = labels
        self.size = size
    }
}

extension Dependency: JSONDecodable, JSONEncodable {
    package init(json: JSONValue, at path: JSONPath) throws {
        let fields = try JSONFields(json, at: path)
        imageName = try fields.required("imageName")
        imageID = try fields.optional("imageID")
        labels = try fields.optional("labels") ?? Labels()
        size = try fields.optional("size") ?? 0
    }

    package var json: JSONValue {
        var object: JSONObject = ["imageName": imageName.json]
        object.set("imageID", ifPresent: imageID)
        object.set("labels", unlessEmpty: labels.entries)
        if size > 0 { object["size"] = size.json }
        return .object(object)
    }
}
