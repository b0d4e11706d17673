/// An image of a registry: `[HOST[:PORT]/]REPOSITORY[:TAG][@DIGEST]`.
///
/// Source: rkt 1.30.0 with docker2aci 0.17, lib/common; OCI distribution-spec 1.1, "Pulling manifests", for what may
/// stand in names, tags and digests.
package struct RegistryReference: Hashable, Sendable {
    /// `HOST[:PORT]` of the registry.
    package let host: String
    package let repository: String
    /// `latest` when nobody said otherwise; nil when only a digest is given.
    package let tag: String?
    /// `sha256:` and 64 digits; it wins over the tag.
    package let digest: String?

    package static let standardHost = "registry-1.docker.io"
    private static let officialPrefix = "library/"
    /// What people call the standard registry.
    private static let aliases = ["docker.io", "index.docker.io", standardHost]
    /// Bytes of host and repository together, as registries have it.
    private static let maximumNameBytes = 255

    package init(parsing text: String) throws(ImageReferenceError) {
        func refusal(_ why: String) -> ImageReferenceError { .badRegistryReference(text, why: why) }
        var rest = text[...]
        var digest: String?
        if let at = rest.firstIndex(of: "@") {
            digest = String(rest[at...].dropFirst())
            rest = rest[..<at]
            guard let digest, Self.isDigest(digest) else {
                throw refusal("a digest is 'sha256:' and 64 hexadecimal digits")
            }
        }
        var host: Substring?
        if let slash = rest.firstIndex(of: "/"), Self.looksLikeHost(rest[..<slash]) {
            host = rest[..<slash]
            rest = rest[slash...].dropFirst()
        }
        var tag: String?
        if let colon = rest.firstIndex(of: ":") {
            tag = String(rest[colon...].dropFirst())
            rest = rest[..<colon]
            guard let tag, Self.isTag(tag) else {
                throw refusal("a tag has 1 to 128 letters, digits and _.- and starts with none of the last two")
            }
        }
        guard !rest.isEmpty else { throw refusal("there is no name of an image") }
        if let host, !Self.isHost(host) { throw refusal("'\(host)' is no name of a host") }
        guard rest.utf8.count + (host?.utf8.count ?? 0) <= Self.maximumNameBytes else {
            throw refusal("a name has at most \(Self.maximumNameBytes) bytes")
        }
        if let element = rest.split(separator: "/", omittingEmptySubsequences: false).first(where: {
            !Self.isElement($0)
        }) {
            throw refusal(
                "'\(element)' is no part of a name: those have lower-case letters and digits, and single . _ or - between them"
            )
        }
        let known = host.map(String.init).map { Self.aliases.contains($0) ? Self.standardHost : $0 }
        self.host = known ?? Self.standardHost
        let isOfficial = self.host == Self.standardHost && !rest.contains("/")
        repository = (isOfficial ? Self.officialPrefix : "") + rest
        self.tag = tag ?? (digest == nil ? "latest" : nil)
        self.digest = digest
    }

    /// What the registry is asked for: the digest if there is one, else the tag.
    package var reference: String { digest ?? tag ?? "latest" }

    // MARK: Grammar

    private static func looksLikeHost(_ text: Substring) -> Bool {
        text == "localhost" || text.contains(".") || text.contains(":")
    }

    /// A name, an IPv4 address or an IPv6 address in brackets; perhaps a port.
    private static func isHost(_ text: Substring) -> Bool {
        if text.hasPrefix("[") {
            guard let end = text.firstIndex(of: "]") else { return false }
            let address = text[..<end].dropFirst()
            let rest = text[end...].dropFirst()
            return !address.isEmpty && address.utf8.allSatisfy { isHexDigit($0) || $0 == UInt8(ascii: ":") }
                && (rest.isEmpty || isPort(rest))
        }
        let name = text.prefix { $0 != ":" }
        let labels = name.split(separator: ".", omittingEmptySubsequences: false)
        return labels.allSatisfy(isHostLabel) && (name.endIndex == text.endIndex || isPort(text[name.endIndex...]))
    }

    private static func isHostLabel(_ text: Substring) -> Bool {
        guard let first = text.utf8.first, let last = text.utf8.last, text.utf8.count <= 63 else { return false }
        return isLetterOrDigit(first) && isLetterOrDigit(last)
            && text.utf8.allSatisfy { isLetterOrDigit($0) || $0 == UInt8(ascii: "-") }
    }

    private static func isPort(_ text: Substring) -> Bool {
        let digits = text.dropFirst()
        guard text.hasPrefix(":"), digits.utf8.count <= 5, digits.utf8.allSatisfy(isDigit) else { return false }
        return UInt16(digits).map { $0 > 0 } ?? false
    }

    /// Lower-case letters and digits, separated by one dot, one or two underscores, or dashes.
    private static func isElement(_ text: Substring) -> Bool {
        var separator: [UInt8] = []
        var hasWord = false
        for byte in text.utf8 {
            if isLowerCaseLetter(byte) || isDigit(byte) {
                if !separator.isEmpty, !hasWord || !isSeparator(separator) { return false }
                separator = []
                hasWord = true
            } else if separator.count < 256 {
                separator.append(byte)
            } else {
                return false
            }
        }
        return hasWord && separator.isEmpty
    }

    private static func isSeparator(_ bytes: [UInt8]) -> Bool {
        bytes == Array(".".utf8) || bytes == Array("_".utf8) || bytes == Array("__".utf8)
            || bytes.allSatisfy { $0 == UInt8(ascii: "-") }
    }

    static func isTag(_ text: String) -> Bool {
        guard let first = text.utf8.first, text.utf8.count <= 128 else { return false }
        return (isLetterOrDigit(first) || first == UInt8(ascii: "_"))
            && text.utf8.allSatisfy { isLetterOrDigit($0) || Array("_.-".utf8).contains($0) }
    }

    private static func isDigest(_ text: String) -> Bool {
        let prefix = "sha256:"
        let digits = text.utf8.dropFirst(prefix.utf8.count)
        return text.hasPrefix(prefix) && digits.count == 64
            && digits.allSatisfy { isDigit($0) || (0x61...0x66).contains($0) }
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
    private static func isLowerCaseLetter(_ byte: UInt8) -> Bool { (0x61...0x7a).contains(byte) }
    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        isDigit(byte) || isLowerCaseLetter(byte) || (0x41...0x5a).contains(byte)
    }
    private static func isHexDigit(_ byte: UInt8) -> Bool {
        isDigit(byte) || (0x61...0x66).contains(byte) || (0x41...0x46).contains(byte)
    }
}

extension RegistryReference: CustomStringConvertible {
    /// What a user would type after `docker://`: without what goes without saying.
    package var shortName: String {
        var text = repository
        if host != Self.standardHost {
            text = "\(host)/\(repository)"
        } else if text.hasPrefix(Self.officialPrefix), !text.dropFirst(Self.officialPrefix.count).contains("/") {
            text.removeFirst(Self.officialPrefix.count)
        }
        if let tag, tag != "latest" { text += ":\(tag)" }
        if let digest { text += "@\(digest)" }
        return text
    }

    package var description: String { "docker://\(shortName)" }
}
