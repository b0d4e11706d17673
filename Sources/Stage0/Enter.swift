package import AppContainer
import LinuxSystem
package import Pods
import Stage1Interface
import SystemPackage

/// Why nobody can enter a pod.
package enum EnterError: Error, Equatable, CustomStringConvertible {
    case notRunning(PodID)
    case noApps
    case severalApps([ACName])
    case unknownApp(ACName)
    case noUsers(interface: Int)

    package var description: String {
        switch self {
        case .notRunning(let id): "pod \"\(id)\" isn't currently running"
        case .noApps: "pod contains zero apps"
        case .severalApps: "unable to determine app name: specify app using \"rkt enter --app= ...\""
        case .unknownApp(let name): "no app '\(name)' in the pod"
        case .noUsers(let version):
            "--user needs a stage1 of interface version \(EnterArguments.userVersion), this pod's has \(version)"
        }
    }
}

/// Runs a command in an app of a running pod: this process becomes stage1's `enter`, and with it the command.
///
/// The program comes from the tree store, so that nothing in the pod can have changed it. Returns only by throwing.
///
/// `app`: may be nil for a pod with one app.
/// `user`: as ``EnterArguments/user``.
///
/// Source: rkt 1.30.0, stage0/enter.go.
package func enterPod(
    _ pod: Pod, app: ACName?, user: String?, command: [String], in data: DataDirectory
) throws -> Never {
    guard pod.state == .running else { throw EnterError.notRunning(pod.id) }
    let name = try app ?? onlyApp(of: pod.manifest())
    if let app, try pod.manifest()[app: app] == nil { throw EnterError.unknownApp(app) }
    let stage1 = try PodStage1(of: pod)
    if user != nil, stage1.interfaceVersion < EnterArguments.userVersion {
        throw EnterError.noUsers(interface: stage1.interfaceVersion)
    }
    let view = PodView(pod: pod, data: data)
    let program = try view.programInTree(stage1.path(of: .enter))
    let pid = try pod.waitForFirstProcess()
    do {
        try view.enterRunning()
    } catch {
        throw try pod.refresh() && pod.state == .running ? error : EnterError.notRunning(pod.id)
    }
    let arguments = EnterArguments(pid: pid, app: name, user: user, command: command)
        .words(forInterface: stage1.interfaceVersion)
    try replaceProcess(program, [program.string] + arguments, environment: processEnvironment())
}

func onlyApp(of manifest: PodManifest) throws -> ACName {
    let names = manifest.apps.map(\.name)
    guard let name = names.first else { throw EnterError.noApps }
    guard names.count == 1 else { throw EnterError.severalApps(names) }
    return name
}
