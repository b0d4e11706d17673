import Glibc
import LinuxSystem
import Stage1Interface
import Stage1Kit

/// Asks the app to end, or ends it: SIGTERM, with `--force` SIGKILL.
///
/// When the app itself is gone and left children, they get the signal: every process in the pod's mount namespace. The
/// process group that the original signalled then may be that of the caller's shell.
///
/// Source: rkt 1.30.0, stage1_fly/stop/main.go.
func stop(_ words: [String]) throws -> CInt {
    let arguments = try StopArguments(parsing: words)
    let signal = arguments.force ? SIGKILL : SIGTERM
    let pid = try readPIDFile(Stage1ABI.Path.pid)
    if let process = try? openProcess(pid), try MountNamespaceRecord.matches(pid) {  // gone is not an error but the other case
        try sendSignal(signal, to: process)
        return 0
    }
    for member in try MountNamespaceRecord.members() {
        guard let process = try? openProcess(member), try MountNamespaceRecord.matches(member) else { continue }  // ended meanwhile
        try sendSignal(signal, to: process)
    }
    return 0
}
