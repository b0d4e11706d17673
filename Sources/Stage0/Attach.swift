package import AppContainer
import LinuxSystem
package import Pods
package import Stage1Interface
import SystemPackage

/// Attaches to the streams of an app of a running pod: this process becomes stage1's `attach`.
///
/// Returns only by throwing.
///
/// `app`: may be nil for a pod with one app.
///
/// Source: rkt 1.30.0, stage0/attach.go.
package func attachToPod(
    _ pod: Pod, app: ACName?, _ action: AttachArguments.Action, in data: DataDirectory
) throws -> Never {
    guard pod.state == .running else { throw EnterError.notRunning(pod.id) }
    let name = try app ?? onlyApp(of: pod.manifest())
    if let app, try pod.manifest()[app: app] == nil { throw EnterError.unknownApp(app) }
    let program: FilePath
    do {
        program = try PodStage1(of: pod).path(of: .attach)
    } catch {
        throw Failure("the pod's stage1 cannot attach to streams; stage1-ns can", cause: error)
    }
    let view = PodView(pod: pod, data: data)
    let inTree = try view.programInTree(program)
    _ = try pod.waitForFirstProcess()
    try view.enterRunning()
    let environment = processEnvironment().filter { $0.hasPrefix("PATH=") || $0.hasPrefix("TERM=") }
    try replaceProcess(
        inTree, [inTree.string] + AttachArguments(action, app: name).words, environment: environment)
}
