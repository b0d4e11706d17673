import JSON
import Testing

@testable import FetchInterface

@Suite struct FetchReportTests {
    static let reports: [FetchReport] = [
        .progress(DownloadProgress(number: 1, label: "ACI")),
        .progress(
            DownloadProgress(number: .max, label: "sha256:0123456789a", received: .max, total: .max, isDone: true)),
        .message("image: fetching image from https://example.com/<&>\"\\.aci"), .message(""),
    ]

    @Test(arguments: reports)
    func `a report is one line and is read as it was written`(report: FetchReport) throws {
        let line = report.line
        #expect(line.firstIndex(of: 0x0a) == line.count - 1)
        #expect(try FetchReport(parsing: line.dropLast()) == report)
    }

    @Test(arguments: FetchAnswerTests.answers.indices)
    func `an answer is no report`(index: Int) throws {
        #expect(try FetchReport(parsing: FetchAnswerTests.answers[index].bytes) == nil)
    }

    @Test(arguments: [
        #"{"progress":{"number":-1,"label":"x","received":0,"isDone":true}}"#,
        #"{"progress":{"number":4294967296,"label":"x","received":0,"isDone":true}}"#,
        #"{"progress":{"number":1,"label":"","received":0,"isDone":true}}"#,
        #"{"progress":{"number":1,"label":"a\u001b[2Jb","received":0,"isDone":true}}"#,
        #"{"progress":{"number":1,"label":"a\nb","received":0,"isDone":true}}"#,
        #"{"progress":{"number":1,"label":"日本","received":0,"isDone":true}}"#,
        #"{"progress":{"number":1,"label":"x","received":-1,"isDone":true}}"#,
        #"{"progress":{"number":1,"label":"x","received":18446744073709551616,"isDone":true}}"#,
        #"{"progress":{"number":1,"label":"x","received":1.5,"isDone":true}}"#,
        #"{"progress":{"number":1,"label":"x","received":0}}"#,
        #"{"progress":{"number":1,"label":"x","received":0,"isDone":true},"message":"x"}"#,
        #"{"progress":[]}"#, #"{"message":{}}"#, #"{}"#, #"[]"#, #"{"message":"x"}{"#, "x", "", "\u{0}",
    ])
    func `what is neither report nor answer is an error`(text: String) {
        #expect(throws: (any Error).self) { try FetchReport(parsing: Array(text.utf8)) }
    }

    @Test func `labels are short`() throws {
        func read(_ count: Int) throws -> FetchReport? {
            let label = String(repeating: "x", count: count)
            return try FetchReport(
                parsing: FetchReport.progress(DownloadProgress(number: 1, label: label)).line.dropLast())
        }
        #expect(try read(64) != nil)
        #expect(throws: (any Error).self) { try read(65) }
    }

    @Test func `messages are harmless and fit a line`() throws {
        let text = #"{"message":"a\u001b[31m\u202e\nb"}"#
        #expect(try FetchReport(parsing: Array(text.utf8)) == .message("a\u{fffd}[31m\u{fffd}\u{fffd}b"))
        for character in ["<", "\u{1}", "e\u{301}\u{301}\u{301}", "👩‍👩‍👧‍👦"] {
            let line = FetchReport.message(String(repeating: character, count: 20_000)).line.dropLast()
            #expect(line.count <= FetchReport.maximumLineBytes)
            #expect(try FetchReport(parsing: line) != nil)
        }
    }

    @Test func `sizes are decimal`() {
        #expect(byteText(0) == "0 B" && byteText(999) == "999 B" && byteText(1_200_000) == "1.2 MB")
        #expect(byteText(1_000) == "1.0 KB" && byteText(999_999) == "999.9 KB" && byteText(.max) == "18.4 EB")
    }
}
