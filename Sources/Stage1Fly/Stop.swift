import Glibc
import LinuxSystem
import Stage1Interface
import Stage1Kit
import SystemPackage

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
    let targets = try MountNamespaceRecord.matches(pid) ? [pid] : MountNamespaceRecord.members()
    for target in targets {
        do {
            let process = try openProcess(target)
            guard try MountNamespaceRecord.matches(target) else { continue }
            try sendSignal(signal, to: process)
        } catch let error as SystemCallError where error.errno == .noSuchProcess {
            continue
        }
    }
    return 0
}
