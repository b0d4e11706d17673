import CLinux
import LinuxSystem
import Stage1Interface
import Stage1Kit
import SystemPackage

/// The file of a ``KubernetesLogPlan``: a line `TIME stdout|stderr TEXT` for each that the app wrote.
///
/// It begins anew whenever the app is started. When it cannot be written any more it says so once, and the app goes on.
///
/// Source: rkt 1.30.0, stage1/iottymux/iottymux.go.
final class KubernetesLog {
    /// What is longer becomes several lines.
    private static let longestLine = 1 << 16

    private var file: Descriptor?
    /// The beginning of a line that is not complete.
    private var rest: [LogRecord.Stream: [UInt8]] = [:]

    init(_ plan: KubernetesLogPlan) throws {
        try explaining("cannot open log '\(plan.path)' in '\(plan.directory)'") {
            if plan.directory.isRelative { try makeDirectories(plan.directory, mode: 0o755) }  // the pod's own
            file = try Descriptor.open(plan.directory, [.directory]).openBeneath(
                plan.path, [.writeOnly, .create, .truncate, .nonBlocking, .noControllingTerminal], mode: 0o640)
        }
    }

    func append(_ bytes: UnsafeRawBufferPointer, _ stream: LogRecord.Stream) {
        if file == nil { return }
        var line = rest.removeValue(forKey: stream) ?? []
        var output: [UInt8] = []
        for byte in bytes {
            if byte == UInt8(ascii: "\n") || line.count == Self.longestLine {
                output += entry(line, stream)
                line.removeAll(keepingCapacity: true)
            }
            if byte != UInt8(ascii: "\n") { line.append(byte) }
        }
        rest[stream] = line
        write(output)
    }

    /// Nothing more comes: what had no end is a line too.
    func finish() {
        for (stream, line) in rest where !line.isEmpty { write(entry(line, stream)) }
        rest = [:]
    }

    private func entry(_ line: [UInt8], _ stream: LogRecord.Stream) -> [UInt8] {
        LogTime.text(clinux_now()) + Array(" \(stream.rawValue) ".utf8) + line + [UInt8(ascii: "\n")]
    }

    private func write(_ bytes: [UInt8]) {
        if bytes.isEmpty { return }
        do {
            try file?.writeAll(bytes)
        } catch {
            file = nil
            writeDiagnostic("run: the log for Kubernetes is not written any more: \(error)")
        }
    }
}
