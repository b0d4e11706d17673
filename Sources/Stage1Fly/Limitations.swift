import AppContainer
import LinuxSystem
import Stage1Kit

/// Refuses what the user wants of an app and this flavor cannot give, and tells what it leaves out.
func checkLimitations(of app: PreparedApp) throws {
    try checkStreams(of: app)
    let names = Set(app.app.isolators.map(\.name)).subtracting(["os/linux/rlimits"]).sorted()
    if !names.isEmpty {
        writeDiagnostic("warning: stage1-fly does not isolate apps, ignoring \(names.joined(separator: ", "))")
    }
    let events = app.app.eventHandlers.map(\.event.rawValue)
    if !events.isEmpty {
        writeDiagnostic(
            "warning: stage1-fly becomes the app and runs no handlers, ignoring \(events.joined(separator: ", ")); "
                + "stage1-ns runs them")
    }
}

/// The app has the streams of `rkt run` itself: there is nobody to carry them elsewhere.
private func checkStreams(of app: PreparedApp) throws {
    let plan = try StreamPlan(app, isInteractive: false)
    for (name, mode) in zip(["stdin", "stdout", "stderr"], plan.all) {
        let isWanted = app.runtime.annotations["coreos.com/rkt/stage2/\(name)"] != nil
        if isWanted, mode != .log, mode != .interactive {
            throw Failure("stage1-fly leaves an app the streams of rkt; --\(name)=\(mode.rawValue) needs stage1-ns")
        }
    }
}
