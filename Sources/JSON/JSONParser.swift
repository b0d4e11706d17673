extension JSONValue {
    /// Reads one JSON value with nothing but white space around it.
    ///
    /// As Go's `encoding/json`: of several members with one key the last counts, invalid UTF-8 and lone surrogates
    /// become U+FFFD. At most `limits` is read, nothing is kept of the bytes.
    package init(parsing bytes: UnsafeRawBufferPointer, limits: JSONLimits = .manifest) throws(JSONError) {
        var parser = JSONParser(bytes, limits)
        self = try parser.document()
    }

    package init(parsing bytes: [UInt8], limits: JSONLimits = .manifest) throws(JSONError) {
        self = try bytes.withUnsafeBytes { buffer in
            Result { () throws(JSONError) in try JSONValue(parsing: buffer, limits: limits) }
        }.get()
    }

    package init(parsing text: String, limits: JSONLimits = .manifest) throws(JSONError) {
        var copy = text
        self = try copy.withUTF8 { buffer in
            Result { () throws(JSONError) in
                try JSONValue(parsing: UnsafeRawBufferPointer(buffer), limits: limits)
            }
        }.get()
    }
}

/// One pass over the bytes of one document.
struct JSONParser {
    private let bytes: UnsafeRawBufferPointer
    private let limits: JSONLimits
    private var position = 0
    private var values = 0

    init(_ bytes: UnsafeRawBufferPointer, _ limits: JSONLimits) {
        self.bytes = bytes
        self.limits = limits
    }

    mutating func document() throws(JSONError) -> JSONValue {
        if bytes.count > limits.maximumBytes { throw error(.tooManyBytes(limit: limits.maximumBytes)) }
        let value = try value(depth: 0)
        skipWhiteSpace()
        if position < bytes.count { throw error(.trailingData) }
        return value
    }

    private mutating func value(depth: Int) throws(JSONError) -> JSONValue {
        skipWhiteSpace()
        values += 1
        if values > limits.maximumValues { throw error(.tooManyValues(limit: limits.maximumValues)) }
        switch try peek() {
        case UInt8(ascii: "{"): return .object(try object(depth: depth + 1))
        case UInt8(ascii: "["): return .array(try array(depth: depth + 1))
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try literal("true", .bool(true))
        case UInt8(ascii: "f"): return try literal("false", .bool(false))
        case UInt8(ascii: "n"): return try literal("null", .null)
        default: return .number(try number())
        }
    }

    private mutating func object(depth: Int) throws(JSONError) -> JSONObject {
        try enter(depth)
        var object = JSONObject()
        skipWhiteSpace()
        if try peek() == UInt8(ascii: "}") {
            position += 1
            return object
        }
        while true {
            skipWhiteSpace()
            guard try peek() == UInt8(ascii: "\"") else { throw unexpected("the name of a member") }
            let key = try string()
            skipWhiteSpace()
            guard try peek() == UInt8(ascii: ":") else { throw unexpected("':'") }
            position += 1
            object[key] = try value(depth: depth)
            if try endOfElements(UInt8(ascii: "}"), "',' or '}'") { return object }
        }
    }

    private mutating func array(depth: Int) throws(JSONError) -> [JSONValue] {
        try enter(depth)
        var elements: [JSONValue] = []
        skipWhiteSpace()
        if try peek() == UInt8(ascii: "]") {
            position += 1
            return elements
        }
        while true {
            elements.append(try value(depth: depth))
            if try endOfElements(UInt8(ascii: "]"), "',' or ']'") { return elements }
        }
    }

    private mutating func enter(_ depth: Int) throws(JSONError) {
        if depth > limits.maximumDepth { throw error(.tooDeep(limit: limits.maximumDepth)) }
        position += 1
    }

    private mutating func endOfElements(_ close: UInt8, _ wanted: String) throws(JSONError) -> Bool {
        skipWhiteSpace()
        let byte = try peek()
        guard byte == close || byte == UInt8(ascii: ",") else { throw unexpected(wanted) }
        position += 1
        return byte == close
    }

    private mutating func literal(_ word: StaticString, _ value: JSONValue) throws(JSONError) -> JSONValue {
        for index in 0..<word.utf8CodeUnitCount {
            guard try peek() == word.utf8Start[index] else { throw unexpected("'\(word)'") }
            position += 1
        }
        return value
    }

