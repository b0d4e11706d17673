/// What an image is known by: `sha512-` and the digest of its uncompressed archive in lower-case hexadecimal.
///
/// Written out in full (128 digits) by people, shortened to 64 digits (``key``) by the store, and down to one digit on
/// the command line; all of them are values of this type. The digits are safe in file names.
///
/// Source: appc spec 0.8.11, types.md, "Image ID Type"; rkt 1.30.0, store/imagestore for the shortened form.
package struct ImageID: Hashable, Sendable {
    package static let prefix = "sha512-"
    /// How many digits the key of the store has.
    package static let keyLength = 64

    /// The digits without the prefix.
    package let digits: String

    package init(parsing text: String) throws(ImageIDError) {
        guard let dash = text.utf8.firstIndex(of: UInt8(ascii: "-")), text[..<dash] == "sha512" else {
            throw .wrongPrefix(text)
        }
        let digits = text[dash...].dropFirst()
        guard !digits.isEmpty, digits.utf8.count <= 128, digits.utf8.allSatisfy({ $0.hexDigit != nil }) else {
            throw .badDigits(text)
        }
        self.digits = digits.lowercased()
    }

    private init(checked digits: String) { self.digits = digits }

    /// The key that the store uses for an image whose archive has this SHA-512 digest, 64 bytes.
    package init(digest: [UInt8]) {
        precondition(digest.count == 64, "a SHA-512 digest has 64 bytes")
        digits = hexadecimal(digest.prefix(Self.keyLength / 2))
    }

    /// The form that the store and the pod manifest use: at most 64 digits.
    package var key: ImageID { ImageID(checked: String(digits.prefix(Self.keyLength))) }

    /// Whether digits are missing for a ``key``, so that it has to be looked up in a store.
    package var isAbbreviated: Bool { digits.utf8.count < Self.keyLength }

    /// Whether the digits of `self` are where those of `other` begin.
    package func isPrefix(of other: ImageID) -> Bool { other.digits.hasPrefix(digits) }
}

extension ImageID: TextValue {
    package var description: String { Self.prefix + digits }
}

extension ImageID: Comparable {
    package static func < (left: Self, right: Self) -> Bool { left.digits < right.digits }
}

/// Why a string is not an ``ImageID``.
package enum ImageIDError: Error, Equatable, CustomStringConvertible {
    case wrongPrefix(String)
    case badDigits(String)

    package var description: String {
        switch self {
        case .wrongPrefix(let text): "image ID '\(text)' does not start with 'sha512-'"
        case .badDigits(let text): "image ID '\(text)' must have 1 to 128 hexadecimal digits after 'sha512-'"
        }
    }
}
