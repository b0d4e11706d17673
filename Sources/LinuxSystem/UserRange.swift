/// The users and groups of the host that a user namespace's own, from 0 on, stand for.
///
/// Written as `SHIFT:COUNT`: user 5 of a namespace with the range `1048576:65536` is user 1048581 outside.
package struct UserRange: Hashable, Sendable {
    /// The number outside that 0 inside stands for.
    package let shift: UInt32
    /// At least 1.
    package let count: UInt32

    package init(shift: UInt32, count: UInt32) {
        precondition(count > 0 && shift <= UInt32.max - count, "a range of users ends below 4294967295")
        self.shift = shift
        self.count = count
    }

    /// Reads `SHIFT:COUNT`, both decimal; 0 is nobody's shift, because it would be the host's root.
    package init(parsing text: some StringProtocol) throws(UserRangeError) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, let shift = Self.number(parts[0]), let count = Self.number(parts[1]), shift > 0,
            count > 0, shift <= UInt32.max - count
        else { throw UserRangeError(text: String(text.prefix(40))) }
        self.init(shift: shift, count: count)
    }

    private static func number(_ text: some StringProtocol) -> UInt32? {
        guard !text.isEmpty, text.utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
        return UInt32(text)
    }

    /// The number outside of one inside; `nil` for one that the namespace does not have.
    package func outside(_ inside: UInt32) -> UInt32? { inside < count ? shift + inside : nil }

    /// As ``outside(_:)``, where what the namespace does not have belongs to its nobody.
    package func outsideOrNobody(_ inside: UInt32) -> UInt32 {
        outside(inside) ?? shift + min(Self.nobody, count - 1)
    }

    /// As ``inside(_:)``, where strangers are nobody, as they are for the namespace's own programs.
    package func insideOrNobody(_ outside: UInt32) -> UInt32 { inside(outside) ?? Self.nobody }

    /// Whom the kernel shows where a namespace has no number.
    private static let nobody: UInt32 = 65534

    /// The number inside of one outside; `nil` for a stranger.
    package func inside(_ outside: UInt32) -> UInt32? {
        outside >= shift && outside - shift < count ? outside - shift : nil
    }
}

extension UserRange: CustomStringConvertible {
    package var description: String { "\(shift):\(count)" }
}

/// What is no range of users.
package struct UserRangeError: Error, Equatable, CustomStringConvertible {
    package let text: String

    package var description: String { "'\(text)' is not SHIFT:COUNT with numbers from 1 to 4294967294" }
}
