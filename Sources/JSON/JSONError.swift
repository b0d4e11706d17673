/// Why bytes are not acceptable JSON, and where.
package struct JSONError: Error, Equatable {
    package enum Problem: Equatable, Sendable {
        case tooManyBytes(limit: Int)
        case tooDeep(limit: Int)
        case tooManyValues(limit: Int)
        case unexpectedEnd
        case unexpected(UInt8, wanted: String)
        case controlCharacterInString
        case invalidEscape
        case trailingData
    }

    package let problem: Problem
    /// Both count from 1; columns count bytes.
    package let line: Int
    package let column: Int
}

extension JSONError: CustomStringConvertible {
    package var description: String {
        switch problem {
        case .tooManyBytes(let limit): "JSON is larger than the limit of \(limit) bytes"
        case .tooDeep(let limit): "JSON is nested deeper than the limit of \(limit) levels, \(place)"
        case .tooManyValues(let limit): "JSON has more values than the limit of \(limit), \(place)"
        case .unexpectedEnd: "unexpected end of JSON input"
        case .unexpected(let byte, let wanted):
            "invalid character \(Self.quoted(byte)) in JSON where \(wanted) should be, \(place)"
        case .controlCharacterInString: "control character in a JSON string, \(place)"
        case .invalidEscape: "invalid escape in a JSON string, \(place)"
        case .trailingData: "data after the end of the JSON value, \(place)"
        }
    }

    private var place: String { "line \(line) column \(column)" }

    private static func quoted(_ byte: UInt8) -> String {
        (0x20..<0x7f).contains(byte) ? "'\(Character(UnicodeScalar(byte)))'" : "0x\(String(byte, radix: 16))"
    }
}
