import AppContainer
import JSON
import Testing

@Suite struct ACIdentifierTests {
    @Test(arguments: ["a", "example.com/app", "coreos.com/rkt/stage1-ns", "a..b//c", "0_~9"])
    func `valid identifiers are kept unchanged`(text: String) throws {
        #expect(try ACIdentifier(text).rawValue == text)
    }

    static let invalid: [(String, ACIdentifierError)] = [
        ("", .empty),
        ("/a", .separatorAtEdge("/a")),
        ("a.", .separatorAtEdge("a.")),
        ("A", .forbiddenCharacter("A", in: "A")),
        ("a b", .forbiddenCharacter(" ", in: "a b")),
        ("a:b", .forbiddenCharacter(":", in: "a:b")),
        ("a\n", .forbiddenCharacter("\n", in: "a\n")),
        (String(repeating: "a", count: 1025), .tooLong(limit: 1024)),
    ]

    @Test(arguments: invalid)
    func `invalid identifiers say what is wrong`(text: String, expected: ACIdentifierError) {
        #expect(throws: expected) { try ACIdentifier(text) }
    }

    @Test(arguments: [("Example.COM/My App", "example.com/my_app"), ("--/a:b/", "a_b"), ("1\u{e9}2", "1_2")])
    func `sanitizing replaces what is forbidden`(text: String, expected: String) throws {
        #expect(try ACIdentifier(sanitizing: text).rawValue == expected)
    }

    @Test(arguments: [("example.com/a/etcd", "etcd"), ("busybox", "busybox"), ("example.com/my_app.v1", "my-app-v1")])
    func `an app is named after the last element`(name: String, app: String) throws {
        #expect(try ImageManifest(ACIdentifier(name)).defaultAppName().rawValue == app)
    }
}

@Suite struct ImageIDTests {
    private static let digits = String(repeating: "0123456789abcdef", count: 8)

    @Test func `the digest of an archive gives the key of the store`() throws {
        let id = ImageID(digest: Array(0..<64))
        #expect(id.description == "sha512-000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f")
        #expect(id.key == id)
        #expect(!id.isAbbreviated)
    }

    @Test func `the long form is shortened to the key`() throws {
        let id = try ImageID(parsing: "sha512-\(Self.digits)")
        #expect(id.description == "sha512-\(Self.digits)")
        #expect(id.key.description == "sha512-\(Self.digits.prefix(64))")
        #expect(id.key.isPrefix(of: id))
        #expect(try ImageID(parsing: "sha512-0").isAbbreviated)
        #expect(try ImageID(parsing: "sha512-AB").description == "sha512-ab")
    }

    @Test(arguments: ["", "sha512", "sha256-ab", "SHA512-ab", "ab"])
    func `other prefixes are refused`(text: String) {
        #expect(throws: ImageIDError.wrongPrefix(text)) { try ImageID(parsing: text) }
    }

    @Test(arguments: ["sha512-", "sha512-xy", "sha512-a-b", "sha512-../x", "sha512-" + digits + "0"])
    func `what is no digest is refused`(text: String) {
        #expect(throws: ImageIDError.badDigits(text)) { try ImageID(parsing: text) }
    }
}

@Suite struct PodIDTests {
    private let text = "6733c088-a507-4694-aabf-edbe4fc5266f"

    @Test(arguments: [
        "6733c088-a507-4694-aabf-edbe4fc5266f", "6733C088A5074694AABFEDBE4FC5266F",
    ])
    func `both forms are accepted`(form: String) throws {
        #expect(try PodID(parsing: form).description == text)
    }

    @Test(arguments: [
        "", "6733c088", "6733c088-a507-4694-aabf-edbe4fc5266", "6733c088-a507-4694-aabf-edbe4fc5266g",
        "6733c08-8a507-4694-aabf-edbe4fc5266f", "6733c088-a507-4694-aabf-edbe4fc5266f\n",
    ])
    func `other texts are refused`(form: String) {
        #expect(throws: PodIDError.malformed(form)) { try PodID(parsing: form) }
    }

    @Test func `zero is refused`() {
        #expect(throws: PodIDError.zero) { try PodID(parsing: String(repeating: "0", count: 32)) }
    }

    @Test func `random bytes make a version 4 UUID`() {
        let id = PodID(random: [UInt8](repeating: 0xff, count: 16))
        #expect(id.description == "ffffffff-ffff-4fff-bfff-ffffffffffff")
    }

    @Test func `the bytes are those that are written`() throws {
        #expect(try PodID(parsing: text).bytes.prefix(4) == [0x67, 0x33, 0xc0, 0x88])
    }
}

