import JSON

/// What kind of manifest a document says it is.
package enum ACKind: String, Sendable {
    case imageManifest = "ImageManifest"
    case podManifest = "PodManifest"

    /// Checks the member `acKind`.
    func check(_ fields: JSONFields) throws {
        let kind = try fields.required("acKind", as: String.self)
        try fields.check("acKind") {
            if kind != rawValue { throw ManifestError.wrongKind(kind, expected: self) }
        }
    }
}
