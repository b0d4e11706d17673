/// Why a document of an OCI or Docker image is refused.
///
/// Texts that come from outside are shortened and without control characters.
package enum OCIImageError: Error, Equatable {
    case invalidDigest(String)
    case unknownDigestAlgorithm(String)
    case invalidMediaType(String)
    case invalidPlatform(String)
    case notJSON(String)
    case invalidDocument(String)
    case html
    case unexpectedContentType(String)
    case schema1
    case unknownSchema(String)
    case unknownDocument(String)
    case ambiguous(String)
    case mediaTypesDiffer(announced: String, body: String)
    case contradictsMediaType(String)
    case notAnImage(configMediaType: String)
    case foreignLayer
    case unsupportedLayer(String)
    case hasURLs
    case noLayers
    case sizesDiffer(OCIDigest)
    case tooManyLayers(maximumLayers: Int)
    case configTooLarge(maximumDocumentBytes: UInt64)
    case documentTooLarge(maximumDocumentBytes: UInt64)
    case layersTooLarge(maximumDownloadBytes: UInt64)
    case indexesTooDeep(maximumIndexDepth: Int)
    case indexInItself(OCIDigest)
    case digestMismatch(expected: OCIDigest, actual: OCIDigest)
    case sizeMismatch(expected: UInt64, actual: UInt64, of: OCIDigest)
    case noPlatform(wanted: String, available: [String])
}

extension OCIImageError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .invalidDigest(let text): "'\(text)' is not a digest: it has to be sha256: and 64 digits 0-9a-f"
        case .unknownDigestAlgorithm(let text): "'\(text)' is not a digest by sha256 or sha512"
        case .invalidMediaType(let text): "'\(text)' is not a media type"
        case .invalidPlatform(let text): "'\(text)' is not part of a platform"
        case .notJSON(let reason): "the manifest is not JSON: \(reason)"
        case .invalidDocument(let reason): "invalid manifest: \(reason)"
        case .html: "an HTML page where a manifest should be: is this a registry?"
        case .unexpectedContentType(let type): "content of type '\(type)' where a manifest should be"
        case .schema1:
            "the manifest is of schema version 1, which has no digests that can be relied on; push the image again"
        case .unknownSchema(let version): "the manifest has schema version \(version), not 2"
        case .unknownDocument(let type): "'\(type)' is neither a manifest nor an index"
        case .ambiguous(let keys): "the manifest can be read in two ways: it has \(keys)"
        case .mediaTypesDiffer(let announced, let body):
            "the manifest is announced as '\(announced)' and says that it is '\(body)'"
        case .contradictsMediaType(let type): "the content of the manifest does not fit its type '\(type)'"
        case .notAnImage(let type): "not a container image: the config is of type '\(type)'"
        case .foreignLayer: "a layer that is to be fetched from somewhere else is refused"
        case .unsupportedLayer(let type): "layers of type '\(type)' are not supported"
        case .hasURLs: "a manifest that says where else to fetch its content ('urls') is refused"
        case .noLayers: "the image has no layers"
        case .sizesDiffer(let digest): "the manifest gives two sizes for \(digest)"
        case .tooManyLayers(let limit): "the image has more than \(limit) layers (maximumLayers)"
        case .configTooLarge(let limit):
            "the image's config is larger than \(limit) bytes (maximumDocumentBytes)"
        case .documentTooLarge(let limit): "the manifest is larger than \(limit) bytes (maximumDocumentBytes)"
        case .layersTooLarge(let limit): "the layers are larger than \(limit) bytes in all (maximumDownloadBytes)"
        case .indexesTooDeep(let limit): "indexes point to indexes more than \(limit) times (maximumIndexDepth)"
        case .indexInItself(let digest): "the index \(digest) refers to itself"
        case .digestMismatch(let expected, let actual): "wrong digest: \(expected) expected, \(actual) found"
        case .sizeMismatch(let expected, let actual, let digest):
            "\(digest) should have \(expected) bytes, but has \(actual)"
        case .noPlatform(let wanted, let available):
            available.isEmpty
                ? "no image for \(wanted)" : "no image for \(wanted); there are \(available.joined(separator: ", "))"
        }
    }
}

/// The beginning of a text from outside, fit to be shown: at most 80 characters, printable ASCII only.
package func excerpt(of text: String) -> String {
    let limit = 80
    let shown = text.unicodeScalars.prefix(limit).map { (0x20..<0x7f).contains($0.value) ? Character($0) : "?" }
    return String(shown) + (text.unicodeScalars.dropFirst(limit).isEmpty ? "" : "…")
}
