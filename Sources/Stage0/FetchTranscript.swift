import FetchInterface

/// What one run of the fetch program has written: reports, if it was asked for them, each on a line, and then the answer.
///
/// It may have been taken over by whom it talked to: nothing it writes takes more memory than an answer may have.
struct FetchTranscript {
    private let hasReports: Bool
    /// What is not understood yet; with a complete answer, all of that.
    private var text: [UInt8] = []
    /// So much of it has no end of a line.
    private var searched = 0
    private var hasAnswer = false
    /// Numbers of the downloads that are under way.
    private var downloads: Set<UInt32> = []

    init(hasReports: Bool) { self.hasReports = hasReports }

    /// Takes what came, and returns the reports that are complete now, in order.
    mutating func append(_ bytes: [UInt8]) throws(FetchProgramError) -> [FetchReport] {
        text += bytes
        guard text.count <= FetchProgram.maximumAnswerBytes else {
            throw .answerTooLong(limit: FetchProgram.maximumAnswerBytes)
        }
        guard hasReports else { return [] }
        if hasAnswer && !bytes.isEmpty { throw .noAnswer("there is more behind it") }
        var reports: [FetchReport] = []
        var start = 0
        while let end = text[max(start, searched)...].firstIndex(of: 0x0a) {
            guard let report = try report(text[start..<end]) else {
                hasAnswer = true
                guard end == text.count - 1 else { throw .noAnswer("there is more behind it") }
                break
            }
            try count(report)
            reports.append(report)
            start = end + 1
        }
        text.removeFirst(start)
        searched = text.count
        return reports
    }

    /// The answer, when all was written.
    func answer() throws(FetchProgramError) -> FetchAnswer {
        do {
            return try FetchAnswer(parsing: text)
        } catch {
            throw .noAnswer("\(error)")
        }
    }

    /// What a line reports; nil when it is the answer, or nonsense that is found out when that is read.
    private func report(_ line: ArraySlice<UInt8>) throws(FetchProgramError) -> FetchReport? {
        guard line.count <= FetchReport.maximumLineBytes else { return nil }
        do {
            return try FetchReport(parsing: line)
        } catch {
            throw .noAnswer("\(error)")
        }
    }

    private mutating func count(_ report: FetchReport) throws(FetchProgramError) {
        guard case .progress(let progress) = report else { return }
        if progress.isDone { downloads.remove(progress.number) } else { downloads.insert(progress.number) }
        guard downloads.count <= FetchReport.maximumDownloads else {
            throw .noAnswer("more than \(FetchReport.maximumDownloads) downloads at once")
        }
    }
}
