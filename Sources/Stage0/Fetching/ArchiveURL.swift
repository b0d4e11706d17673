/// Where a web server has an image archive: `http` or `https`, a host, and a path that ends in `.aci`.
package struct ArchiveURL: Hashable, Sendable, CustomStringConvertible {
    package let description: String

    /// Bytes of a URL: what servers accept at least.
    static let maximumBytes = 2048

    package init(parsing text: String) throws(ImageReferenceError) {
        guard text.utf8.count <= Self.maximumBytes else { throw .tooLong(limit: Self.maximumBytes) }
        let scheme = ImageReference.scheme(of: text)
        guard scheme == "http" || scheme == "https" else { throw .unsupportedScheme(scheme) }
        let rest = text.dropFirst(scheme.count + 1)
        guard rest.hasPrefix("//") else { throw .badURL(text, why: "there is no host") }
        if let bad = text.unicodeScalars.first(where: { $0.value <= 0x20 || $0.value >= 0x7f || $0 == "\\" }) {
            throw .badURL(text, why: "a URL cannot contain '\(bad)'")
        }
        let authority = rest.dropFirst(2).prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        guard let first = authority.first, first != ":" else { throw .badURL(text, why: "there is no host") }
        if authority.contains("@") {
            throw .badURL(text, why: "a user and a password belong in the configuration, kind 'auth'")
        }
        guard !text.contains("#") else { throw .badURL(text, why: "there is a fragment") }
        guard text.prefix(while: { $0 != "?" }).hasSuffix(".aci") else { throw .notAnArchive(text) }
        description = "\(scheme):\(rest)"
    }

    /// Where the signature is, unless somebody says otherwise.
    package var signatureURL: String {
        let path = String(description.prefix { $0 != "?" })
        return path + ".asc" + description.dropFirst(path.count)
    }
}
