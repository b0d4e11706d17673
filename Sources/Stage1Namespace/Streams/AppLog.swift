import CLinux
import Glibc
import LinuxSystem
import Stage1Interface
import Stage1Kit
import SystemPackage

/// What an app wrote to one of its streams, kept in the pod directory up to a limit: when the file is full it becomes the
/// older half, and the half before it is gone.
///
/// A log that cannot be written any more, for example on a full disk, says so once and lets the app go on.
final class AppLog {
    private static let maximumFileBytes = 8 << 20

    private let directory: Descriptor
    private let stream: LogRecord.Stream
    private var file: Descriptor?
    private var size = 0
    private var entries: [UInt8] = []

    /// Goes on with the log that is there.
    init(of app: String, _ stream: LogRecord.Stream) throws {
        self.stream = stream
        let path = FilePath(LogRecord.directory).appending(app)
        try makeDirectories(path, mode: 0o700)
        directory = try Descriptor.open(path, [.directory, .noFollow])
        try open()
    }

    private func open() throws(SystemCallError) {
        let opened = try directory.open(stream.rawValue, [.writeOnly, .create, .append, .noFollow], mode: 0o600)
        size = Int(clamping: try opened.size())
        file = consume opened
    }

    func append(_ bytes: UnsafeRawBufferPointer) {
        if file == nil { return }
        entries.removeAll(keepingCapacity: true)
        LogRecord.append(bytes, stream, time: clinux_now(), to: &entries)
        do {
            if size > 0, size + entries.count > Self.maximumFileBytes { try rotate() }
            try file?.writeAll(entries)
            size += entries.count
        } catch {
            file = nil
            writeDiagnostic("run: \(stream.rawValue) is not logged any more: \(error)")
        }
    }

    private func rotate() throws(SystemCallError) {
        let number = directory.raw
        let name = stream.rawValue
        try check("renameat", "log '\(name)'") { renameat(number, name, number, name + LogRecord.olderSuffix) }
        try open()
    }
}
