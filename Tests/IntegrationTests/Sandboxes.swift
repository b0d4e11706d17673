import SystemPackage
import TestSupport
import Testing

extension RktFixture {
    /// Starts a mutable pod without apps, and returns when apps can be added.
    func startSandbox(_ options: [String] = []) throws -> (RunningCommand, uuid: String) {
        let file = directory.appending("uuid-\(podIDs.count)")
        let running = try start(["app", "sandbox", "--net=none", "--uuid-file-save=\(file)"] + options)
        try waitUntil("the pod's UUID") { (try? readText(file))?.utf8.count == 36 }  // not there yet
        let uuid = try readText(file)
        try self("status", "--wait-ready=30s", uuid).succeeded()
        return (running, uuid)
    }

    /// The state that `rkt app status` tells.
    func appState(_ app: String, _ uuid: String) throws -> String? {
        let lines = try self("app", "status", uuid, "--app=\(app)").succeeded().lines
        return lines.first { $0.hasPrefix("state=") }.map { String($0.dropFirst("state=".count)) }
    }

    /// Returns when an app is in this state.
    func waitForApp(_ app: String, _ uuid: String, _ state: String) throws {
        try waitUntil("app '\(app)' to be \(state)") { try appState(app, uuid) == state }
    }

    /// Stops a pod, and returns when it has ended.
    func stop(_ pod: RunningCommand, _ uuid: String) throws {
        try self("stop", uuid).succeeded()
        pod.wait()
    }
}
