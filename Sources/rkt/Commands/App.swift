import AppContainer
import LinuxSystem
import Pods
import Stage0

/// `rkt app`: pods whose apps come and go while they run.
///
/// The original wants `RKT_EXPERIMENT_APP` in the environment; here it makes no difference.
let appCommand = Command(
    name: "app",
    summary: "Operate on the apps of a mutable pod",
    description:
        "A mutable pod is made with 'rkt app sandbox'; apps are added to it, started, stopped and removed one by one.",
    children: [
        appSandboxCommand, appAddCommand, appStartCommand, appStopCommand, appRmCommand, appListCommand,
        appStatusCommand, appExecCommand,
    ])

let appStartCommand = appChangeCommand(
    "start", to: "start", summary: "Start an app in a mutable pod",
    description: "Returns when the app has been executed, and has said that it is ready if its image promises that.",
    missing: "must provide the app to start"
) { app, pod, data, context in
    try startApp(app, in: pod, debug: context.options.isDebugging, data: data)
}

let appStopCommand = appChangeCommand(
    "stop", to: "stop", summary: "Stop an app in a mutable pod",
    description: "Sends the app's stop signal and waits until it has ended; after a while it is killed.",
    missing: "must provide the app to remove"
) { app, pod, data, context in
    switch try stopApp(app, in: pod, debug: context.options.isDebugging, data: data) {
    case .stopping: return
    case .alreadyStopped: context.print("pod \"\(pod.id)\" is already stopped")
    }
}

let appRmCommand = appChangeCommand(
    "rm", to: "remove", summary: "Remove an app from a mutable pod",
    description: "An app that runs is stopped first. The pod itself need not run.",
    missing: "must provide the app to remove"
) { app, pod, data, context in
    try removeApp(app, from: pod, debug: context.options.isDebugging, data: data)
}

let appExecCommand = Command(
    name: "exec",
    summary: "Execute a command in an app of a running pod",
    arguments: "[--app=APPNAME] [--user=USER] UUID [CMD [ARGS ...]]",
    description: "The same as 'rkt enter'.",
    flags: { [appFlag(usage: "name of the app to execute the command in"), enteringUserFlag] },
    interspersed: false,
    needsSuperuser: true,
    run: enter)

/// A command that does one thing to an app of a pod.
///
/// `missing`: what it says without `--app`.
private func appChangeCommand(
    _ name: String, to verb: String, summary: String, description: String = "", missing: String,
    change: @escaping @Sendable (ACName, Pod, DataDirectory, CommandContext) throws -> Void
) -> Command {
    Command(
        name: name,
        summary: summary,
        arguments: "UUID --app=APPNAME",
        description: description,
        flags: { [appFlag(usage: "name of the app to \(verb)")] },
        run: { context in
            guard context.arguments.count == 1 else { throw Ending.usage }
            guard let app = try context.appName() else { throw Failure(missing) }
            let data = DataDirectory(try context.dataDirectory())
            let pod = try explaining("problem retrieving pod") { try data.pods.pod(matching: context.arguments[0]) }
            try change(app, pod, data, context)
        })
}
