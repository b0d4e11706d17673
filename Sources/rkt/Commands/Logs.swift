import AppContainer
import Glibc
import LinuxSystem
import Pods
import Stage0
import Stage1Interface

/// What `rkt logs` is asked for.
struct LogOptions: Sendable {
    var follows = false
    /// Nanoseconds since 1970.
    var since: Int64?
    var until: Int64?
    var lines: Int?
    var wantsOutput = false
    var wantsError = false
}

/// `rkt logs`: what the apps of a pod wrote.
let logsCommand = Command(
    name: "logs",
    summary: "Show what the apps of a pod wrote",
    arguments: "[--app=APPNAME] [--follow] [--since=TIME] [--until=TIME] [--lines=N] UUID",
    description: """
        Shows the logs of a running or exited pod: standard output on standard output, standard error on standard error. Of
        several apps each line begins with the app's name. TIME is RFC 3339, or a duration before now, such as 10m.
        """,
    flags: {
        [
            appFlag(usage: "name of the app whose log is wanted"),
            .boolean("follow", "wait for more until the pod has ended") { $0.logs.follows = $1 },
            .value("since", "show only what was written since then") { $0.logs.since = try logTime($1) },
            .value("until", "show only what was written until then") { $0.logs.until = try logTime($1) },
            .value("lines", "show so many lines at most, the last ones") { options, text in
                guard let lines = Int(text), lines >= 0 else {
                    throw GoValueError(description: "\(quoted(text)) is no number of lines")
                }
                options.logs.lines = lines
            },
            .boolean("stdout", "show standard output only") { $0.logs.wantsOutput = $1 },
            .boolean("stderr", "show standard error only") { $0.logs.wantsError = $1 },
            uuidFileFlag,
        ]
    },
    run: logs)

private func logs(_ context: CommandContext) throws {
    let name = try context.podNames(limit: 1)[0]
    let options = context.options.logs
    let pod = try explaining("unable to get pod") {
        try PodStore(dataDirectory: context.dataDirectory()).pod(matching: name)
    }
    let all = try pod.manifest().apps.map(\.name)
    let chosen = try context.appName()
    if let chosen, !all.contains(chosen) { throw EnterError.unknownApp(chosen) }
    var selection = LogSelection(apps: chosen.map { [$0] } ?? all)
    if options.wantsOutput != options.wantsError {
        selection.streams = options.wantsOutput ? [.standardOutput] : [.standardError]
    }
    selection.since = options.since
    selection.until = options.until
    selection.lines = options.lines
    var screen = LogScreen(showsNames: selection.apps.count > 1)
    try readLogs(of: pod, selection, follows: options.follows) { try screen.show($0) }
    try screen.finish()
}

/// A point in time: RFC 3339, or a duration before now.
private func logTime(_ text: String) throws -> Int64 {
    let second: Int64 = 1_000_000_000
    if let date = try? ACDate(text) {  // what is no date is a duration, or refused below
        let (time, isTooFar) = date.secondsSince1970.multipliedReportingOverflow(by: second)
        if isTooFar { throw GoValueError(description: "\(quoted(text)) is out of reach") }
        return time
    }
    let duration = try parseGoDuration(text)
    return now() - duration
}

/// Writes entries to standard output and error; with names, only whole lines.
private struct LogScreen {
    let showsNames: Bool
    private var unfinished: [String: [UInt8]] = [:]
    private var names: [String: (app: ACName, stream: LogRecord.Stream)] = [:]

    init(showsNames: Bool) { self.showsNames = showsNames }

    mutating func show(_ entry: AppLogRecord) throws {
        let record = entry.record
        if !showsNames {
            try write(record.isComplete ? record.text + [0x0a] : Array(record.text)[...], to: record.stream)
            return
        }
        let key = "\(record.stream.rawValue) \(entry.app)"
        let line = (unfinished.removeValue(forKey: key) ?? Array("\(entry.app): ".utf8)) + record.text
        if record.isComplete || line.count > 1 << 20 {
            try write(line + [0x0a], to: record.stream)
        } else {
            unfinished[key] = line
            names[key] = (entry.app, record.stream)
        }
    }

    /// Shows what never got an end.
    mutating func finish() throws {
        for (key, line) in unfinished.sorted(by: { $0.key < $1.key }) {
            if let stream = names[key]?.stream { try write(line + [0x0a], to: stream) }
        }
    }

    private func write(_ bytes: some Sequence<UInt8>, to stream: LogRecord.Stream) throws {
        try Descriptor(owning: dup(stream == .standardOutput ? 1 : 2)).writeAll(Array(bytes))
    }
}
