import LinuxSystem
package import Pods
import Stage1Interface

/// What ``stopPod(_:force:in:)`` found.
package enum StopOutcome: Equatable, Sendable {
    /// The pod was told to stop; it may take a while.
    case stopping
    case alreadyStopped
}

/// Tells a running pod to stop, through its stage1; does not wait until it has.
///
/// `force`: kill it.
///
/// Source: rkt 1.30.0, stage0/stop.go.
package func stopPod(_ pod: Pod, force: Bool, in data: DataDirectory) throws -> StopOutcome {
    if pod.state.isAfterRun { return .alreadyStopped }
    guard pod.state == .running else { throw Failure("pod \"\(pod.id)\" is not running") }
    let stage1 = try PodStage1(of: pod)
    let program = try explaining("rkt stop not implemented for pod's stage1") { try stage1.path(of: .stop) }
    _ = try pod.waitForFirstProcess()
    let arguments = StopArguments(force: force, pod: pod.id)
    let end = try runEntryPoint(program, arguments.words, timeout: nil, PodView(pod: pod, data: data)) {
        try $0.enterRunning()
    }
    guard end == .exited(0) else { throw Failure("error stopping \"\(pod.id)\"", cause: Failure("\(end)")) }
    return .stopping
}
