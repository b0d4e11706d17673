import CLinux
import FetchInterface

/// Tells how far downloads have come: rkt a few times a second, which draws bars; else the user, once each is complete.
///
/// A download pays for it with a look at the clock per piece that comes in.
final class ProgressReporter {
    private struct Download {
        var progress: DownloadProgress
        /// There is something to report.
        var isNews = true
    }

    private let output: ReportOutput?
    private let messages: Messages
    private let now: () -> Int64
    private var downloads: [UInt32: Download] = [:]
    private var last: UInt32 = 0
    private var lastTime: Int64 = 0

    /// Nanoseconds between two reports of one download.
    static let interval: Int64 = 250_000_000

    /// `now` is in nanoseconds.
    init(_ output: ReportOutput?, _ messages: Messages, now: @escaping () -> Int64 = clinux_now) {
        self.output = output
        self.messages = messages
        self.now = now
    }

    /// How long to wait at most for something else to happen before ``report()``; for ever when nil.
    var milliseconds: CInt? {
        output != nil && downloads.values.contains(where: \.isNews) ? CInt(Self.interval / 1_000_000) : nil
    }

    /// A download has begun; the number stands for it from now on.
    func add(_ label: String) -> UInt32 {
        last += 1
        downloads[last] = Download(progress: DownloadProgress(number: last, label: label))
        return last
    }

    func update(_ number: UInt32, received: UInt64, total: UInt64?) {
        downloads[number]?.progress.received = received
        downloads[number]?.progress.total = total
        downloads[number]?.isNews = true
    }

    /// The download is complete.
    func finish(_ number: UInt32) {
        guard var progress = downloads[number]?.progress else { return }
        if output == nil {
            messages.line("Downloading \(progress.label): \(byteText(progress.received))")
            downloads[number] = nil
            return
        }
        progress.isDone = true
        progress.total = progress.received
        downloads[number] = Download(progress: progress)
        send(number, waits: false)
    }

    /// Reports what is new, unless that was done just now.
    func report() {
        guard output != nil, !downloads.isEmpty else { return }
        let time = now()
        guard time - lastTime >= Self.interval || time < lastTime else { return }
        lastTime = time
        for number in downloads.keys.sorted() { send(number, waits: false) }
    }

    /// Reports what was not taken yet, however long that takes, and forgets all downloads.
    func close() {
        for number in downloads.keys.sorted() { send(number, waits: true) }
        downloads = [:]
    }

    private func send(_ number: UInt32, waits: Bool) {
        guard let output, let download = downloads[number], download.isNews else { return }
        guard output.send(download.progress, waits: waits) else { return }
        if download.progress.isDone { downloads[number] = nil } else { downloads[number]?.isNews = false }
    }
}
