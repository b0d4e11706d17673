import AppContainer
import CLinux
import Glibc
import LinuxSystem
import Stage1Interface
import Stage1Kit
import Stage2Interface
import SystemPackage

/// The pod's first process: builds the pod's root, starts the apps, and ends when they have.
struct PodInit {
    let plans: [AppPlan]
    let cgroups: PodCgroups
    let hostname: String
    let network: Network
    let sharesIPC: Bool
    let lifted: LiftedRestrictions
    /// The streams of each app.
    let pipes: [AppPipes]
    /// Whether the pod goes on without apps, and one that fails does not end it.
    var isMutable = false
    /// Those of the pod, when they are not the host's.
    var users: PrivateUsers?

    var namespaces: Namespaces {
        let own = Self.namespaces(network, sharesIPC: sharesIPC)
        return users == nil ? own : own.union(.user)
    }

    static func namespaces(_ network: Network, sharesIPC: Bool) -> Namespaces {
        var wanted: Namespaces = [.mount, .pid, .hostname]
        if !sharesIPC { wanted.insert(.ipc) }
        if network == .none { wanted.insert(.network) }
        return wanted
    }

    /// The story of the first process; returns its exit status.
    ///
    /// `start` gives one byte when this process may go on, and ends without one when the supervisor has died. The supervisor
    /// waits until nobody holds `started` any more: the apps do until they are executed, and what keeps one from that is
    /// written there. `channel` carries events and orders. `parentEnds` are the supervisor's ends of all this, closed here so that the end of either side can be seen.
    func main(start: CInt, started: CInt, channel: CInt, parentEnds: [CInt]) -> CInt {
        var isStarted = false
        do {
            for number in parentEnds { close(number) }
            for pipe in pipes { pipe.closeOurs() }
            try dieWithSupervisor(start)
            let files = try PodFiles()
            let root = try PodRoot(
                plans: plans, lifted: lifted, restrictsDevices: cgroups.restrictsDevices, users: users)
            try cgroups.placeOfFirstProcess.enter()
            try applySysctls(of: plans)
            try setHostname(hostname)
            if network == .none { try bringLoopbackUp() }
            try root.enter()
            var apps = Apps(
                plans: plans, files: files, channel: channel,
                streams: Dictionary(uniqueKeysWithValues: pipes.map { ($0.app, $0.theirs) }), isMutable: isMutable)
            try apps.startAll(started) { program, streams, place, reporter in
                try startApp(
                    program, in: root, streams, place ?? cgroups.place(of: program.plan.name), started: reporter)
            }
            close(started)
            isStarted = true
            return try apps.waitForEnd()
        } catch {
            writeDiagnostic("run: \(error)")
            if !isStarted { reportFailure(error, to: started) }
            return entryPointFailure
        }
    }

    private func dieWithSupervisor(_ start: CInt) throws {
        try check("prctl", "PR_SET_PDEATHSIG") { clinux_set_parent_death_signal(SIGKILL) }
        guard try Descriptor(owning: start).readByte() == 1 else { exit(entryPointFailure) }
        try check("setsid", "the pod's first process") { setsid() }
        try check("prctl", "PR_SET_DUMPABLE") { clinux_set_dumpable(0) }
    }

    /// Forks the process that becomes one program of an app.
    private func startApp(
        _ program: AppProgram, in root: PodRoot, _ streams: AppDescriptors, _ place: CgroupPlace, started: CInt
    ) throws -> ChildProcess {
        try forkProcess(into: [.mount], cgroup: place.birthplace) {
            becomeApp(program, in: root, streams, place, started: started)
        }
    }

