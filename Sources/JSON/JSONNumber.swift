/// A JSON number with the digits it was written with, so that nothing is lost on the way through.
///
/// Two numbers are equal when they are written alike: `1` and `1.0` differ.
package struct JSONNumber: Equatable, Sendable {
    /// The number as JSON writes it.
    package let text: String

    package init(_ value: some BinaryInteger) { text = String(value) }

    /// Takes a literal as it stands; `nil` when JSON would not accept it.
    package init?(literal: String) {
        var copy = literal
        let accepted = copy.withUTF8 { bytes in
            JSONParser.endOfNumber(in: UnsafeRawBufferPointer(bytes), from: 0) == bytes.count
        }
        guard accepted else { return nil }
        text = literal
    }

    /// For the parser, which has checked the digits.
    init(checked text: String) { self.text = text }

    /// The value, if it is written as an integer, without fraction and exponent, and fits.
    package func integer<Integer: FixedWidthInteger>(_ type: Integer.Type = Integer.self) -> Integer? { Integer(text) }

    package var int64: Int64? { integer() }
    package var uint64: UInt64? { integer() }
    /// The nearest double; infinite for numbers out of range.
    package var double: Double? { Double(text) }
}
