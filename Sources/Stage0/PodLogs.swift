package import AppContainer
import Glibc
import LinuxSystem
package import Pods
package import Stage1Interface
import SystemPackage

/// Which entries of a pod's logs are wanted.
package struct LogSelection: Sendable {
    package var apps: [ACName]
    package var streams: Set<LogRecord.Stream> = Set(LogRecord.Stream.allCases)
    /// Nanoseconds since 1970, both inclusive.
    package var since: Int64?
    package var until: Int64?
    /// So many of the last lines at most.
    package var lines: Int?

    package init(apps: [ACName]) { self.apps = apps }

    func contains(_ record: LogRecord) -> Bool {
        streams.contains(record.stream) && record.time >= since ?? .min && record.time <= until ?? .max
    }
}

/// One entry and the app that wrote it.
package struct AppLogRecord: Sendable {
    package let app: ACName
    package let record: LogRecord
}

/// Reads the logs of a pod in the order of time.
///
/// `follows`: waits for more until the pod has ended.
/// `take`: gets each entry; entries of one app and stream come in the order they were written in.
package func readLogs(
    of pod: Pod, _ selection: LogSelection, follows: Bool, take: (AppLogRecord) throws -> Void
) throws {
    let activity = follows ? try PodActivity(of: pod) : nil
    guard let root = try logDirectory(pod.descriptor, LogRecord.directory) else {
        throw Failure("pod \"\(pod.id)\" has no logs: its apps have not started, or its stage1 keeps none")
    }
    try activity?.add(root)
    let files = LogFiles(selection.apps, root)
    if let lines = selection.lines {
        var last = LastLines(lines)
        try files.readAll(activity) { if selection.contains($0.record) { last.add($0) } }
        last.trim()
        for record in last.records { try take(record) }
    } else {
        try files.readAll(activity) { if selection.contains($0.record) { try take($0) } }
    }
    guard let activity else { return }
    while true {
        let goesOn = try activity.wait()
        try files.readAll(activity) { if selection.contains($0.record) { try take($0) } }
        if !goesOn { return }
    }
}

private func logDirectory(_ parent: borrowing Descriptor, _ name: String) throws -> Descriptor? {
    do {
        return try parent.openBeneath(name, [.directory, .noFollow], confinement: .beneath)
    } catch {
        if error.errno == .noSuchFileOrDirectory { return nil }
        throw error
    }
}

/// The newest entries of a stream of them, as many as make so many lines.
private struct LastLines {
    private let limit: Int
    private(set) var records: [AppLogRecord] = []
    private var complete = 0

    init(_ limit: Int) { self.limit = limit }

    mutating func add(_ record: AppLogRecord) {
        if limit == 0 { return }
        records.append(record)
        if record.record.isComplete { complete += 1 }
        // Now and then, so that dropping costs little; an unfinished line counts as one.
        if complete > 2 * limit + 1024 { trim() }
    }

    mutating func trim() {
        var seen = 0
        var start = records.count
        while start > 0 {
            if records[start - 1].record.isComplete || start == records.count {
                if seen == limit { break }
                seen += 1
            }
            start -= 1
        }
        records.removeFirst(start)
        complete = records.count { $0.record.isComplete }
    }
}

/// The log files of several apps and how far they were read.
private final class LogFiles {
    private let apps: [ACName]
    private let root: Descriptor
    private var cursors: [LogCursor] = []
    private var opened: Set<ACName> = []

    init(_ apps: [ACName], _ root: consuming Descriptor) {
        self.apps = apps
        self.root = root
    }

    /// Reads what is there and was not read yet, the oldest entry of all first.
    func readAll(_ activity: PodActivity?, take: (AppLogRecord) throws -> Void) throws {
        try openNew(activity)
        while true {
            var oldest: LogCursor?
            for cursor in cursors {
                guard let record = try cursor.peek() else { continue }
                if let best = try oldest?.peek(), best.time <= record.time { continue }
                oldest = cursor
            }
            guard let cursor = oldest, let record = try cursor.peek() else { return }
            cursor.drop()
            try take(AppLogRecord(app: cursor.app, record: record))
        }
    }

    /// Apps begin to log when they start.
    private func openNew(_ activity: PodActivity?) throws {
        for app in apps where !opened.contains(app) {
            guard let directory = try logDirectory(root, app.rawValue) else { continue }
            try activity?.add(directory)
            for stream in LogRecord.Stream.allCases {
                cursors.append(LogCursor(app, stream, try directory.duplicate()))
            }
            opened.insert(app)
        }
    }
}

/// One log: the older file, then the newer, then the one that takes its place.
private final class LogCursor {
    /// More than the longest entry has.
    private static let chunk = 1 << 18

    let app: ACName
    private let stream: LogRecord.Stream
    private let directory: Descriptor
    private var file: Descriptor?
    /// Names that still have to be opened, the next one first.
    private var names: [String]
    private var buffer: ArraySlice<UInt8> = []
    private var next: LogRecord?

    init(_ app: ACName, _ stream: LogRecord.Stream, _ directory: consuming Descriptor) {
        self.app = app
        self.stream = stream
        self.directory = directory
        names = [stream.rawValue + LogRecord.olderSuffix, stream.rawValue]
    }

    func drop() { next = nil }

    /// The next entry, or `nil` when there is none yet.
    ///
    /// What is no entry is passed over.
    func peek() throws -> LogRecord? {
        while next == nil {
            if let end = buffer.firstIndex(of: 0x0a) {
                let line = buffer[..<end]
                buffer = buffer[(end + 1)...]
                next = LogRecord(parsing: line)
            } else if try !readMore() {
                return nil
            }
        }
        return next
    }

    private func readMore() throws -> Bool {
        if let more = try readChunk(), !more.isEmpty {
            // An entry without an end is no entry.
            buffer = buffer.count > 4 * Self.chunk ? more[...] : Array(buffer + more)[...]
            return true
        }
        if try openNext() {
            buffer = []
            return true
        }
        return false
    }

    private func readChunk() throws -> [UInt8]? {
        guard let number = file?.raw else { return nil }
        return try [UInt8](unsafeUninitializedCapacity: Self.chunk) { bytes, count in
            count = 0
            count = try check("read", "log '\(stream.rawValue)'") { read(number, bytes.baseAddress, bytes.count) }
        }
    }

    /// Opens the file that comes after what was read; false when that is the last one.
    private func openNext() throws -> Bool {
        if names.isEmpty {
            // The newest one has another name when a newer one has taken its place.
            guard let number = file?.raw else { return false }
            let name = stream.rawValue
            guard let newest = try? FileStatus(of: name, below: directory), try newest.inode != inode(of: number) else {
                return false
            }
            names = [name]
        }
        while let name = names.first {
            names.removeFirst()
            guard let opened = try open(name) else { continue }
            file = consume opened
            return true
        }
        if file == nil { names = [stream.rawValue] }
        return false
    }

    private func open(_ name: String) throws -> Descriptor? {
        do {
            return try directory.openBeneath(name, [.noFollow, .nonBlocking], confinement: .beneath)
        } catch {
            if error.errno == .noSuchFileOrDirectory { return nil }
            throw error
        }
    }

    private func inode(of number: CInt) throws -> UInt64 {
        var status = stat()
        try check("fstat", "log '\(stream.rawValue)'") { fstat(number, &status) }
        return UInt64(status.st_ino)
    }
}
