import FetchInterface
import LinuxSystem
import TestSupport
import Testing

@testable import Stage0

/// A board on a terminal of the test.
private final class BoardFixture {
    var size: WindowSize?
    private(set) var text = ""
    private(set) var board: ProgressBoard

    init(columns: Int = 80, rows: Int = 24) {
        size = WindowSize(columns: columns, rows: rows)
        board = ProgressBoard(ProgressTerminal(write: { _ in }, size: { nil }))
        board = ProgressBoard(
            ProgressTerminal(write: { [unowned self] in text += $0 }, size: { [unowned self] in size }))
    }

    func bars(_ name: String = "") -> DownloadBars { DownloadBars(board, name: name) }

    var screen: Screen { Screen(columns: size?.columns, after: text) }
    /// Without the empty one with the cursor.
    var lines: [String] { screen.lines.dropLast() }
}

private func progress(
    _ number: UInt32, _ received: UInt64, _ total: UInt64? = 100, label: String = "ACI", isDone: Bool = false
) -> FetchReport {
    .progress(DownloadProgress(number: number, label: label, received: received, total: total, isDone: isDone))
}

private func full(_ label: String, _ bytes: Int = 100, columns: Int = 80) -> String {
    progressLine(label, UInt64(bytes), UInt64(bytes), columns: columns - 1)
}

@Suite struct ProgressBoardTests {
    @Test func `one download has one line that moves and then stays`() {
        let fixture = BoardFixture()
        let bars = fixture.bars()
        bars.show([progress(1, 0)])
        #expect(fixture.lines == ["Downloading ACI: [>                                                 ] 0 B/100 B"])
        bars.show([progress(1, 50)])
        #expect(fixture.lines == ["Downloading ACI: [========================>                        ] 50 B/100 B"])
        bars.show([progress(1, 100, isDone: true)])
        #expect(fixture.lines == [full("ACI")])
        bars.close()
        #expect(fixture.lines == [full("ACI")] && fixture.screen.oddities == [])
    }