    private func becomeApp(
        _ program: AppProgram, in root: PodRoot, _ streams: AppDescriptors, _ place: CgroupPlace, started: CInt
    ) -> Never {
        do {
            try check("setsid", "app '\(program.plan.name)'") { setsid() }
            leaveSessionKeyring()
            try place.enter()
            try hideCgroupPath()
            try root.buildApp(program.plan)
            // In a user namespace the files of a process that nobody may look at are the host's.
            if users != nil { clinux_set_dumpable(1) }
            if let score = program.plan.resources.oomScore { try adjustOutOfMemoryScore(score) }
            if users != nil { clinux_set_dumpable(0) }
            try executeShim(
                program.spec, root: PodRoot.appRoot(program.plan.name), streams, started: started,
                sockets: program.sockets)
        } catch {
            writeDiagnostic("run: cannot start app '\(program.plan.name)': \(error)")
            if started >= 0 { reportFailure(error, to: started) }
            _exit(entryPointFailure)
        }
    }
}

/// Tells whoever waits for a start that there is none; it may be gone.
func reportFailure(_ error: any Error, to started: CInt) {
    let sentence = Array("\(error)".utf8)
    _ = write(started, sentence, sentence.count)
}

/// Hands the specification over and becomes the shim.
///
/// Open there: the standard descriptors, the specification, and `started`, which the shim closes by executing the app.
private func executeShim(
    _ spec: LaunchSpec, root: FilePath, _ streams: AppDescriptors, started: CInt, sockets: [AppSocket]
) throws -> Never {
    var spec = spec
    spec.root = root.string
    let file = try Descriptor.memory("launch")
    try file.writeAll(spec.encoded)
    try streams.becomeStandard()
    let reporter = started < 0 ? -1 : clinux_duplicate(started, LaunchSpec.startedDescriptor + 1)
    try check("dup3", "launch specification") { clinux_dup3(file.raw, LaunchSpec.descriptor, 0) }
    close(LaunchSpec.startedDescriptor)  // it may be one that the caller left open
    if reporter >= 0 { clinux_dup3(reporter, LaunchSpec.startedDescriptor, 0) }
    try sockets.place()
    clinux_reset_signal_handlers()  // what our caller ignores the app may want to hear
    clinux_unblock_all_signals()
    try replaceProcess("/stage2-exec", ["stage2-exec"], environment: ["SWIFT_ROOT=/"])
}

/// Makes the cgroup of this process the top of what it and its children see; without cgroups there is nothing to hide.
///
/// Not for the first process: with `nsdelegate`, as systemd mounts version 2, it could not start apps elsewhere then.
private func hideCgroupPath() throws {
    if exists("/proc/self/cgroup") { try Namespaces.cgroup.unshare() }
}

private func adjustOutOfMemoryScore(_ score: OutOfMemoryScore) throws {
    let path: FilePath = "/proc/self/oom_score_adj"
    guard let current = try Int32(readTextFile(path, limit: 64).prefix { $0 != "\n" }) else { return }
    guard let value = score.change(from: current) else { return }
    do {
        try Descriptor.open(path, [.writeOnly]).writeAll("\(value)")
    } catch {
        throw Failure("cannot set oom-score-adj to \(value), lower than the \(current) of rkt itself", cause: error)
    }
}

/// What the first process keeps open of the pod directory after it has left the host's root.
struct PodFiles: ~Copyable {
    private let statuses: Descriptor
    private let processes: Descriptor

    init() throws {
        try makeDirectories(Stage1ABI.Path.statusDirectory, mode: 0o755)
        try makeDirectory(AppProcessRecord.directory, mode: 0o700, mayExist: true)
        let statusDirectory = try Descriptor.open(Stage1ABI.Path.statusDirectory, [.directory])
        processes = try Descriptor.open(AppProcessRecord.directory, [.directory])
        statuses = statusDirectory
    }

    /// Writes `rkt/status/<app>`.
    func saveStatus(_ status: CInt, of app: ACName) throws {
        try statuses.writeFile(Array("\(status)\n".utf8), name: app.rawValue, mode: 0o644, durable: false)
    }

    func saveProcess(_ pid: CInt, of app: ACName) throws {
        try processes.writeFile(Array("\(pid)\n".utf8), name: app.rawValue, mode: 0o600, durable: false)
    }

    func forgetProcess(of app: ACName) throws { try processes.removeFile(app.rawValue) }
}
