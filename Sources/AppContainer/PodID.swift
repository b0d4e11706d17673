/// The UUID of a pod; never zero.
package struct PodID: Hashable, Sendable {
    private let high: UInt64
    private let low: UInt64

    /// Accepts 32 hexadecimal digits, either without dashes or with the usual four.
    package init(parsing text: String) throws(PodIDError) {
        let dashes = [8, 13, 18, 23]
        let isDashed = text.utf8.count == 36
        guard isDashed || text.utf8.count == 32 else { throw .malformed(text) }
        var (high, low): (UInt64, UInt64) = (0, 0)
        for (index, byte) in text.utf8.enumerated() {
            if isDashed, dashes.contains(index) {
                guard byte == UInt8(ascii: "-") else { throw .malformed(text) }
                continue
            }
            guard let digit = byte.hexDigit else { throw .malformed(text) }
            high = high << 4 | low >> 60
            low = low << 4 | UInt64(digit)
        }
        if high == 0, low == 0 { throw .zero }
        (self.high, self.low) = (high, low)
    }

    /// Makes a version 4 UUID of 16 random bytes.
    package init(random bytes: [UInt8]) {
        precondition(bytes.count == 16, "a UUID has 16 bytes")
        let high = bytes.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        let low = bytes.suffix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        self.high = high & ~0xf000 | 0x4000
        self.low = low & ~(3 << 62) | 2 << 62
    }

    /// The bytes in the order they are written.
    package var bytes: [UInt8] {
        [high, low].flatMap { half in (0..<8).map { UInt8(truncatingIfNeeded: half >> (56 - 8 * $0)) } }
    }
}

extension PodID: TextValue {
    /// Lower case, with dashes.
    package var description: String {
        String(unsafeUninitializedCapacity: 36) { text in
            var place = 0
            for digit in 0..<32 {
                if digit == 8 || digit == 12 || digit == 16 || digit == 20 {
                    text[place] = UInt8(ascii: "-")
                    place += 1
                }
                let value = UInt8(truncatingIfNeeded: (digit < 16 ? high : low) >> UInt64(60 - digit % 16 * 4)) & 0xf
                text[place] = value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
                place += 1
            }
            return place
        }
    }
}

extension PodID: Comparable {
    package static func < (left: Self, right: Self) -> Bool { (left.high, left.low) < (right.high, right.low) }
}

/// Why a string is not a ``PodID``.
package enum PodIDError: Error, Equatable, CustomStringConvertible {
    case malformed(String)
    case zero

    package var description: String {
        switch self {
        case .malformed(let text): "'\(text)' is no UUID: 32 hexadecimal digits are needed"
        case .zero: "a UUID cannot be zero"
        }
    }
}
