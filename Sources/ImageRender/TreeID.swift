package import AppContainer
import Digests
import ImageArchive

/// The name of a rendered tree in the store, such as `deps-sha512-…`: it stands for an image and all it depends on.
///
/// Source: rkt 1.30.0, store/treestore/tree.go, `GetID`.
package struct TreeID: Hashable, Sendable, CustomStringConvertible {
    package let description: String

    /// The tree that these images make, topmost first.
    package init(of layers: [ImageID]) {
        var digest = SHA512Digest()
        let keys = Array(layers.map { "\($0.key)" }.joined(separator: ",").utf8)
        digest.update(keys)
        description = Self.prefix + "\(ImageID(digest: digest.finish()))"
    }

    /// Checks the name of a directory in the tree store.
    ///
    /// - Throws: ``ImageRenderError/notATreeID(_:)``.
    package init(parsing text: String) throws(ImageRenderError) {
        let digits = text.utf8.dropFirst(Self.prefix.utf8.count + Self.type.utf8.count)
        guard text.hasPrefix(Self.prefix + Self.type), digits.count == 64,
            digits.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x66).contains($0) })
        else { throw .notATreeID(text) }
        description = text
    }

    /// The 32 bytes that the hexadecimal digits stand for.
    var digest: [UInt8] {
        var bytes: [UInt8] = []
        var high: UInt8?
        for digit in description.utf8.suffix(64) {
            let value = digit < 0x3a ? digit &- 0x30 : digit &- 0x57
            if let upper = high {
                bytes.append(upper << 4 | value)
                high = nil
            } else {
                high = value
            }
        }
        return bytes
    }

    private static let prefix = "deps-"
    private static let type = "sha512-"
}
