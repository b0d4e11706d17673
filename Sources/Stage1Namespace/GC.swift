import Glibc
import LinuxSystem
import Stage1Interface
import Stage1Kit
import SystemPackage

/// Removes what a killed pod left outside its directory: its cgroups.
///
/// Nothing there is fine.
func collectGarbage(_ words: [String]) throws -> CInt {
    _ = try GCArguments(parsing: words)
    for directory in try CgroupRecord.load() {
        try waitForProcesses(in: directory)
        try removeCgroup(directory)
    }
    return 0
}

/// Ends the processes that are still in a cgroup, and waits until they have: their end was decided when the lock of the pod
/// was let go, or when the app they belong to ended.
func waitForProcesses(in directory: FilePath) throws {
    guard exists(directory) else { return }
    for child in try directoryEntries(Descriptor.open(directory, [.directory])) where child.kind == .directory {
        try waitForProcesses(in: directory.appending(child.name))
    }
    for word in try readTextFile(directory.appending("cgroup.procs")).split(separator: "\n") {
        if let pid = CInt(word) { try endProcess(pid) }
    }
}

private func endProcess(_ pid: CInt) throws(SystemCallError) {
    do {
        let process = try openProcess(pid)
        try sendSignal(SIGKILL, to: process)
        _ = try waitForInput([process.raw], milliseconds: 10_000)
    } catch {
        if error.errno != .noSuchProcess { throw error }
    }
}
