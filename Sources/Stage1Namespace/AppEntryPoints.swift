import AppContainer
import LinuxSystem
import Stage1Interface
import Stage1Kit

/// Makes an app that was added to a running pod visible in it: its files and its volumes.
///
/// What it asks for is checked here, so that an app that can never start is not added. What fails leaves nothing behind.
func addApp(_ words: [String]) throws -> CInt {
    let arguments = try AppArguments(parsing: words)
    let pod = try RunningPod()
    var (plan, app) = try pod.plan(arguments.app)
    if plan.saysReady {
        if case .failed(let why) = try ControlSocket.ask(.hear, plan.name) {
            throw Failure("cannot make a socket for app '\(plan.name)': \(why)")
        }
        plan.hear(AddedVoices.socket(of: plan.name), at: Readiness.socketInApp)
    }
    try PodRoot(ofRunning: pod.lifted, restrictsDevices: pod.restrictsDevices()).add(plan, from: app.root, to: pod)
    for warning in plan.warnings { writeDiagnostic(warning) }
    return 0
}

/// Has an app that was added executed, and returns when that has happened; one that runs is left alone.
///
/// An app whose image promises that it says itself when it is ready has said so then.
func startApp(_ words: [String]) throws -> CInt {
    let arguments = try AppArguments(parsing: words)
    switch try ControlSocket.ask(.start, arguments.app) {
    case .done: return 0
    case .notRunning: throw Failure("cannot start app '\(arguments.app)'")
    case .failed(let why): throw Failure("cannot start app '\(arguments.app)': \(why)")
    }
}

/// Asks an app to end, and returns when it has.
func stopApp(_ words: [String]) throws -> CInt {
    let arguments = try AppArguments(parsing: words)
    switch try ControlSocket.ask(.stop, arguments.app) {
    case .done: return 0
    case .notRunning: return AppArguments.notRunning
    case .failed(let why): throw Failure("cannot stop app '\(arguments.app)': \(why)")
    }
}

/// Takes an app that does not run out of the pod.
func removeApp(_ words: [String]) throws -> CInt {
    let arguments = try AppArguments(parsing: words)
    let pod = try RunningPod()
    switch try ControlSocket.ask(.remove, arguments.app) {
    case .done, .notRunning: break
    case .failed(let why): throw Failure(why)
    }
    try LaunchRecord.remove(arguments.app)
    try pod.join()
    try PodRoot.remove(arguments.app)
    return 0
}
