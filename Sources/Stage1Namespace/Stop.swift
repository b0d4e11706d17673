import Glibc
import LinuxSystem
import Stage1Interface
import Stage1Kit

/// Asks the pod to end, or ends it: SIGTERM to its first process, with `--force` SIGKILL.
///
/// Waits for nothing.
func stop(_ words: [String]) throws -> CInt {
    let arguments = try StopArguments(parsing: words)
    let pid = try readPIDFile(Stage1ABI.Path.pid)
    do {
        try sendSignal(arguments.force ? SIGKILL : SIGTERM, to: openProcess(pid))
    } catch {
        throw Failure("unable to terminate process \(pid)", cause: error)
    }
    return 0
}
