import AppContainer
import Glibc
import LinuxSystem
import Pods
import Stage1Interface
import SystemPackage

/// The entry points of a running pod's stage1 for one of its apps.
struct AppControl {
    let pod: Pod
    let app: ACName
    let debug: Bool
    let data: DataDirectory

    private var view: PodView { PodView(pod: pod, data: data) }

    /// Throws ``AppError/noEntryPoint(_:)`` unless the pod's stage1 has all of these.
    func require(_ entryPoints: [Stage1ABI.EntryPoint]) throws {
        let stage1 = try PodStage1(of: pod)
        for entryPoint in entryPoints where !stage1.has(entryPoint) {
            throw AppError.noEntryPoint(entryPoint.rawValue)
        }
    }

    /// Runs one and waits for its end.
    func call(_ entryPoint: Stage1ABI.EntryPoint) throws -> ProcessEnd {
        let stage1 = try PodStage1(of: pod)
        let arguments = AppArguments(app: app, debug: debug, pod: entryPoint == .appAdd ? pod.id : nil)
        let enter = try absolute(pod.path).pushing(Stage1ABI.Path.stage1Root).pushing(stage1.path(of: .enter))
        let own = [
            (Stage1ABI.enterCommandVariable, enter.string),
            (Stage1ABI.enterPIDVariable, "\(try pod.waitForFirstProcess())"),
            (Stage1ABI.enterAppVariable, app.rawValue),
        ]
        let inherited = processEnvironment().filter { variable in !own.contains { variable.hasPrefix("\($0.0)=") } }
        return try runEntryPoint(
            stage1.path(of: entryPoint), arguments.words, environment: inherited + own.map { "\($0.0)=\($0.1)" },
            timeout: nil, view
        ) { try $0.enterRunning() }
    }

    /// Does something in a child that sees the pod's trees; what it throws there is thrown here as its sentence.
    func inView(_ body: (PodView) throws -> Void) throws {
        let report = try Pipe()
        let child = try forkProcess {
            do {
                try view.enterRunning()
                try body(view)
                _exit(0)
            } catch {
                try? report.writer.writeAll("\(error)")  // nobody is left to tell
                _exit(1)
            }
        }
        let text = String(decoding: try report.takeReader().readAll(limit: 1 << 16), as: UTF8.self)
        guard try child.wait() == .exited(0) else {
            throw Failure(text.isEmpty ? "a process in the pod's view ended early" : text)
        }
    }
}
