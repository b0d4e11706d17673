/// The name of an image, label or annotation, such as `example.com/app` or `version`.
///
/// 1 to 1024 lower-case ASCII letters, digits and any of `-._~/`; first and last is a letter or digit. Because it may
/// contain `..` between slashes it must not be used as a path.
///
/// Source: appc spec 0.8.11, types.md, "AC Identifier Type". The expression given there also rejects doubled
/// separators; rkt 1.30.0 accepts them, and so do we. The limit on the length is ours.
package struct ACIdentifier: Hashable, Sendable {
    package static let maximumLength = 1024

    package let rawValue: String

    package init(_ text: some StringProtocol) throws(ACIdentifierError) {
        let name = String(text)
        guard let first = name.utf8.first, let last = name.utf8.last else { throw .empty }
        if name.utf8.count > Self.maximumLength { throw .tooLong(limit: Self.maximumLength) }
        if !name.utf8.allSatisfy(Self.allows) {
            throw .forbiddenCharacter(name.first { !$0.utf8.allSatisfy(Self.allows) } ?? "?", in: name)
        }
        if !first.isLowerCaseLetterOrDigit || !last.isLowerCaseLetterOrDigit { throw .separatorAtEdge(name) }
        rawValue = name
    }

    /// An identifier written in the source of a program; traps if it is not valid.
    package init(constant: StaticString) {
        do {
            try self.init(constant.description)
        } catch {
            preconditionFailure("\(error)")
        }
    }

    /// Makes an identifier of any text: lower case, `_` for everything forbidden, no separators at the edges.
    ///
    /// - Throws: ``ACIdentifierError/empty`` when nothing is left.
    package init(sanitizing text: some StringProtocol) throws(ACIdentifierError) {
        let scalars = text.lowercased().unicodeScalars
        let bytes = scalars.map { $0.isASCII && Self.allows(UInt8($0.value)) ? UInt8($0.value) : UInt8(ascii: "_") }
        try self.init(trimmed(bytes) { !$0.isLowerCaseLetterOrDigit })
    }

    /// What stands after the last slash: the name an app gets from its image before it is sanitized.
    package var lastElement: Substring {
        rawValue[(rawValue.lastIndex(of: "/").map(rawValue.index(after:)) ?? rawValue.startIndex)...]
    }

    private static func allows(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"), UInt8(ascii: "/"): true
        default: byte.isLowerCaseLetterOrDigit
        }
    }
}

extension ACIdentifier: TextValue {
    package init(parsing text: String) throws { try self.init(text) }
    package var description: String { rawValue }
}

extension ACIdentifier: Comparable {
    package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

/// Why a string is not an ``ACIdentifier``.
package enum ACIdentifierError: Error, Equatable {
    case empty
    case tooLong(limit: Int)
    case forbiddenCharacter(Character, in: String)
    case separatorAtEdge(String)
}

extension ACIdentifierError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .empty: "an identifier cannot be empty"
        case .tooLong(let limit): "an identifier cannot have more than \(limit) characters"
        case .forbiddenCharacter(let bad, let name):
            "identifier '\(name)' contains '\(bad)'; only a-z, 0-9 and -._~/ are allowed"
        case .separatorAtEdge(let name): "identifier '\(name)' must start and end with a-z or 0-9"
        }
    }
}
