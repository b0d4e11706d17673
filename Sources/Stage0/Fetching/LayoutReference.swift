package import SystemPackage

/// A Docker or OCI image in files: `oci:DIR[:TAG]`, `oci-archive:FILE[:TAG]`, `docker-archive:FILE[:REFERENCE]`.
///
/// The path ends at the first colon, as in skopeo.
///
/// Source: containers-transports(5).
package struct LayoutReference: Hashable, Sendable {
    package enum Kind: String, Sendable {
        /// A directory as the OCI image layout has it.
        case directory = "oci"
        /// The same in a tar archive.
        case archive = "oci-archive"
        /// What `docker save` writes.
        case dockerArchive = "docker-archive"
    }

    package let kind: Kind
    package var path: FilePath
    /// Which of several images; needed only where there are several.
    package let name: String?

    init(scheme: String, _ text: String) throws(ImageReferenceError) {
        guard let kind = Kind(rawValue: scheme) else { throw .badLayout(scheme) }
        let path = text.prefix { $0 != ":" }
        let name = path.endIndex == text.endIndex ? nil : String(text[path.endIndex...].dropFirst())
        guard !path.isEmpty, name != "" else { throw .badLayout(scheme) }
        self.kind = kind
        self.path = FilePath(String(path))
        self.name = name
    }
}

extension LayoutReference: CustomStringConvertible {
    package var description: String { "\(kind.rawValue):\(path)" + (name.map { ":\($0)" } ?? "") }
}
