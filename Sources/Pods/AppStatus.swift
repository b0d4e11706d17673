package import AppContainer
import LinuxSystem

/// Where an app of a pod is in its life.
///
/// The raw values are the words people see and scripts compare.
package enum AppState: String, Sendable {
    case unknown, created, running, exited
}

/// What is known of an app; times in nanoseconds since 1970.
package struct AppStatus: Equatable, Sendable {
    package var state: AppState
    package var created: Int64?
    package var started: Int64?
    package var finished: Int64?
    package var exitStatus: Int32?

    package init(
        _ state: AppState, created: Int64? = nil, started: Int64? = nil, finished: Int64? = nil,
        exitStatus: Int32? = nil
    ) {
        self.state = state
        self.created = created
        self.started = started
        self.finished = finished
        self.exitStatus = exitStatus
    }
}

extension Pod {
    /// What is known of an app of this pod.
    ///
    /// In a mutable pod each app has files of its own that tell; in others it is as old as the pod, and runs with it.
    /// A status file always means that the app has ended.
    ///
    /// Source: rkt 1.30.0, lib/app.go; a pod is asked for what it is, where the original took every one for immutable in
    /// some places.
    package func status(of app: ACName, isMutable: Bool) throws -> AppStatus {
        guard state == .running || state.isAfterRun else { return try inferredStatus() }
        var status = try isMutable ? ownStatus(of: app) : inferredStatus()
        if status.state != .unknown || !isMutable, let ended = try exitTime(of: app) {
            status.state = .exited
            status.finished = ended
            do {
                status.exitStatus = try exitStatus(of: app)
            } catch {
                guard isMutable else { throw error }
                status.exitStatus = 1  // as the original takes it
            }
        } else if isMutable, state.isAfterRun {
            status.state = .exited
            status.finished = try markedTime()
        }
        return status
    }

    private func ownStatus(of app: ACName) throws -> AppStatus {
        let directory = "\(try supervisorDirectory())/status"
        guard let created = try modificationTime("\(directory)/\(app)-created") else { return AppStatus(.unknown) }
        let started = try modificationTime("\(directory)/\(app)-started")
        return AppStatus(started == nil ? .created : .running, created: created, started: started)
    }

    private func inferredStatus() throws -> AppStatus {
        let state: AppState =
            switch state {
            case .prepared: .created
            case .running: .running
            case .deleting, .exitedDeleting, .exited, .exitedGarbage: .exited
            case .embryo, .preparing, .abortedPrepare, .garbage: .unknown
            }
        return AppStatus(state, created: try creationTime(), started: try startTime())
    }
}