@Suite struct SemVerTests {
    @Test(arguments: ["0.8.11", "1.30.0", "1.30.0+git1a2b", "0.8.11-rc.1+x-y.2", "0.0.0-dev"])
    func `versions are kept unchanged`(text: String) throws {
        #expect(try SemVer(text).description == text)
    }

    @Test(arguments: [
        "", "1", "1.2", "1.2.3.4", "a.b.c", "1.2.3-", "1.2.3+", "1.2.-3", "1.2.99999999999999999999", "v1.2.3",
    ])
    func `other texts are refused`(text: String) {
        #expect(throws: SemVerError.malformed(text)) { try SemVer(text) }
    }

    @Test func `zero is refused`() {
        #expect(throws: SemVerError.zero) { try SemVer("0.0.0") }
    }
}

@Suite struct ACDateTests {
    @Test(arguments: [
        ("1970-01-01T00:00:00Z", 0), ("2016-02-29T23:59:59Z", 1_456_790_399), ("2000-03-01T00:00:00Z", 951_868_800),
        ("2014-10-27T19:32:27.67021798Z", 1_414_438_347), ("2014-10-27T20:32:27+01:00", 1_414_438_347),
        ("1969-12-31T23:59:59Z", -1), ("0000-01-01T00:00:00Z", -62_167_219_200),
    ])
    func `dates give the time`(text: String, seconds: Int64) throws {
        let date = try ACDate(text)
        #expect(date.secondsSince1970 == seconds)
        #expect(date.description == text)
        #expect(try ACDate(ACDate(secondsSince1970: seconds).description).secondsSince1970 == seconds)
    }

    @Test(arguments: [Int64.min, .max])
    func `times that cannot be written become the nearest that can`(seconds: Int64) {
        let date = ACDate(secondsSince1970: seconds)
        #expect(date.description == (seconds < 0 ? "0000-01-01T00:00:00Z" : "9999-12-31T23:59:59Z"))
    }

    @Test(arguments: [
        "", "2016-02-30T00:00:00Z", "2015-02-29T00:00:00Z", "2016-13-01T00:00:00Z", "2016-01-01 00:00:00Z",
        "2016-01-01T24:00:00Z", "2016-01-01T00:00:00", "2016-01-01T00:00:00.Z", "2016-01-01T00:00:00Zx",
        "16-1-1T0:0:0Z",
    ])
    func `other texts are refused`(text: String) {
        #expect(throws: ManifestError.malformedDate(text)) { try ACDate(text) }
    }
}

@Suite struct QuantityTests {
    @Test(
        arguments: [
            ("0", 0, 0), ("1", 1, 1000), ("100m", 1, 100), ("1.5", 2, 1500), ("0.0001", 1, 1),
            ("25Mi", 26_214_400, nil),
            ("1k", 1000, nil), ("1Ki", 1024, nil), ("1G", 1_000_000_000, nil), ("1e3", 1000, nil), ("1E3", 1000, nil),
            ("1E", 1_000_000_000_000_000_000, nil), ("12e-1", 2, 1200), ("+2", 2, 2000), (".5Ki", 512, 512_000),
            ("1.5Ei", 1_729_382_256_910_270_464, nil), ("5m", 1, 5), ("1.", 1, 1000), ("007", 7, 7000),
        ] as [(String, UInt64, UInt64?)])
    func `quantities are exact`(text: String, rounded: UInt64, milli: UInt64?) throws {
        let quantity = try Quantity(text)
        #expect(quantity.bytesRoundedUp == rounded)
        if let milli { #expect(quantity.milliValue == milli) }
        #expect(quantity.description == text)
    }

    @Test(arguments: ["1e20", "20E", "16Ei", "999999999999999999999999Ei", "1e30"])
    func `what does not fit has no value`(text: String) throws {
        #expect(try Quantity(text).bytesRoundedUp == nil)
        #expect(try Quantity(text).milliValue == nil)
    }

    static let invalid: [(String, QuantityError)] = [
        ("", .malformed("")), ("Mi", .malformed("Mi")), (".", .malformed(".")), ("1 Mi", .malformed("1 Mi")),
        ("1mi", .malformed("1mi")), ("1e", .malformed("1e")), ("1e31", .malformed("1e31")),
        ("0x10", .malformed("0x10")),
        ("1,5", .malformed("1,5")), ("-1", .negative("-1")),
        ("9999999999999999999999999", .tooPrecise("9999999999999999999999999")),
    ]

    @Test(arguments: invalid)
    func `other texts are refused`(text: String, error: QuantityError) {
        #expect(throws: error) { try Quantity(text) }
    }
}
