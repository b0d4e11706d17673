/// The name of an app, volume, port or mount point inside a pod, such as `etcd` or `redis-master`.
///
/// 1 to 255 lower-case ASCII letters, digits and dashes; the first and last character is not a dash.
/// A value of this type is always valid: decoding and `init` check, nothing else has to. It can be used as a file name.
///
/// Source: appc spec 0.8.11, types.md, "AC Name Type". The expression given there also rejects doubled dashes; rkt
/// 1.30.0 accepts them, and so do we. The limit on the length is ours: longer names are no file names.
package struct ACName: Hashable, Sendable {
    package static let maximumLength = 255

    package let rawValue: String

    package init(_ text: some StringProtocol) throws(ACNameError) {
        let name = String(text)
        if name.isEmpty { throw .empty }
        if name.utf8.count > Self.maximumLength { throw .tooLong(limit: Self.maximumLength) }
        if !name.utf8.allSatisfy(Self.allows) {
            throw .forbiddenCharacter(name.first { !$0.utf8.allSatisfy(Self.allows) } ?? "?", in: name)
        }
        if name.hasPrefix("-") || name.hasSuffix("-") { throw .dashAtEdge(name) }
        rawValue = name
    }

    /// A name written in the source of a program; traps if it is not valid.
    package init(constant: StaticString) {
        do {
            try self.init(constant.description)
        } catch {
            preconditionFailure("\(error)")
        }
    }

    /// Makes a name of any text: lower case, a dash for everything forbidden, no dashes at the edges.
    ///
    /// - Throws: ``ACNameError/empty`` when nothing is left.
    package init(sanitizing text: some StringProtocol) throws(ACNameError) {
        let scalars = text.lowercased().unicodeScalars
        let bytes = scalars.map { $0.isASCII && Self.allows(UInt8($0.value)) ? UInt8($0.value) : UInt8(ascii: "-") }
        try self.init(trimmed(bytes) { $0 == UInt8(ascii: "-") })
    }

    private static func allows(_ byte: UInt8) -> Bool { byte.isLowerCaseLetterOrDigit || byte == UInt8(ascii: "-") }
}

extension ACName: TextValue {
    package init(parsing text: String) throws { try self.init(text) }
    package var description: String { rawValue }
}

extension ACName: Comparable {
    package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

/// Why a string is not an ``ACName``.
package enum ACNameError: Error, Equatable {
    case empty
    case tooLong(limit: Int)
    case forbiddenCharacter(Character, in: String)
    case dashAtEdge(String)
}

extension ACNameError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .empty: "a name cannot be empty"
        case .tooLong(let limit): "a name cannot have more than \(limit) characters"
        case .forbiddenCharacter(let bad, let name):
            "name '\(name)' contains '\(bad)'; only a-z, 0-9 and - are allowed"
        case .dashAtEdge(let name): "name '\(name)' starts or ends with a dash"
        }
    }
}

/// The bytes without those at both ends that `isUnwanted` names.
func trimmed(_ bytes: [UInt8], _ isUnwanted: (UInt8) -> Bool) -> String {
    let start = bytes.drop(while: isUnwanted)
    let end = start.lastIndex { !isUnwanted($0) }.map { $0 + 1 } ?? start.startIndex
    return String(decoding: start[..<end], as: UTF8.self)
}
