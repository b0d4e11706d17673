/// A semantic version such as `1.30.0` or `0.8.11-dev+git`; never zero.
///
/// Source: appc spec 0.8.11, types.md, "AC Version"; semver.org 2.0.0 for the syntax.
package struct SemVer: Hashable, Sendable {
    package let major: UInt64
    package let minor: UInt64
    package let patch: UInt64
    /// What stands after the dash, without it; may be empty.
    package let preRelease: String
    /// What stands after the plus, without it; may be empty.
    package let metadata: String

    /// The version of the appc specification that this module follows and writes into images.
    package static let appc = SemVer(0, 8, 11)

    private init(_ major: UInt64, _ minor: UInt64, _ patch: UInt64) {
        (self.major, self.minor, self.patch) = (major, minor, patch)
        (preRelease, metadata) = ("", "")
    }
}

extension SemVer: TextValue {
    package init(parsing text: String) throws { try self.init(text) }

    package init(_ text: String) throws(SemVerError) {
        let withMetadata = text.split(separator: "+", maxSplits: 1, omittingEmptySubsequences: false)
        let withPreRelease = (withMetadata.first ?? "").split(
            separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        let numbers = (withPreRelease.first ?? "").split(separator: ".", omittingEmptySubsequences: false)
        guard text.utf8.count <= 256, numbers.count == 3, let major = Self.number(numbers[0]),
            let minor = Self.number(numbers[1]), let patch = Self.number(numbers[2])
        else { throw .malformed(text) }
        self.major = major
        self.minor = minor
        self.patch = patch
        preRelease = withPreRelease.count > 1 ? String(withPreRelease[1]) : ""
        metadata = withMetadata.count > 1 ? String(withMetadata[1]) : ""
        guard withPreRelease.count == 1 || Self.areIdentifiers(preRelease),
            withMetadata.count == 1 || Self.areIdentifiers(metadata)
        else { throw .malformed(text) }
        if major == 0, minor == 0, patch == 0, preRelease.isEmpty, metadata.isEmpty { throw .zero }
    }

    package var description: String {
        "\(major).\(minor).\(patch)" + (preRelease.isEmpty ? "" : "-\(preRelease)")
            + (metadata.isEmpty ? "" : "+\(metadata)")
    }

    private static func number(_ text: Substring) -> UInt64? {
        text.utf8.allSatisfy(\.isDigit) ? UInt64(text) : nil
    }

    private static func areIdentifiers(_ text: String) -> Bool {
        text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { part in
            !part.isEmpty && part.utf8.allSatisfy { $0.isDigit || $0.isLetter || $0 == UInt8(ascii: "-") }
        }
    }
}

/// Why a string is not a ``SemVer``.
package enum SemVerError: Error, Equatable, CustomStringConvertible {
    case malformed(String)
    case zero

    package var description: String {
        switch self {
        case .malformed(let text): "'\(text)' is no version of the form MAJOR.MINOR.PATCH"
        case .zero: "a version cannot be zero"
        }
    }
}