    private mutating func number() throws(JSONError) -> JSONNumber {
        guard let end = Self.endOfNumber(in: bytes, from: position) else { throw unexpected("a value") }
        let text = String(decoding: bytes[position..<end], as: UTF8.self)
        position = end
        return JSONNumber(checked: text)
    }

    /// Where the longest number that starts at `start` ends; `nil` if none does.
    static func endOfNumber(in bytes: UnsafeRawBufferPointer, from start: Int) -> Int? {
        var position = start
        func byte() -> UInt8 { position < bytes.count ? bytes[position] : 0 }
        func digits() -> Bool {
            let first = position
            while (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte()) { position += 1 }
            return position > first
        }
        if byte() == UInt8(ascii: "-") { position += 1 }
        if byte() == UInt8(ascii: "0") {
            position += 1
        } else if !digits() {
            return nil
        }
        if byte() == UInt8(ascii: ".") {
            position += 1
            if !digits() { return nil }
        }
        if byte() | 0x20 == UInt8(ascii: "e") {
            position += 1
            if byte() == UInt8(ascii: "+") || byte() == UInt8(ascii: "-") { position += 1 }
            if !digits() { return nil }
        }
        return position
    }

    private mutating func string() throws(JSONError) -> String {
        position += 1
        let start = position
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: "\""):
                defer { position += 1 }
                return String(decoding: bytes[start..<position], as: UTF8.self)
            case UInt8(ascii: "\\"): return try escapedString(from: start)
            case 0..<0x20: throw error(.controlCharacterInString)
            default: position += 1
            }
        }
        throw error(.unexpectedEnd)
    }

    /// Goes on at the first backslash of a string that began at `start`.
    private mutating func escapedString(from start: Int) throws(JSONError) -> String {
        var text = Array(bytes[start..<position])
        while true {
            let byte = try peek()
            if byte < 0x20 { throw error(.controlCharacterInString) }
            position += 1
            switch byte {
            case UInt8(ascii: "\""): return String(decoding: text, as: UTF8.self)
            case UInt8(ascii: "\\"): try appendEscape(to: &text)
            default: text.append(byte)
            }
        }
    }

    private mutating func appendEscape(to text: inout [UInt8]) throws(JSONError) {
        let byte = try peek()
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0c)
        case UInt8(ascii: "n"): text.append(0x0a)
        case UInt8(ascii: "r"): text.append(0x0d)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"):
            text.append(contentsOf: UTF8.encode(try unicodeEscape()) ?? UTF8.encodedReplacementCharacter)
        default:
            position -= 1
            throw error(.invalidEscape)
        }
    }

    private mutating func unicodeEscape() throws(JSONError) -> Unicode.Scalar {
        let first = try fourHexDigits()
        if let scalar = Unicode.Scalar(first) { return scalar }
        guard first < 0xdc00, position + 6 <= bytes.count, bytes[position] == UInt8(ascii: "\\"),
            bytes[position + 1] == UInt8(ascii: "u")
        else { return "\u{fffd}" }
        let back = position
        position += 2
        let second = try fourHexDigits()
        guard (0xdc00..<0xe000).contains(second) else {
            position = back
            return "\u{fffd}"
        }
        return Unicode.Scalar(0x10000 + (first - 0xd800) << 10 + (second - 0xdc00)) ?? "\u{fffd}"
    }

    private mutating func fourHexDigits() throws(JSONError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let digit = Self.hexDigit(try peek()) else { throw error(.invalidEscape) }
            value = value << 4 | UInt32(digit)
            position += 1
        }
        return value
    }

    private static func hexDigit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    private mutating func skipWhiteSpace() {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x09, 0x0a, 0x0d: position += 1
            default: return
            }
        }
    }

    private func peek() throws(JSONError) -> UInt8 {
        guard position < bytes.count else { throw error(.unexpectedEnd) }
        return bytes[position]
    }

    private func unexpected(_ wanted: String) -> JSONError {
        error(position < bytes.count ? .unexpected(bytes[position], wanted: wanted) : .unexpectedEnd)
    }

    private func error(_ problem: JSONError.Problem) -> JSONError {
        var line = 1
        var column = 1
        for byte in bytes.prefix(position) {
            column += 1
            if byte == 0x0a {
                line += 1
                column = 1
            }
        }
        return JSONError(problem: problem, line: line, column: column)
    }
}
