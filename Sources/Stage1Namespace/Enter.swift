import CLinux
import Glibc
import LinuxSystem
import Stage1Interface
import Stage1Kit
import Stage2Interface
import SystemPackage

/// Runs a command in a running app, confined exactly as the app, and returns its exit status.
///
/// Namespaces, cgroup, capabilities, filter, limits, scheduling and out-of-memory score are the app's; the user is root
/// unless the arguments name another. Runs from the image store, not from the pod: nothing of the pod is executed with
/// more rights than the app has. The shim is a read-only view of the store's, so a command that leads back to it finds
/// nothing it can write to.
func enter(_ words: [String]) throws -> CInt {
    let arguments = try EnterArguments(parsing: words)
    var spec = try LaunchRecord.load(arguments.app)
    spec.arguments = arguments.command
    spec.workingDirectory = "/"
    spec.socketNames = []  // the app has them
    spec.environment.removeAll { $0.hasPrefix("TERM=") }
    spec.environment.append("TERM=\(environmentVariable("TERM") ?? "vt100")")

    try check("prctl", "PR_SET_DUMPABLE") { clinux_set_dumpable(0) }
    let shim = try openShim()
    let app = try RunningApp(arguments.app, below: arguments.pid)
    do {
        return try runCommand(spec, user: arguments.user, in: app, shim)
    } catch {
        throw app.hasEnded ? app.ending : error
    }
}

private func runCommand(
    _ spec: LaunchSpec, user: String?, in app: borrowing RunningApp, _ shim: borrowing Descriptor
) throws -> CInt {
    let score = try readFile(FilePath("/proc/\(app.pid)/oom_score_adj"), limit: 64)
    let place = try CgroupRecord.load().isEmpty ? CgroupPlace.none : cgroupPlace(of: app.pid)
    try adoptInheritance(of: app.pid)  // here, because in the child the app has another number
    let signals = try SignalQueue()
    try Namespaces.pid.join(app.process)  // counts for children only
    let child = try forkProcess(cgroup: place.birthplace) {
        becomeCommand(spec, user: user, in: app, shim, place, score)
    }
    return try waitForCommand(child, signals)
}

/// The shim beside this entry point in the image store, through a mount that cannot be written to.
private func openShim() throws -> Descriptor {
    let link = try Descriptor.open("/proc/self/exe", [.path])
    let program = try FilePath(readLink(link.procPath))
    let tree = try DetachedMount(copying: program.removingLastComponent(), recursive: false)
    try tree.restrict(.readOnly)
    return try tree.descriptor.open("stage2-exec", [.path])
}

/// Where a symlink leads.
func readLink(_ path: String) throws(SystemCallError) -> String {
    var buffer = [UInt8](repeating: 0, count: 4096)
    let length = try check("readlink", "'\(path)'") {
        buffer.withUnsafeMutableBytes { bytes in
            bytes.baseAddress.map { readlink(path, $0.assumingMemoryBound(to: CChar.self), bytes.count) } ?? -1
        }
    }
    return String(decoding: buffer.prefix(length), as: UTF8.self)
}

/// The cgroups that the app is in, in every hierarchy.
private func cgroupPlace(of pid: CInt) throws -> CgroupPlace {
    let layout = try CgroupLayout.current(of: pid)
    return try CgroupPlace(
        Set(layout.own.values).sorted { $0.string < $1.string }, isUnified: layout.version == .v2)
}

/// In the child: takes the place of the app in everything the kernel keeps apart, and becomes the shim.
private func becomeCommand(
    _ spec: LaunchSpec, user: String?, in app: borrowing RunningApp, _ shim: borrowing Descriptor, _ place: CgroupPlace,
    _ score: [UInt8]
) -> Never {
    do {
        try place.enter()
        try matchOutOfMemoryScore(score)
        leaveSessionKeyring()
        let marker = Stage1ABI.Path.privateUsersMarker
        let users = exists(marker) ? try UserRange(parsing: readTextFile(marker, limit: 64)) : nil
        var namespaces: Namespaces = [.cgroup, .ipc, .hostname, .network, .mount]
        if users != nil { namespaces.insert(.user) }
        try namespaces.join(app.process)
        if users != nil { try becomeRootOfUserNamespace() }
        var spec = spec
        try spec.become(user, among: users, in: AppFiles(root: Descriptor.open("/", [.directory, .path])))
        let file = try Descriptor.memory("launch")
        try file.writeAll(spec.encoded)
        try check("dup3", "launch specification") { clinux_dup3(file.raw, LaunchSpec.descriptor, 0) }
        close(LaunchSpec.startedDescriptor)  // nobody waits for a start, and it may be one that the caller left open
        clinux_reset_signal_handlers()
        clinux_unblock_all_signals()
        try replaceProcess(shim, ["stage2-exec"], environment: ["SWIFT_ROOT=/"])
    } catch {
        writeDiagnostic("enter: \(app.hasEnded ? app.ending : error)")
        _exit(entryPointFailure)
    }
}

/// Written only where it differs: lowering it needs a privilege that the caller may not have.
private func matchOutOfMemoryScore(_ score: [UInt8]) throws {
    let path: FilePath = "/proc/self/oom_score_adj"
    if try readFile(path, limit: 64) == score { return }
    try Descriptor.open(path, [.writeOnly]).writeAll(score)
}

/// Waits for the command, passing on the signals that come meanwhile.
///
/// One that a signal ended ends us the same way, and while it is stopped, so are we.
private func waitForCommand(_ child: borrowing ChildProcess, _ signals: borrowing SignalQueue) throws -> CInt {
    while true {
        let ready = try waitLongForInput([child.descriptor.raw, signals.descriptor.raw])
        if ready[0] {
            switch try child.wait() {
            case .exited(let status): return status
            case .signaled(let number):
                clinux_reset_signal_handlers()
                clinux_unblock_all_signals()
                kill(getpid(), number)
                return 128 + number
            }
        }
        while let (number, _, isFromKernel) = try signals.next() {
            guard number != SIGCHLD else {
                if try child.hasStopped() { kill(getpid(), SIGSTOP) }  // the shell gets its terminal back
                continue
            }
            if isFromKernel { continue }  // a terminal's go to the command too
            try? child.send(number)  // it may have ended just now, which the next turn sees
        }
    }
}
