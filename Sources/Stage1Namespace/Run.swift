import AppContainer
import Glibc
import LinuxSystem
import Stage1Interface
import Stage1Kit
import Stage2Interface
import SystemPackage

/// Runs a pod: plans its apps, starts its first process in new namespaces, and waits for the end.
///
/// Returns the exit status of the pod, and leaves nothing outside the pod directory: no process, mount or cgroup. If this
/// process is killed, the first process and with it all apps die too.
func run(_ words: [String]) throws -> CInt {
    let arguments = try RunArguments(parsing: words)
    let network = try Network(arguments.networks)
    let sharesIPC = try sharesIPC(arguments.ipc)
    let range = try arguments.privateUsers.map { try UserRange(parsing: $0) }
    try takeLockDescriptor(inheritable: false)

    let pod = try PreparedPod(id: arguments.pod)
    let filters = FilterCache()
    let limits = try InheritedLimits.current()
    var plans = try pod.apps.map { app in
        do {
            return try planApp(
                app, of: pod, lifted: arguments.lifted, limits: limits, users: range, filter: filters.filter)
        } catch {
            throw Failure("cannot prepare app '\(app.name)'", cause: error)
        }
    }
    for warning in plans.flatMap(\.warnings) { writeDiagnostic(warning) }
    try RuntimeConfiguration(arguments).save()
    for plan in plans { try saveFiles(of: plan) }
    try giveSockets(to: &plans, of: pod)
    let readiness = try Readiness(of: &plans, announce: markReady)

    let hostname = arguments.hostname ?? "rkt-\(arguments.pod)"
    try recordMachine(arguments.pod, hostname: hostname)
    try mirrorTimeZone()
    try collectNameFiles(arguments.nameFiles, hostname: hostname)

    let hasTerminal = Terminal.isOne(0)
    let pipes = try pod.apps.map { app in
        try AppPipes(
            app.name, StreamPlan(app, isInteractive: arguments.isInteractive), hasTerminal: hasTerminal,
            kubernetesLog: KubernetesLogPlan(app, of: pod.manifest))
    }
    try checkSysctls(plans, namespaces: PodInit.namespaces(network, sharesIPC: sharesIPC))
    for (pipe, plan) in zip(pipes, plans) { try pipe.give(to: plan.main.user, of: range) }
    let users = try range.map {
        try PrivateUsers(
            $0, plans: plans, sharesNetwork: network == .host, sharesIPC: sharesIPC,
            masked: !arguments.lifted.contains(.paths))
    }
    let cgroups = try PodCgroups.create(
        for: plans, pod: arguments.pod, lifted: arguments.lifted, isMutable: arguments.isMutable,
        appsEnter: users != nil)
    var first = PodInit(
        plans: plans, cgroups: cgroups, hostname: hostname, network: network, sharesIPC: sharesIPC,
        lifted: arguments.lifted, pipes: pipes)
    first.isMutable = arguments.isMutable
    first.users = users
    let status: CInt
    do {
        let control =
            arguments.isMutable ? try AppControl(arguments, cgroups, users: range, filter: filters.filter) : nil
        status = try supervise(first, cgroups, readiness, control)
    } catch {
        cgroups.removeAll()
        throw error
    }
    cgroups.removeAll()
    return status
}

/// What `enter` and other tools read about an app.
func saveFiles(of plan: AppPlan) throws {
    try LaunchRecord.save(plan.main, for: plan.name)
    try makeDirectories(Stage1ABI.Path.environmentDirectory, mode: 0o755)
    let file = Stage1ABI.Path.environmentDirectory.appending(plan.name.rawValue)
    try writeFile(environmentFile(plan.main.environment), to: file, mode: 0o644, durable: false)
}

/// The networks this flavor can give.
enum Network: Equatable {
    case host
    /// A network namespace with nothing but the loopback device.
    case none

    init(_ list: String) throws {
        switch list {
        case "host": self = .host
        case "none", "": self = .none
        default: throw Failure("--net=\(list) is not available yet with stage1-ns; use --net=host or --net=none")
        }
    }
}

/// Whether the pod has the IPC namespace of the host instead of one of its own.
///
/// Source: rkt 1.30.0, stage1/init/init.go, `--ipc`.
private func sharesIPC(_ mode: String?) throws(Failure) -> Bool {
    switch mode ?? "auto" {
    case "auto", "private": false
    case "parent": true
    case let other: throw Failure("unknown value for --ipc parameter: \(other)")
    }
}

/// Starts the pod's first process and looks after it until its end.
private func supervise(
    _ first: PodInit, _ cgroups: PodCgroups, _ readiness: Readiness, _ control: AppControl?
) throws -> CInt {
    let signals = try SignalQueue()
    let start = try Pipe()
    let started = try Pipe()
    let channel = try SocketPair()
    let child = try forkProcess(into: first.namespaces, cgroup: cgroups.placeOfFirstProcess.birthplace) {
        exit(
            first.main(
                start: start.reader.raw, started: started.writer.raw, channel: channel.second.raw,
                parentEnds: [start.writer.raw, started.reader.raw, channel.first.raw]))
    }
    let pid = child.pid
    try first.users?.range.mapUsers(of: pid)
    let supervisor = try Supervisor(
        child, channel: channel.takeFirst(), signals: signals, pipes: first.pipes, control: control)
    try writePIDFile(Stage1ABI.Path.pid, pid)
    try start.writer.writeAll([1])
    return try supervisor.run(readiness, started: started.takeReader())
}

/// Says that the pod is ready.
private func markReady() throws {
    let link = Stage1ABI.Path.supervisorStatus
    unlink(link.string)
    try check("symlink", "'\(link)'") { symlink(Stage1ABI.Path.supervisorReady, link.string) }
}
