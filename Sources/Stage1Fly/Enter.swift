import Glibc
import LinuxSystem
import Stage1Interface
import Stage1Kit
import Stage2Interface
import SystemPackage

/// Becomes a command in the root and the mounts of the running app, as its user and with its environment.
///
/// Source: rkt 1.30.0, stage1_fly/enter/main.go; unlike there the command is looked for in the app's `PATH` and the
/// caller's terminal is kept.
func enter(_ words: [String]) throws -> CInt {
    let arguments = try EnterArguments(parsing: words)
    if arguments.user != nil { throw Failure("stage1-fly enters as the app's own user only") }
    var spec = try LaunchRecord.load(arguments.app)
    spec.arguments = arguments.command
    spec.workingDirectory = "/"
    if let terminal = environmentVariable("TERM") {
        spec.environment.removeAll { $0.hasPrefix("TERM=") }
        spec.environment.append("TERM=\(terminal)")
    }
    let process = try openProcess(arguments.pid)
    let root = try Descriptor.open(FilePath("/proc/\(arguments.pid)/root"), [.path, .directory])
    guard try MountNamespaceRecord.matches(arguments.pid) else {
        throw Failure("process \(arguments.pid) is not of this pod any more")
    }
    try Namespaces.mount.join(process)
    try changeDirectory(to: root)
    try changeRoot(to: ".")
    try assume(spec)
    let program = try spec.locateProgram()
    do {
        try execute(program, spec)
    } catch {
        throw Failure("exec failed", cause: error)
    }
}
