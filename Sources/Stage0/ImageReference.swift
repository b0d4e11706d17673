package import AppContainer
import LinuxSystem
package import SystemPackage

/// What somebody wrote where an image was asked for.
///
/// Source: rkt 1.30.0, rkt/image/common.go and pkg/distribution.
package enum ImageReference: Equatable, Sendable {
    /// `sha512-` and some of the digits of an image in the store.
    case hash(String)
    case file(FilePath)
    /// A name, and labels that the image must have.
    case name(ImageName)
    /// Something that has to be downloaded: a URL, or an image of a registry.
    case remote(String)

    /// Reads a reference; relative paths stay relative.
    ///
    /// Whether a word without a scheme is a file depends on what is there: a file of that name wins over a name.
    package init(parsing text: String) throws {
        if Self.isHash(text) {
            self = .hash(text)
            return
        }
        switch Self.scheme(of: text) {
        case "":
            if try Self.isPath(text) { self = .file(FilePath(text)) } else { self = try .name(Self.imageName(text)) }
        case "file":
            guard text.hasPrefix("file://"), text.hasSuffix(".aci") else {
                throw ImageReferenceError.notAnArchive(text)
            }
            let path = text.dropFirst("file://".count)
            guard path.hasPrefix("/") else { throw ImageReferenceError.notAnArchive(text) }
            self = .file(FilePath(String(path)))
        case "http", "https":
            guard text.prefix(while: { $0 != "?" && $0 != "#" }).hasSuffix(".aci") else {
                throw ImageReferenceError.notAnArchive(text)
            }
            self = .remote(text)
        case "docker", "cimd": self = .remote(text)
        default: self = try .name(Self.imageName(text))
        }
    }

    private static func isHash(_ text: String) -> Bool {
        guard text.hasPrefix("sha512-") else { return false }
        let digits = text.utf8.dropFirst("sha512-".utf8.count)
        return digits.count >= 2 && digits.allSatisfy { isDigit($0) || (0x61...0x66).contains($0) }
    }

    /// The scheme of a URL by Go's rule; empty when there is none.
    private static func scheme(of text: String) -> String {
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
        try explaining("invalid image string \"\(text)\"") { try ImageName(parsing: text) }
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
}

/// Why a word is no reference to an image.
package enum ImageReferenceError: Error, Equatable, CustomStringConvertible {
    case notAnArchive(String)
    case colonInFirstSegment(String)

    package var description: String {
        switch self {
        case .notAnArchive(let text): "invalid image string \"\(text)\""
        case .colonInFirstSegment(let text):
            "invalid image string \"\(text)\": first path segment in URL cannot contain colon"
        }
    }
}
