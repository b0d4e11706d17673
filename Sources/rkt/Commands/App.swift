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

let appStartCommand = Command(
    name: "start",
    summary: "Start an app in a mutable pod",
    arguments: "UUID --app=APPNAME",
    flags: { [appFlag(usage: "name of the app to start")] },
    run: { context in
        let (pod, app, data) = try context.appOfPod(missing: "must provide the app to start")
        try startApp(app, in: pod, debug: context.options.isDebugging, data: data)
    })

let appStopCommand = Command(
    name: "stop",
    summary: "Stop an app in a mutable pod",
    arguments: "UUID --app=APPNAME",
    description: "Sends the app's stop signal and waits until it has ended; after a while it is killed.",
    flags: { [appFlag(usage: "name of the app to stop")] },
    run: { context in
        let (pod, app, data) = try context.appOfPod(missing: "must provide the app to remove")
        switch try stopApp(app, in: pod, debug: context.options.isDebugging, data: data) {
        case .stopping: return
        case .alreadyStopped: context.print("pod \"\(pod.id)\" is already stopped")
        }
    })

let appRmCommand = Command(
    name: "rm",
    summary: "Remove an app from a mutable pod",
    arguments: "UUID --app=APPNAME",
    description: "An app that runs is stopped first. The pod itself need not run.",
    flags: { [appFlag(usage: "name of the app to remove")] },
    run: { context in
        let (pod, app, data) = try context.appOfPod(missing: "must provide the app to remove")
        try removeApp(app, from: pod, debug: context.options.isDebugging, data: data)
    })

let appExecCommand = Command(
    name: "exec",
    summary: "Execute a command in an app of a running pod",
    arguments: "[--app=APPNAME] [--user=USER] UUID [CMD [ARGS ...]]",
    description: "The same as 'rkt enter'.",
    flags: { [appFlag(usage: "name of the app to execute the command in"), enteringUserFlag] },
    interspersed: false,
    needsSuperuser: true,
    run: enter)

extension CommandContext {
    /// The pod and the app that a command is for.
    ///
    /// `missing`: what to say without `--app`.
    fileprivate func appOfPod(missing: String) throws -> (Pod, ACName, DataDirectory) {
        guard arguments.count == 1 else { throw Ending.usage }
        guard let app = try appName() else { throw Failure(missing) }
        let data = DataDirectory(try dataDirectory())
        return (try explaining("problem retrieving pod") { try data.pods.pod(matching: arguments[0]) }, app, data)
    }
}