    @Test func `downloads of several images move below each other, and what is complete stays above`() {
        let fixture = BoardFixture()
        let (one, two) = (fixture.bars("one.aci"), fixture.bars("two:1.0"))
        one.show([progress(1, 10)])
        two.show([progress(1, 0, nil, label: "sha256:0a"), progress(2, 20, label: "sha256:0b")])
        #expect(
            fixture.lines == [
                progressLine("one.aci ACI", 10, 100, columns: 79),
                "Downloading two:1.0 sha256:0a: 0 B of an unknown total size",
                progressLine("two:1.0 sha256:0b", 20, 100, columns: 79),
            ])
        two.show([progress(2, 100, label: "sha256:0b", isDone: true)])
        one.show([progress(1, 90)])
        #expect(
            fixture.lines == [
                full("two:1.0 sha256:0b"), progressLine("one.aci ACI", 90, 100, columns: 79),
                "Downloading two:1.0 sha256:0a: 0 B of an unknown total size",
            ])
        one.show([progress(1, 100, isDone: true)])
        one.close()
        two.show([progress(1, 70, label: "sha256:0a", isDone: true)])
        two.close()
        #expect(
            fixture.lines == [full("two:1.0 sha256:0b"), full("one.aci ACI"), full("two:1.0 sha256:0a", 70)])
        #expect(fixture.screen.oddities == [])
    }

    @Test func `lines for the user go above the bars`() {
        let fixture = BoardFixture()
        let (one, two) = (fixture.bars("one"), fixture.bars("two"))
        one.show([.message("first"), progress(1, 10), .message("second")])
        two.show([progress(1, 20)])
        fixture.board.above { fixture.board.message("third") }
        let bars = [progressLine("one ACI", 10, 100, columns: 79), progressLine("two ACI", 20, 100, columns: 79)]
        #expect(fixture.lines == ["first", "second", "third"] + bars)
        one.show([progress(1, 100, isDone: true), .message("fourth")])
        #expect(fixture.lines == ["first", "second", "third", full("one ACI"), "fourth", bars[1]])
    }

    @Test func `a download that is given up stays where it stopped`() {
        let fixture = BoardFixture()
        let (one, two) = (fixture.bars("one"), fixture.bars("two"))
        one.show([progress(1, 10)])
        two.show([progress(1, 20)])
        one.close()
        two.show([progress(1, 30)])
        two.close()
        fixture.board.message("error")
        #expect(
            fixture.lines == [
                progressLine("one ACI", 10, 100, columns: 79), progressLine("two ACI", 30, 100, columns: 79), "error",
            ])
    }

    @Test(arguments: [1, 2, 3, 10, 20, 25, 40])
    func `a narrow terminal is not torn`(columns: Int) {
        let fixture = BoardFixture(columns: columns)
        let (one, two) = (fixture.bars("registry.example"), fixture.bars("two"))
        for step in 0...10 as ClosedRange<UInt64> {
            one.show([progress(1, step * 100_000, 1_000_000, label: "sha256:0123456789a")])
            two.show([progress(1, step * 100_000, nil), progress(2, step * 100_000, 1_000_000)])
            #expect(fixture.lines.count == 3)
        }
        #expect(fixture.screen.oddities == [])
    }

    @Test func `more downloads than rows are counted`() {
        let fixture = BoardFixture(columns: 80, rows: 5)
        let bars = fixture.bars()
        bars.show((1...9).map { progress($0, UInt64($0), label: "layer \($0)") })
        #expect(fixture.lines.count == 4 && fixture.lines.last == "and 6 more")
        bars.show([progress(2, 100, label: "layer 2", isDone: true)])
        #expect(fixture.lines.count == 5 && fixture.lines.first == full("layer 2"))
        #expect(fixture.lines.last == "and 5 more")
        bars.show((1...9).filter { $0 != 2 }.map { progress($0, 100, label: "layer \($0)", isDone: true) })
        #expect(fixture.lines == ([2, 1] + Array(3...9)).map { full("layer \($0)") })
        #expect(fixture.screen.oddities == [])
        let low = BoardFixture(columns: 80, rows: 1)
        low.bars().show([progress(1, 1), progress(2, 1)])
        #expect(low.lines == ["and 2 more"])
    }

    @Test func `a terminal that does not know its size has 80 columns`() {
        let fixture = BoardFixture()
        fixture.size = nil
        fixture.bars().show([progress(1, 100, isDone: true)])
        #expect(fixture.lines == [full("ACI")])
    }

    @Test func `bars`() {
        #expect(
            progressLine("ACI", 1_200_000, 2_400_000, columns: 50)
                == "Downloading ACI: [========>        ] 1.2 MB/2.4 MB")
        #expect(progressLine("ACI", 5, 5, columns: 40) == "Downloading ACI: [=============] 5 B/5 B")
        #expect(progressLine("ACI", 5, nil, columns: 80) == "Downloading ACI: 5 B of an unknown total size")
        #expect(progressLine("ACI", 5, 5, columns: 25) == "ACI: [==========] 5 B/5 B")
        #expect(progressLine("long-name", 5, 5, columns: 15) == "long-n: 5 B/5 B")
        #expect(progressLine("long-name", 5, nil, columns: 12) == "long-na: 5 B")
        for columns in 0..<120 {
            for (received, total) in [(0, 0), (0, 1), (9, 3), (UInt64.max, UInt64.max)] as [(UInt64, UInt64)] {
                #expect(progressLine("ACI", received, total, columns: columns).count <= columns)
                #expect(progressLine("ACI", received, nil, columns: columns).count <= columns)
            }
        }
    }

    @Test func `names tell images apart and are short`() throws {
        func names(_ words: String...) throws -> [String] {
            try barNames(words.map { try ImageReference(parsing: $0) })
        }
        #expect(try names("example.com/app:1.0") == [""])
        #expect(
            try names(
                "example.com/team/app:1.0", "https://example.com/images/b.aci?x=/y", "docker://e.com:5000/d/busybox")
                == ["app:1.0", "b.aci", "busybox:latest"])
        #expect(
            try names("example.com/a/app", "example.com/b/app", "app") == [
                "example.com/a/app", "example.com/b/app", "app",
            ])
        let digits = String(repeating: "0123456789abcdef", count: 4)
        #expect(
            try names("docker://busybox@sha256:\(digits)", "docker://e.com/a-rather-long-name-of-an-image:1.2.3")
                == ["busybox@01234567", "..-of-an-image:1.2.3"])
        let long = "example.com/\(String(repeating: "x", count: 40))"
        #expect(
            try names("\(long)/app", "example.org/\(String(repeating: "x", count: 40))/app", "b").allSatisfy {
                $0.count <= 24
            })
        let many = try names("\(long)/app", "\(long)y/\(String(repeating: "x", count: 40))/app", "b")
        #expect(Set(many).count == 3)
    }
}
