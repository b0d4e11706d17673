import AppContainer
import JSON
import LinuxSystem
import Pods

/// `rkt status`: what is known of one pod, now or when it has got somewhere.
let statusCommand = Command(
    name: "status",
    summary: "Check the status of a rkt pod",
    arguments: "[--wait=BOOL|DURATION] [--wait-ready=BOOL|DURATION] --uuid-file=FILE | UUID",
    description: "Prints assorted information about the pod such as its state, pid and exit status.",
    flags: {
        [
            .value(
                "wait", "toggle waiting for the pod to exit, for ever or at most for a duration", default: "false",
                bare: "true"
            ) { $0.wait = try Wait($1) },
            .value(
                "wait-ready", "toggle waiting for the pod to be ready, for ever or at most for a duration",
                default: "false", bare: "true"
            ) { $0.waitReady = try Wait($1) },
            uuidFileFlag, formatFlag,
        ]
    },
    run: status)

private func status(_ context: CommandContext) throws {
    let options = context.options
    let name = try context.softly { try context.podNames(limit: 1)[0] }
    let pod = try explaining("unable to get pod") {
        try PodStore(dataDirectory: context.dataDirectory()).pod(matching: name)
    }
    try options.waitReady.apply("error waiting for pod readiness") {
        guard try pod.waitUntilReady(timeout: $0) else { throw Failure("pod ended without having been ready") }
        // The pid comes from another process and may be written a little later; without one, the pod has just ended.
        _ = try? pod.waitForFirstProcess()
    }
    try options.wait.apply("error waiting for pod to exit") { try pod.waitUntilExited(timeout: $0) }

    var errors: [any Error] = []
    let report = PodReport(pod, for: options.format) { errors.append($0) }
    if let error = errors.first { throw Failure("unable to print status", cause: error) }
    if options.format == .table {
        try printStatus(report, context)
    } else {
        context.print(report.json, as: options.format)
    }
}

private func printStatus(_ report: PodReport, _ context: CommandContext) throws {
    let state = report.pod.state
    context.print("state=\(state.rawValue)")
    if let created = report.created { context.print("created=\(absoluteTime(created))") }
    if let started = report.started { context.print("started=\(absoluteTime(started))") }
    if state == .running || state == .exited { context.print("networks=\(report.networkText)") }
    guard state == .running || state.isAfterRun else { return }
    if let pid = try report.pod.pid() { context.print("pid=\(pid)") }
    context.print("exited=\(state == .exited || state == .exitedGarbage)")
    if state == .running { return }
    for app in report.apps {
        if let code = try report.pod.exitStatus(of: app.name) { context.print("app-\(app.name)=\(code)") }
    }
}
