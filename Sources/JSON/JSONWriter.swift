/// How JSON is laid out.
package enum JSONStyle: Equatable, Sendable {
    /// On one line without spaces.
    case compact
    /// One member or element on each line, each level shifted by the given white space; no final newline.
    case indented(String)
}

extension JSONValue {
    /// The value as text, byte for byte as Go's `encoding/json` would write it, members in their order.
    ///
    /// `<`, `>`, `&`, U+2028 and U+2029 are escaped, so the text can stand in HTML and JavaScript.
    package func serialized(_ style: JSONStyle = .compact) -> String {
        String(decoding: serializedBytes(style), as: UTF8.self)
    }

    /// The bytes of ``serialized(_:)``.
    package func serializedBytes(_ style: JSONStyle = .compact) -> [UInt8] {
        var writer = JSONWriter(style)
        writer.write(self, level: 0)
        return writer.output
    }
}

private struct JSONWriter {
    var output: [UInt8] = []
    private let indentation: [UInt8]?

    init(_ style: JSONStyle) {
        switch style {
        case .compact: indentation = nil
        case .indented(let text): indentation = Array(text.utf8)
        }
    }

    mutating func write(_ value: JSONValue, level: Int) {
        switch value {
        case .null: write("null")
        case .bool(true): write("true")
        case .bool(false): write("false")
        case .number(let number): output.append(contentsOf: number.text.utf8)
        case .string(let text): write(quoted: text)
        case .array(let elements): write(elements, level: level)
        case .object(let object): write(object, level: level)
        }
    }

    private mutating func write(_ elements: [JSONValue], level: Int) {
        output.append(UInt8(ascii: "["))
        for (index, element) in elements.enumerated() {
            if index > 0 { output.append(UInt8(ascii: ",")) }
            newLine(level + 1)
            write(element, level: level + 1)
        }
        if !elements.isEmpty { newLine(level) }
        output.append(UInt8(ascii: "]"))
    }

    private mutating func write(_ object: JSONObject, level: Int) {
        output.append(UInt8(ascii: "{"))
        for (index, member) in object.members.enumerated() {
            if index > 0 { output.append(UInt8(ascii: ",")) }
            newLine(level + 1)
            write(quoted: member.key)
            output.append(UInt8(ascii: ":"))
            if indentation != nil { output.append(UInt8(ascii: " ")) }
            write(member.value, level: level + 1)
        }
        if !object.isEmpty { newLine(level) }
        output.append(UInt8(ascii: "}"))
    }

    private mutating func newLine(_ level: Int) {
        guard let indentation else { return }
        output.append(0x0a)
        for _ in 0..<level { output.append(contentsOf: indentation) }
    }

    private mutating func write(_ text: String) { output.append(contentsOf: text.utf8) }

    private mutating func write(quoted text: String) {
        output.append(UInt8(ascii: "\""))
        var copy = text
        copy.withUTF8 { bytes in
            var written = 0
            for index in bytes.indices {
                guard let escape = Self.escape(at: index, of: bytes) else { continue }
                output.append(contentsOf: bytes[written..<index + 1 - escape.replaced])
                write(escape.text)
                written = index + 1
            }
            output.append(contentsOf: bytes[written...])
        }
        output.append(UInt8(ascii: "\""))
    }

    /// What is written instead of the byte and those before it that belong to the same character.
    private static func escape(
        at index: Int, of bytes: UnsafeBufferPointer<UInt8>
    ) -> (text: String, replaced: Int)? {
        let byte = bytes[index]
        switch byte {
        case UInt8(ascii: "\""): return ("\\\"", 1)
        case UInt8(ascii: "\\"): return ("\\\\", 1)
        case 0x0a: return ("\\n", 1)
        case 0x0d: return ("\\r", 1)
        case 0x09: return ("\\t", 1)
        case 0..<0x20, UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "&"):
            return ((byte < 0x10 ? "\\u000" : "\\u00") + String(byte, radix: 16), 1)
        case 0xa8, 0xa9:  // the last byte of U+2028 and U+2029
            guard index >= 2, bytes[index - 1] == 0x80, bytes[index - 2] == 0xe2 else { return nil }
            return (byte == 0xa8 ? "\\u2028" : "\\u2029", 3)
        default: return nil
        }
    }
}
