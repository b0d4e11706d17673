import JSON
import Testing

@Suite struct JSONParserTests {
    static let valid: [(String, JSONValue)] = [
        ("null", .null),
        (" true ", true),
        ("false\n", false),
        ("-12", -12),
        ("\"\"", ""),
        ("[]", []),
        ("{}", [:]),
        ("[1, [2], {}]", [1, [2], [:]]),
        (#"{"a":{"b":[null]}}"#, ["a": ["b": [.null]]]),
        (#""\"\\\/\b\f\n\r\t\u00e9""#, .string("\"\\/\u{8}\u{c}\n\r\té")),
        (#""\ud83d\ude00""#, "😀"),
        (#""\ud83dx""#, "\u{fffd}x"),
        (#""\ud83d\u0041""#, "\u{fffd}A"),
        (#""\ude00""#, "\u{fffd}"),
    ]

    @Test(arguments: valid)
    func `valid documents give their value`(text: String, value: JSONValue) throws {
        #expect(try JSONValue(parsing: text) == value)
    }

    @Test(arguments: ["0", "-0", "1.50", "1e9", "1E+09", "-0.0e-1", "123456789012345678901234567890"])
    func `numbers keep their digits`(text: String) throws {
        #expect(try JSONValue(parsing: text).serialized() == text)
        #expect(JSONNumber(literal: text)?.text == text)
    }

    @Test(arguments: ["", "01", "+1", "1.", ".5", "1e", "-", "0x1", "1 2", "NaN"])
    func `what is no number is no number`(text: String) {
        #expect(throws: JSONError.self) { try JSONValue(parsing: text) }
        #expect(JSONNumber(literal: text) == nil)
    }

    @Test(arguments: [
        ("", "unexpected end of JSON input"),
        ("[1", "unexpected end of JSON input"),
        ("\"a", "unexpected end of JSON input"),
        ("{\n  \"a\" 1}", "invalid character '1' in JSON where ':' should be, line 2 column 7"),
        ("{a: 1}", "invalid character 'a' in JSON where the name of a member should be, line 1 column 2"),
        ("{\"a\":1,}", "invalid character '}' in JSON where the name of a member should be, line 1 column 8"),
        ("[1,]", "invalid character ']' in JSON where a value should be, line 1 column 4"),
        ("[1 2]", "invalid character '2' in JSON where ',' or ']' should be, line 1 column 4"),
        ("trUe", "invalid character 'U' in JSON where 'true' should be, line 1 column 3"),
        ("\u{feff}{}", "invalid character 0xef in JSON where a value should be, line 1 column 1"),
        ("{} x", "data after the end of the JSON value, line 1 column 4"),
        ("\"a\nb\"", "control character in a JSON string, line 1 column 3"),
        (#""\x""#, "invalid escape in a JSON string, line 1 column 3"),
        (#""\u12g4""#, "invalid escape in a JSON string, line 1 column 6"),
    ])
    func `invalid documents say what is wrong and where`(text: String, message: String) {
        let error = #expect(throws: JSONError.self) { try JSONValue(parsing: text) }
        #expect(error?.description == message)
    }

    @Test func `of members with one key the last counts`() throws {
        let value = try JSONValue(parsing: #"{"a":1,"b":2,"a":3}"#)
        #expect(value.serialized() == #"{"a":3,"b":2}"#)
    }

    @Test func `invalid UTF-8 is replaced`() throws {
        #expect(try JSONValue(parsing: [0x22, 0x61, 0xff, 0x62, 0x22]) == "a\u{fffd}b")
    }

    @Test func `too many bytes are refused before they are read`() {
        let error = #expect(throws: JSONError.self) {
            try JSONValue(parsing: "[0,0]", limits: JSONLimits(maximumBytes: 4, maximumDepth: 4))
        }
        #expect(error?.problem == .tooManyBytes(limit: 4))
    }

    @Test(arguments: ["[", "{\"a\":"])
    func `deep nesting is an error and no crash`(opening: String) throws {
        let deep = String(repeating: opening, count: 200_000)
        for depth in [64, 1_000_000] {
            let error = #expect(throws: JSONError.self) {
                try JSONValue(parsing: deep, limits: JSONLimits(maximumBytes: 4 << 20, maximumDepth: depth))
            }
            #expect(error?.problem == .tooDeep(limit: min(depth, 512)))
        }
    }

    @Test func `the limit on depth is exact`() throws {
        let limits = JSONLimits(maximumBytes: 100, maximumDepth: 3)
        #expect(try JSONValue(parsing: "[[[]]]", limits: limits) == [[[]]])
        #expect(throws: JSONError.self) { try JSONValue(parsing: "[[[[]]]]", limits: limits) }
    }

    @Test func `too many values are refused`() {
        let error = #expect(throws: JSONError.self) {
            try JSONValue(parsing: "[0,0,0]", limits: JSONLimits(maximumBytes: 9, maximumDepth: 9, maximumValues: 3))
        }
        #expect(error?.problem == .tooManyValues(limit: 3))
    }

    @Test func `two hundred thousand different keys are no problem`() throws {
        let text = "{" + (0..<200_000).map { "\"\($0)\":0" }.joined(separator: ",") + "}"
        #expect(try JSONValue(parsing: text).object?.count == 200_000)
    }

    @Test func `no bytes make the parser trap`() {
        let alphabet = Array(#"{}[]",:\u0123456789eE+-.dDtrufalsn "#.utf8) + [0, 0x0a, 0x80, 0xc3, 0xe2, 0xff]
        var state: UInt64 = 42
        func random() -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33)
        }
        var accepted = 0
        for _ in 0..<50_000 {
            let bytes = (0..<(random() % 24)).map { _ in alphabet[random() % alphabet.count] }
            guard let value = try? JSONValue(parsing: bytes) else { continue }
            accepted += 1
            #expect((try? JSONValue(parsing: value.serialized())) == value)
        }
        #expect(accepted > 100)
    }
}
