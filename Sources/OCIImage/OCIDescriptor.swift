package import FetchInterface
package import JSON

/// What an index or a manifest says about content: what it is, its digest, its size.
///
/// Content that is to be fetched from places of its own choice (`urls`) is refused.
///
/// Source: OCI image-spec 1.1, descriptor.md.
package struct OCIDescriptor: Equatable, Sendable {
    package let mediaType: String
    package let digest: OCIDigest
    /// In bytes.
    package let size: UInt64
    package let platform: OCIPlatform?
    /// The tag of an image in a layout: annotation `org.opencontainers.image.ref.name`.
    package let referenceName: String?

    package init(
        mediaType: String, digest: OCIDigest, size: UInt64, platform: OCIPlatform? = nil, referenceName: String? = nil
    ) {
        self.mediaType = mediaType
        self.digest = digest
        self.size = size
        self.platform = platform
        self.referenceName = referenceName
    }

    /// Nil for what is neither a manifest nor an index.
    package var documentKind: OCIDocumentKind? { OCIDocumentKind(mediaType: mediaType) }

    /// Checks that `content` has the size and the digest given here.
    package func verify(_ content: [UInt8]) throws(OCIImageError) {
        guard content.count == size else {
            throw .sizeMismatch(expected: size, actual: UInt64(content.count), of: digest)
        }
        let actual = OCIDigest(of: content, digest.algorithm)
        if actual != digest { throw .digestMismatch(expected: digest, actual: actual) }
    }
}

extension OCIDescriptor: JSONDecodable {
    package init(json: JSONValue, at path: JSONPath) throws {
        let fields = try JSONFields(json, at: path)
        let text: String = try fields.required("mediaType")
        mediaType = try fields.check("mediaType") { try checkedMediaType(text) }
        let digestText: String = try fields.required("digest")
        digest = try fields.check("digest") { try OCIDigest(digestText) }
        let number: Int64 = try fields.required("size")
        size = try fields.check("size") {
            guard let size = UInt64(exactly: number) else { throw JSONTypeError.outOfRange("\(number)") }
            return size
        }
        let urls: [JSONValue] = try fields.list("urls")
        if !urls.isEmpty { throw OCIImageError.hasURLs }
        let platform: JSONValue? = try fields.optional("platform")
        self.platform = try platform.map { try OCIPlatform(checking: $0, at: path.member("platform")) }
        let annotations: JSONObject? = try fields.optional("annotations")
        referenceName = annotations?["org.opencontainers.image.ref.name"]?.string
    }
}

extension OCIPlatform {
    /// Checks the words of a stranger; those of an index are often missing.
    fileprivate init(checking json: JSONValue, at path: JSONPath) throws {
        let fields = try JSONFields(json, at: path)
        func word(_ key: String) throws -> String? {
            guard let text: String = try fields.optional(key), !text.isEmpty else { return nil }
            return try fields.check(key) { try checkedPlatformWord(text) }
        }
        self.init(
            os: try word("os") ?? "unknown", architecture: try word("architecture") ?? "unknown",
            variant: try word("variant"))
    }
}

/// The text, if it is `TYPE/SUBTYPE` without parameters.
func checkedMediaType(_ text: String) throws(OCIImageError) -> String {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    let isValid =
        text.utf8.count <= 255 && parts.count == 2
        && parts.allSatisfy { !$0.isEmpty && $0.utf8.allSatisfy(isRestrictedNameByte) }
    if !isValid { throw .invalidMediaType(excerpt(of: text)) }
    return text
}

private func checkedPlatformWord(_ text: String) throws(OCIImageError) -> String {
    guard text.utf8.count <= 64, text.utf8.allSatisfy(isRestrictedNameByte) else {
        throw .invalidPlatform(excerpt(of: text))
    }
    return text
}

/// Source: RFC 6838, section 4.2.
private func isRestrictedNameByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"):
        true
    default: "!#$&-^_.+".utf8.contains(byte)
    }
}
