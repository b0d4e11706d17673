import FetchInterface
import Synchronization
import TestSupport
import Testing

@testable import ImageFetch

/// Takes lines as rkt does, or is full.
private final class Reader: Sendable {
    private let state = Mutex<(lines: [[UInt8]], isFull: Bool)>(([], false))

    var output: ReportOutput {
        ReportOutput { line, waits in
            self.state.withLock { state in
                if state.isFull && !waits { return false }
                state.lines.append(line)
                return true
            }
        }
    }

    func setFull(_ isFull: Bool) { state.withLock { $0.isFull = isFull } }

    /// What came since the last time, as rkt reads it.
    func take() throws -> [FetchReport] {
        let lines = state.withLock { state in
            defer { state.lines = [] }
            return state.lines
        }
        return try lines.map { line in
            #expect(line.count < 4096 && line.last == 0x0a)
            return try #require(try FetchReport(parsing: line.dropLast()))
        }
    }
}

private final class Clock {
    var time: Int64 = 1_000_000_000_000
    func pass(milliseconds: Int64) { time += milliseconds * 1_000_000 }
}

@Suite struct ProgressReporterTests {
    private func progress(
        _ number: UInt32, _ received: UInt64, _ total: UInt64? = 100, isDone: Bool = false
    ) -> FetchReport {
        .progress(
            DownloadProgress(number: number, label: "ACI", received: received, total: total, isDone: isDone))
    }

    @Test func `however often a download moves, four times a second are reported`() throws {
        let (reader, clock) = (Reader(), Clock())
        let reporter = ProgressReporter(reader.output, Messages { _ in Issue.record("a line") }, now: { clock.time })
        let number = reporter.add("ACI")
        var seen: [FetchReport] = []
        for step in 0..<1000 {
            reporter.update(number, received: UInt64(step), total: 1000)
            reporter.report()
            clock.pass(milliseconds: 1)
            seen += try reader.take()
        }
        #expect(seen == [0, 250, 500, 750].map { progress(1, $0, 1000) })
        #expect(reporter.milliseconds == 250)
        reporter.update(number, received: 1000, total: 1000)
        reporter.finish(number)
        #expect(try reader.take() == [progress(1, 1000, 1000, isDone: true)])
        #expect(reporter.milliseconds == nil)
        clock.pass(milliseconds: 1000)
        reporter.report()
        reporter.close()
        #expect(try reader.take() == [])
    }

    @Test func `what has not moved is not reported, and a clock that goes back does no harm`() throws {
        let (reader, clock) = (Reader(), Clock())
        let reporter = ProgressReporter(reader.output, Messages { _ in }, now: { clock.time })
        let (one, two) = (reporter.add("ACI"), reporter.add("ACI"))
        reporter.update(one, received: 1, total: nil)
        reporter.report()
        #expect(try reader.take() == [progress(1, 1, nil), progress(2, 0, nil)])
        clock.pass(milliseconds: 300)
        reporter.update(two, received: 5, total: 100)
        reporter.report()
        #expect(try reader.take() == [progress(2, 5)])
        clock.pass(milliseconds: -3_600_000)
        reporter.update(one, received: 2, total: 100)
        reporter.report()
        #expect(try reader.take() == [progress(1, 2)])
    }

    @Test func `a reader that is busy holds nothing up and gets the last state in the end`() throws {
        let (reader, clock) = (Reader(), Clock())
        let reporter = ProgressReporter(reader.output, Messages { _ in }, now: { clock.time })
        let (one, two) = (reporter.add("ACI"), reporter.add("ACI"))
        reader.setFull(true)
        for step in 1...10 as ClosedRange<UInt64> {
            clock.pass(milliseconds: 300)
            reporter.update(one, received: 10 * step, total: 100)
            reporter.update(two, received: step, total: 100)
            reporter.report()
        }
        reporter.finish(one)
        #expect(try reader.take() == [])
        #expect(reporter.milliseconds == 250)
        reporter.close()
        #expect(try reader.take() == [progress(1, 100, isDone: true), progress(2, 10)])
    }

    @Test func `where nobody draws there is a line for each that is complete`() {
        let lines = Mutex<[String]>([])
        let reporter = ProgressReporter(nil, Messages { line in lines.withLock { $0.append(line) } })
        let (one, two) = (reporter.add("ACI"), reporter.add("sha256:0f"))
        reporter.update(one, received: 1_234_567, total: nil)
        reporter.update(two, received: 7, total: 9)
        reporter.report()
        reporter.finish(one)
        reporter.close()
        #expect(lines.withLock { $0 } == ["Downloading ACI: 1.2 MB"])
    }

    @Test func `a download reports its beginning and its end`() throws {
        let server = try WireServer(["/x": [[reply(200, body: "0123456789")]]])
        let reader = Reader()
        let client = try server.client(
            messages: Messages { _ in Issue.record("a line") }, reports: reader.output)
        let request = FileRequest(HTTPRequest(server.url("http://a/x")), label: "ACI", key: "x", prefix: "archive")
        _ = try client.download([request], parallel: 1)
        let reports = try reader.take()
        #expect(reports.last == progress(1, 10, 10, isDone: true))
        #expect(reports.count <= 2)
    }

    @Test func `messages are reports`() throws {
        let reader = Reader()
        reader.setFull(true)
        reader.output.messages.line("a\u{1b}[2Jb")
        #expect(try reader.take() == [.message("a\u{fffd}[2Jb")])
    }
}
