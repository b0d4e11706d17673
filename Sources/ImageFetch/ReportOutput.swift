import CLinux
import FetchInterface
import LinuxSystem

/// Where reports for rkt go: standard output, before the answer.
struct ReportOutput: Sendable {
    private let write: @Sendable (_ line: [UInt8], _ waits: Bool) -> Bool

    /// `write` says whether the line was taken; it may refuse it only when it is not to wait.
    init(write: @escaping @Sendable (_ line: [UInt8], _ waits: Bool) -> Bool) { self.write = write }

    /// Nothing that rkt does holds up a download: a pipe that is full is waited for only where `waits` says so.
    static let standardOutput = ReportOutput { line, waits in
        // A pipe that can be written to takes 4096 bytes whole, more than a report of progress has.
        guard waits || clinux_can_write(1) == 1 else { return false }
        let output = Descriptor(owning: 1)
        try? output.writeAll(line)  // nobody is left to tell
        _ = output.release()
        return true
    }

    func send(_ progress: DownloadProgress, waits: Bool) -> Bool { write(FetchReport.progress(progress).line, waits) }

    /// Lines for the user as reports.
    var messages: Messages { Messages { [write] text in _ = write(FetchReport.message(text).line, true) } }
}
