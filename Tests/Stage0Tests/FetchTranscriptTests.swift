import FetchInterface
import Testing

@testable import Stage0

@Suite struct FetchTranscriptTests {
    private static let progress = FetchReport.progress(DownloadProgress(number: 1, label: "ACI", received: 5))
    private static let answer = FetchAnswer.notModified.bytes + [0x0a]

    private func read(_ text: [UInt8], pieces: Int, hasReports: Bool = true) throws -> ([FetchReport], FetchAnswer) {
        var transcript = FetchTranscript(hasReports: hasReports)
        var reports: [FetchReport] = []
        var rest = text[...]
        while !rest.isEmpty {
            reports += try transcript.append(Array(rest.prefix(pieces)))
            rest = rest.dropFirst(pieces)
        }
        reports += try transcript.append([])
        return (reports, try transcript.answer())
    }

    private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

    @Test(arguments: [1, 2, 7, 64, 1000])
    func `reports are taken as their lines end, and the last line is the answer`(pieces: Int) throws {
        let written: [FetchReport] = [Self.progress, .message("a"), Self.progress]
        let (reports, answer) = try read(written.flatMap(\.line) + Self.answer, pieces: pieces)
        #expect(reports == written && answer == .notModified)
        #expect(try read(Self.answer, pieces: pieces).1 == .notModified)
        #expect(try read(Self.answer.dropLast(), pieces: pieces).1 == .notModified)
    }

    @Test func `a report is handed over before the next one is there`() throws {
        var transcript = FetchTranscript(hasReports: true)
        #expect(try transcript.append(Self.progress.line + [0x7b]) == [Self.progress])
    }

    @Test func `an answer of any length may follow`() throws {
        let answer = FetchAnswer.failure(Array(repeating: String(repeating: "x", count: 3_000), count: 32))
        #expect(answer.bytes.count > FetchReport.maximumLineBytes)
        let (reports, read) = try read(Self.progress.line + answer.bytes + [0x0a], pieces: 4096)
        #expect(reports == [Self.progress] && read == answer)
    }

    @Test(
        arguments: [
            "{\"progress\":{\"number\":1}}\n{\"notModified\":true}\n", "\n{\"notModified\":true}\n",
            "x\n{\"notModified\":true}\n",
            "{\"notModified\":true}\n\n", "{\"notModified\":true}\n{\"notModified\":true}\n",
            "{\"notModified\":true}\n{\"message\":\"x\"}\n", "{\"nonsense\":1}\n{\"notModified\":true}\n",
            "{\"message\":\"x\"}\n",
            "{\"message\":\"x\"}\n{\"notMod", "{\"message\":\"x\"}", "", "{\"message\":\"x\"}\n\n",
        ], [1, 1000])
    func `nonsense between, behind and in place of the answer is an error`(text: String, pieces: Int) throws {
        let error = try #require(throws: FetchProgramError.self) { try read(bytes(text), pieces: pieces) }
        guard case .noAnswer = error else { throw error }
    }

    @Test func `a line that is too long for a report is none`() throws {
        let long = FetchReport.maximumLineBytes
        let text = bytes("{\"message\":\"") + Array(repeating: UInt8(ascii: "x"), count: long) + bytes("\"}\n")
        #expect(throws: FetchProgramError.self) { try read(text, pieces: 4096) }
        #expect(throws: FetchProgramError.self) { try read(text + Self.answer, pieces: 4096) }
    }

    @Test func `a line without end has the limit of an answer`() throws {
        var transcript = FetchTranscript(hasReports: true)
        let piece = [UInt8](repeating: UInt8(ascii: "x"), count: 1 << 20)
        for _ in 0..<64 { #expect(try transcript.append(piece) == []) }
        #expect(throws: FetchProgramError.answerTooLong(limit: FetchProgram.maximumAnswerBytes)) {
            try transcript.append([0])
        }
    }

    @Test func `reports do not add up`() throws {
        var transcript = FetchTranscript(hasReports: true)
        let line = FetchReport.message(String(repeating: "x", count: 4_000)).line
        let lines = Array(repeatElement(line, count: 256).joined())
        for _ in 0..<70 { #expect(try transcript.append(lines).count == 256) }
        _ = try transcript.append(Self.answer)
        #expect(try transcript.answer() == .notModified)
    }

    @Test func `downloads at once are counted`() throws {
        var transcript = FetchTranscript(hasReports: true)
        let maximum = UInt32(FetchReport.maximumDownloads)
        func line(_ number: UInt32, isDone: Bool = false) -> [UInt8] {
            FetchReport.progress(DownloadProgress(number: number, label: "x", isDone: isDone)).line
        }
        for number in 1...maximum { _ = try transcript.append(line(number)) }
        _ = try transcript.append(line(1, isDone: true) + line(maximum + 1) + line(maximum + 1))
        #expect(throws: FetchProgramError.noAnswer("more than \(maximum) downloads at once")) {
            try transcript.append(line(1))
        }
    }

    @Test func `a job that asks for no reports gets none`() throws {
        #expect(try read(Self.answer, pieces: 3, hasReports: false).1 == .notModified)
        #expect(throws: FetchProgramError.self) {
            try read(Self.progress.line + Self.answer, pieces: 3, hasReports: false)
        }
    }
}
