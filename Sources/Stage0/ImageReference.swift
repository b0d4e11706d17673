package import AppContainer
package import ImageConvert
import LinuxSystem
package import SystemPackage

/// What somebody wrote where an image was asked for.
///
/// Source: rkt 1.30.0, rkt/image/common.go and pkg/distribution.
package enum ImageReference: Hashable, Sendable {
    /// `sha512-` and some of the digits of an image in the store.
    case hash(String)
    case file(FilePath)
    /// A name, and labels that the image must have.
    case name(ImageName)
    /// An image archive on a web server.
    case archive(ArchiveURL)
    /// An image of a Docker or OCI registry.
    case registry(RegistryReference)
    /// A Docker or OCI image in files.
    case layout(LocalSource)

    /// Bytes of a reference: as much as the longest path.
    package static let maximumBytes = 4095

    /// Reads a reference; relative paths stay relative.
    ///
    /// Whether a word without a scheme is a file depends on what is there: a file of that name wins over a name.
    package init(parsing text: String) throws {
        guard text.utf8.count <= Self.maximumBytes else {
            throw ImageReferenceError.tooLong(limit: Self.maximumBytes)
        }
        guard !text.isEmpty else { throw ImageReferenceError.empty }
        if let control = text.unicodeScalars.first(where: { $0.value < 0x20 || $0.value == 0x7f }) {
            throw ImageReferenceError.controlCharacter(control.value)
        }
        if Self.isHash(text) {
            self = .hash(text)
            return
        }
        let scheme = Self.scheme(of: text)
        let rest = text.utf8.count > scheme.utf8.count ? String(text.dropFirst(scheme.count + 1)) : ""
        switch scheme {
        case "":
            if try Self.isPath(text) { self = .file(FilePath(text)) } else { self = try .name(Self.imageName(text)) }
        case "file", "http", "https": self = try Self(archiveAt: text, scheme: scheme)
        case "docker":
            self = .registry(try RegistryReference(parsing: rest.hasPrefix("//") ? String(rest.dropFirst(2)) : rest))
        case "oci", "oci-archive", "docker-archive":
            guard let source = try LocalSource(parsing: "\(scheme):\(rest)") else {
                throw ImageReferenceError.unsupportedScheme(scheme)
            }
            self = .layout(source)
        case "cimd": self = try DistributionURI(parsing: text).reference
        default: self = try .name(Self.imageName(text))
        }
    }

    /// A URL of an image archive, of a file or on a web server.
    init(archiveAt text: String, scheme: String) throws {
        switch scheme {
        case "file":
            guard text.hasPrefix("file:///"), text.hasSuffix(".aci") else {
                throw ImageReferenceError.notAnArchive(text)
            }
            self = .file(FilePath(String(text.dropFirst("file://".count))))
        case "http", "https": self = .archive(try ArchiveURL(parsing: text))
        default: throw ImageReferenceError.unsupportedScheme(scheme)
        }
    }

    private static func isHash(_ text: String) -> Bool {
        guard text.hasPrefix("sha512-") else { return false }
        let digits = text.utf8.dropFirst("sha512-".utf8.count)
        return digits.count >= 2 && digits.allSatisfy { isDigit($0) || (0x61...0x66).contains($0) }
    }

    /// The scheme of a URL by Go's rule; empty when there is none.
    static func scheme(of text: String) -> String {
        for (index, byte) in text.utf8.enumerated() {
            switch byte {
            case 0x61...0x7a, 0x41...0x5a: continue
            case 0x30...0x39, 0x2b, 0x2d, 0x2e: if index == 0 { return "" }
            case 0x3a: return String(decoding: text.utf8.prefix(index), as: UTF8.self).lowercased()
            default: return ""
            }
        }
        return ""
    }

    private static func isPath(_ text: String) throws -> Bool {
        if text.hasPrefix("/") { return true }
        if (try? FileStatus(of: FilePath(text)).kind) == .file { return true }  // what cannot be looked at is no file
        if let colon = text.firstIndex(of: ":") {
            guard text[..<colon].contains("/") || colon == text.startIndex else {
                throw ImageReferenceError.colonInFirstSegment(text)
            }
            return false
        }
        let directories = text.split(separator: "/", omittingEmptySubsequences: false).dropLast()
        return directories.contains { $0.hasSuffix(".") } || text.hasSuffix(".aci")
    }

    private static func imageName(_ text: String) throws -> ImageName {
        try explaining("invalid image string \"\(text)\"") {
            let image = try ImageName(parsing: text)
            try checkElements(of: image.name)
            return image
        }
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
}

/// Refuses a name that would mean something else as a path: it becomes part of URLs and of the key store.
func checkElements(of name: ACIdentifier) throws(ImageReferenceError) {
    for element in name.rawValue.split(separator: "/", omittingEmptySubsequences: false) {
        if element.isEmpty || element == "." || element == ".." {
            throw .unsuitableElement(String(element), in: name.rawValue)
        }
    }
}

extension ImageReference: CustomStringConvertible {
    /// As a user would write it.
    package var description: String {
        switch self {
        case .hash(let text): text
        case .file(let path): path.string
        case .name(let name): name.description
        case .archive(let url): url.description
        case .registry(let reference): reference.description
        case .layout(let layout): layout.description
        }
    }
}

/// Why a word is no reference to an image.
package enum ImageReferenceError: Error, Equatable, CustomStringConvertible {
    case empty
    case tooLong(limit: Int)
    case controlCharacter(UInt32)
    case notAnArchive(String)
    case colonInFirstSegment(String)
    case unsuitableElement(String, in: String)
    case unsupportedScheme(String)
    case badURL(String, why: String)
    case badRegistryReference(String, why: String)
    case malformedDistribution(String)
    case unknownDistribution(String)

    package var description: String {
        switch self {
        case .empty: "an image reference cannot be empty"
        case .tooLong(let limit): "an image reference cannot have more than \(limit) bytes"
        case .controlCharacter(let value):
            "an image reference cannot contain the control character 0x\(String(value, radix: 16))"
        case .notAnArchive(let text): "invalid image string \"\(text)\""
        case .colonInFirstSegment(let text):
            "invalid image string \"\(text)\": first path segment in URL cannot contain colon"
        case .unsuitableElement(let element, let name): "name '\(name)' has the element '\(element)'"
        case .unsupportedScheme(let scheme):
            "an unsupported URL scheme \"\(scheme)\" - the only URL schemes supported by rkt for an archive are http, "
                + "https and file"
        case .badURL(let text, let why): "invalid URL \"\(text)\": \(why)"
        case .badRegistryReference(let text, let why):
            "invalid docker URL \"\(text)\"; expected syntax is "
                + "\"docker://[REGISTRY_HOST[:REGISTRY_PORT]/]IMAGE_NAME[:TAG]\": \(why)"
        case .malformedDistribution(let text): "malformed distribution uri \"\(text)\""
        case .unknownDistribution(let type): "unknown distribution type: \"\(type)\""
        }
    }
}
