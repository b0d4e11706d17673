import CLinux
import Glibc
import LinuxSystem
import SystemPackage

/// Runs an entry point of a pod's stage1 as a child, with the pod's directory as the current one, and waits for its end.
///
/// `program`: below stage1's root.
/// `timeout`: the child is killed after it; nil waits for ever.
/// `enter`: makes the pod visible in the child.
func runEntryPoint(
    _ program: FilePath, _ words: [String], environment: [String] = processEnvironment(), timeout: Duration?,
    _ view: PodView, enter: (PodView) throws -> Void
) throws -> ProcessEnd {
    let child = try forkProcess {
        do {
            try enter(view)
            let executable = try view.program(program)
            try replaceProcess(executable, [executable.string] + words, environment: environment)
        } catch {
            try? Descriptor(owning: 2).writeAll("\(error)\n")  // nobody is left to tell
            _exit(254)
        }
    }
    if let timeout {
        let milliseconds = CInt(clamping: timeout.components.seconds * 1000)
        let number = child.descriptor.raw
        let ready = try check("poll", "entry point '\(program)'") { clinux_poll([number], 1, milliseconds) }
        if ready == 0 { try child.send(SIGKILL) }
    }
    return try child.wait()
}
