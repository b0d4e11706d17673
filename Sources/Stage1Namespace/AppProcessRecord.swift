import AppContainer
import Glibc
import LinuxSystem
import Stage1Kit
import SystemPackage

/// Which process an app is, by its number inside the pod, while it runs.
///
/// One file per app in `processes/` in the pod directory.
enum AppProcessRecord {
    static let directory: FilePath = "processes"

    /// The app's process as the host sees it, found among the children of the pod's first process.
    static func find(_ app: ACName, below first: CInt) throws -> CInt {
        let inner: CInt
        do {
            inner = try readPIDFile(directory.appending(app.rawValue))
        } catch {
            throw Failure("app '\(app)' is not running")
        }
        for pid in try children(of: first) where innermostPID(of: pid) == inner { return pid }
        throw Failure("app '\(app)' is not running")
    }

    /// The children of a process; where the kernel keeps no list of them, by looking at every process.
    private static func children(of parent: CInt) throws -> [CInt] {
        if let list = try? readTextFile(FilePath("/proc/\(parent)/task/\(parent)/children")) {  // not in every kernel
            return list.split(separator: " ").compactMap { CInt($0) }
        }
        return try listDirectory("/proc").compactMap { CInt($0) }.filter {
            parentPID(of: $0) == parent
        }
    }

    /// `nil` when the process has ended.
    static func parentPID(of pid: CInt) -> CInt? { status(of: pid, field: "PPid:")?.first }

    /// The number a process has in the innermost pid namespace it is in; `nil` when it has ended.
    private static func innermostPID(of pid: CInt) -> CInt? { status(of: pid, field: "NSpid:")?.last }

    private static func status(of pid: CInt, field: String) -> [CInt]? {
        guard let text = try? readTextFile(FilePath("/proc/\(pid)/status")) else { return nil }  // it has ended
        let line = text.utf8.split(separator: UInt8(ascii: "\n")).first { $0.starts(with: field.utf8) }
        return line.map { Substring($0) }?.split(whereSeparator: \.isWhitespace).dropFirst().compactMap { CInt($0) }
    }
}
