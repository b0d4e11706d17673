import Glibc
import Testing

@testable import rkt

@Suite struct FormattingTests {
    @Test func `columns are aligned with tabs`() {
        var table = TabWriter()
        table.add(["UUID", "APP", "STATE"])
        table.add(["5bc080ca", "redis", "running"])
        table.add(["", "etcd", ""])
        #expect(table.formatted() == "UUID\t\tAPP\tSTATE\n5bc080ca\tredis\trunning\n\t\tetcd\t\n")
    }

    @Test func `a cell of seven letters fits between two tab stops, one of eight does not`() {
        var table = TabWriter()
        table.add(["1234567", "x"])
        #expect(table.formatted() == "1234567\tx\n")
        table.add(["12345678", "x"])
        #expect(table.formatted() == "1234567\t\tx\n12345678\tx\n")
    }

    @Test func `a line without cells starts new columns`() {
        var table = TabWriter()
        table.add(text: "a\tb\n\nlong word here\tc")
        #expect(table.formatted() == "a\tb\n\nlong word here\tc\n")
    }

    @Test(arguments: [
        (UInt64(0), "0B"), (9, "9B"), (10, "10B"), (1023, "1023B"), (1024, "1.0KiB"), (1536, "1.5KiB"),
        (10240, "10KiB"), (82_854_982, "79MiB"), (5 << 30, "5.0GiB"), (.max, "16EiB"),
    ])
    func `sizes have binary units`(bytes: UInt64, expected: String) {
        #expect(sizeText(bytes) == expected)
    }

    @Test(
        arguments: [
            (0, "now"), (1, "1 second ago"), (59, "59 seconds ago"), (60, "1 minute ago"), (119, "1 minute ago"),
            (120, "2 minutes ago"), (3600, "1 hour ago"), (86400, "1 day ago"), (518400, "6 days ago"),
            (604800, "1 week ago"), (2505600, "4 weeks ago"), (2592000, "1 month ago"),
            (31017600, "11 months ago"), (31104000, "1 year ago"), (46656000, "2 years ago"),
            (69120000, "2 years ago"), (1150848000, "a long while ago"), (-120, "2 minutes from now"),
        ] as [(Int64, String)])
    func `times past are told in words`(seconds: Int64, expected: String) {
        let now: Int64 = 1_700_000_000_000_000_000
        #expect(relativeTime(now - seconds * 1_000_000_000, now: now) == expected)
    }

    @Test func `absolute times drop zeros behind the milliseconds`() {
        setenv("TZ", "CET-1", 1)
        tzset()
        #expect(absoluteTime(1_453_743_752_563_000_000) == "2016-01-25 18:42:32.563 +0100 CET")
        #expect(absoluteTime(1_453_743_752_100_999_999) == "2016-01-25 18:42:32.1 +0100 CET")
        #expect(absoluteTime(1_453_743_752_000_000_000) == "2016-01-25 18:42:32 +0100 CET")
    }

    @Test(arguments: [
        ("30m", "30m0s"), ("24h", "24h0m0s"), ("0", "0s"), ("1.5h", "1h30m0s"), ("10s", "10s"),
        ("1h2m3.5s", "1h2m3.5s"),
        ("20ms", "20ms"), ("-5s", "-5s"), ("100us", "100µs"), ("+3ns", "3ns"),
    ])
    func `durations are read and written as in Go`(text: String, expected: String) throws {
        #expect(goDurationText(try parseGoDuration(text)) == expected)
    }

    @Test(arguments: [
        ("", "time: invalid duration "), ("10", "time: missing unit in duration 10"),
        ("10x", "time: unknown unit x in duration 10x"), ("h", "time: invalid duration h"),
        ("99999999999h", "time: invalid duration 99999999999h"), ("1.2.3s", "time: invalid duration 1.2.3s"),
    ])
    func `what is no duration is told as in Go`(text: String, expected: String) {
        #expect(message { _ = try parseGoDuration(text) } == expected)
    }

    @Test(arguments: [
        ("true", Wait.forever), ("", .forever), ("false", .no), ("10s", .atMost(10_000_000_000)), ("-1s", .forever),
        ("0s", .no),
    ])
    func `waiting is a truth value or a duration`(text: String, expected: Wait) throws {
        #expect(try Wait(text) == expected)
    }

    @Test func `what cannot be printed is escaped`() {
        #expect(quoted("a\"b\\\n\u{1b}[0m\u{200b}é") == #""a\"b\\\n\x1b[0m\u200bé""#)
    }
}
