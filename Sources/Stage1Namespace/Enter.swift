import CLinux
import Glibc
import LinuxSystem
import Stage1Interface
import Stage1Kit
import Stage2Interface
import SystemPackage

/// Runs a command in a running app, confined exactly as the app, and returns its exit status.
///
/// Namespaces, cgroups, user, capabilities, filter, limits and out-of-memory score are the same.
/// Runs from the image store, not from the pod: nothing of the pod is executed with more rights than the app has. The
/// shim is a read-only view of the store's, so a command that leads back to it finds nothing it can write to.
func enter(_ words: [String]) throws -> CInt {
    let arguments = try EnterArguments(parsing: words)
    var spec = try LaunchRecord.load(arguments.app)
    spec.arguments = arguments.command
    spec.workingDirectory = "/"
    spec.environment.removeAll { $0.hasPrefix("TERM=") }
    spec.environment.append("TERM=\(environmentVariable("TERM") ?? "vt100")")

    try check("prctl", "PR_SET_DUMPABLE") { clinux_set_dumpable(0) }
    let shim = try openShim()
    let pid = try AppProcessRecord.find(arguments.app, below: arguments.pid)
    let process = try openProcess(pid)
    guard try AppProcessRecord.find(arguments.app, below: arguments.pid) == pid else {
        throw Failure("app '\(arguments.app)' has just ended")
    }
    let score = try readFile(FilePath("/proc/\(pid)/oom_score_adj"), limit: 64)
    let place = try CgroupRecord.load().isEmpty ? CgroupPlace.none : cgroupPlace(of: pid)
    let file = try Descriptor.memory("launch")
    try file.writeAll(spec.encoded)

    let signals = try SignalQueue()
    try joinForChildren(process)
    let child = try forkProcess(cgroup: place.birthplace) { becomeCommand(shim, file, process, place, score) }
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

private func readLink(_ path: String) throws(SystemCallError) -> String {
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
    let isUnified = try CgroupLayout.current().version == .v2
    let layout = try CgroupLayout(
        processCgroups: readTextFile(FilePath("/proc/\(pid)/cgroup")),
        mountInfo: readTextFile("/proc/self/mountinfo"), isUnified: isUnified)
    return try CgroupPlace(Set(layout.own.values).sorted { $0.string < $1.string }, isUnified: isUnified)
}

/// The pid namespace counts for the children of whoever joins it, so it is joined before the fork.
private func joinForChildren(_ process: borrowing Descriptor) throws { try Namespaces.pid.join(process) }

/// In the child: takes the place of the app in everything the kernel keeps apart, and becomes the shim.
private func becomeCommand(
    _ shim: borrowing Descriptor, _ spec: borrowing Descriptor, _ process: borrowing Descriptor, _ place: CgroupPlace,
    _ score: [UInt8]
) -> Never {
    do {
        try place.enter()
        try matchOutOfMemoryScore(score)
        try Namespaces([.cgroup, .ipc, .hostname, .network, .mount]).join(process)
        try check("dup3", "launch specification") { clinux_dup3(spec.raw, LaunchSpec.descriptor, 0) }
        clinux_reset_signal_handlers()
        clinux_unblock_all_signals()
        try replaceProcess(shim, ["stage2-exec"], environment: ["SWIFT_ROOT=/"])
    } catch {
        writeDiagnostic("enter: \(error)")
        _exit(entryPointFailure)
    }
}

/// Written only where it differs: lowering it needs a privilege that the caller may not have.
private func matchOutOfMemoryScore(_ score: [UInt8]) throws {
    let path: FilePath = "/proc/self/oom_score_adj"
    if try readFile(path, limit: 64) == score { return }
    try Descriptor.open(path, [.writeOnly]).writeAll(score)
}

/// Waits for the command, passing on the signals that come meanwhile; one that a signal ended ends us the same way.
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
        while let (number, _) = try signals.next() {
            guard number != SIGCHLD else { continue }
            try? child.send(number)  // it may have ended just now, which the next turn sees
        }
    }
}
