package import JSON

/// An amount of a resource, such as `100m`, `1.5`, `25Mi` or `1e3`; exact and not negative.
///
/// Source: appc spec 0.8.11, ace.md, "Resource Isolators", which takes the notation of Kubernetes.
package struct Quantity: Hashable, Sendable {
    /// As it was written.
    package let description: String
    private let significand: UInt128
    /// The value is `significand · 10^decimal · 2^binary`.
    private let decimal: Int
    private let binary: Int

    package init(_ text: String) throws(QuantityError) {
        guard text.utf8.count <= 64 else { throw .malformed(String(text.prefix(64))) }
        var rest = text.utf8[...]
        if rest.first == UInt8(ascii: "-") { throw .negative(text) }
        if rest.first == UInt8(ascii: "+") { rest.removeFirst() }

        let whole = rest.prefix(while: \.isDigit)
        rest = rest[whole.endIndex...]
        var fraction = rest.prefix(0)
        if rest.first == UInt8(ascii: ".") {
            fraction = rest.dropFirst().prefix(while: \.isDigit)
            rest = rest[fraction.endIndex...]
        }
        if whole.isEmpty, fraction.isEmpty { throw .malformed(text) }
        while fraction.last == UInt8(ascii: "0") { fraction.removeLast() }

        var significand: UInt128 = 0
        for byte in [whole, fraction].joined() {
            significand = significand * 10 + UInt128(byte - UInt8(ascii: "0"))
            if significand > Self.largestSignificand { throw .tooPrecise(text) }
        }
        guard let suffix = Self.suffix(String(decoding: rest, as: UTF8.self)) else { throw .malformed(text) }
        description = text
        self.significand = significand
        decimal = suffix.decimal - fraction.count
        binary = suffix.binary
    }

    /// Far beyond what anything can count, and small enough for the arithmetic below.
    private static let largestSignificand: UInt128 = 1_000_000_000_000_000_000_000_000

    private static func suffix(_ text: String) -> (decimal: Int, binary: Int)? {
        switch text {
        case "": return (0, 0)
        case "m": return (-3, 0)
        case "k": return (3, 0)
        case "M": return (6, 0)
        case "G": return (9, 0)
        case "T": return (12, 0)
        case "P": return (15, 0)
        case "E": return (18, 0)
        case "Ki": return (0, 10)
        case "Mi": return (0, 20)
        case "Gi": return (0, 30)
        case "Ti": return (0, 40)
        case "Pi": return (0, 50)
        case "Ei": return (0, 60)
        default:
            let digits = text.dropFirst()
            guard text.first == "e" || text.first == "E", let exponent = Int(digits), abs(exponent) <= 30 else {
                return nil
            }
            return (exponent, 0)
        }
    }

    /// The value rounded up to an integer; `nil` when it does not fit.
    package var bytesRoundedUp: UInt64? { roundedUp(timesTenToThe: 0) }

    /// The value in thousandths, rounded up; `nil` when it does not fit.
    package var milliValue: UInt64? { roundedUp(timesTenToThe: 3) }

    private func roundedUp(timesTenToThe shift: Int) -> UInt64? {
        if significand == 0 { return 0 }
        var value = significand
        for _ in 0..<binary {
            let (doubled, overflow) = value.multipliedReportingOverflow(by: 2)
            if overflow { return nil }
            value = doubled
        }
        let exponent = decimal + shift
        for _ in 0..<max(exponent, 0) {
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            if overflow { return nil }
            value = product
        }
        var isInexact = false
        for _ in 0..<max(-exponent, 0) where value > 0 {
            isInexact = isInexact || value % 10 != 0
            value /= 10
        }
        return UInt64(exactly: value + (isInexact ? 1 : 0))
    }
}

extension Quantity: TextValue {
    package init(parsing text: String) throws { try self.init(text) }

    /// Also accepts a JSON number, as Kubernetes does.
    package init(json: JSONValue, at path: JSONPath) throws {
        let text = try json.number?.text ?? String(json: json, at: path)
        self = try path.locate { try Quantity(text) }
    }
}

/// Why a string is not a ``Quantity``.
package enum QuantityError: Error, Equatable, CustomStringConvertible {
    case malformed(String)
    case negative(String)
    case tooPrecise(String)

    package var description: String {
        switch self {
        case .malformed(let text): "'\(text)' is no quantity such as 100m, 1, 25Mi, 1G or 1e3"
        case .negative(let text): "quantity '\(text)' is negative"
        case .tooPrecise(let text): "quantity '\(text)' has too many digits"
        }
    }
}
