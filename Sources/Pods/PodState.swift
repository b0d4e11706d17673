/// Where a pod is in its life.
///
/// The raw values are the words people see and scripts compare.
///
/// Source: rkt 1.30.0, pkg/pod/pods.go.
package enum PodState: String, CaseIterable, Sendable {
    /// Being created, and not locked yet.
    case embryo
    case preparing
    /// The process that prepared it died.
    case abortedPrepare = "aborted prepare"
    case prepared
    case running
    /// Never ran, and is being deleted.
    case deleting
    /// Ran, and is being deleted.
    case exitedDeleting = "exited deleting"
    case exited
    /// Ran, and was marked by `rkt gc`.
    case exitedGarbage = "exited garbage"
    /// Never ran, and is to be deleted.
    case garbage

    /// The state of a pod found in `directory`; `locked` when somebody holds its exclusive lock.
    init(in directory: PodDirectory, locked: Bool) {
        self =
            switch directory {
            case .embryo: .embryo
            case .prepare: locked ? .preparing : .abortedPrepare
            case .prepared: .prepared
            case .run: locked ? .running : .exited
            case .exitedGarbage: locked ? .exitedDeleting : .exitedGarbage
            case .garbage: locked ? .deleting : .garbage
            }
    }

    /// Whether the pod's time is over; what is being deleted counts, as in the original.
    package var isAfterRun: Bool {
        switch self {
        case .deleting, .exitedDeleting, .exited, .exitedGarbage: true
        case .embryo, .preparing, .abortedPrepare, .prepared, .running, .garbage: false
        }
    }

    /// Whether the pod can still come to run, or runs.
    package var isBeforeExit: Bool {
        switch self {
        case .embryo, .preparing, .prepared, .running: true
        case .abortedPrepare, .deleting, .exitedDeleting, .exited, .exitedGarbage, .garbage: false
        }
    }
}

/// One of the six directories below `<data>/pods`; a pod changes its state by a rename from one to another.
///
/// In the order of a pod's life: a pod only ever moves to a later one.
///
/// Source: rkt 1.30.0, pkg/pod/pods.go.
package enum PodDirectory: String, CaseIterable, Sendable {
    case embryo, prepare, prepared, run
    case exitedGarbage = "exited-garbage"
    case garbage

    /// Those that `rkt list` shows and in which an abbreviated UUID is looked for.
    package static let listed: [PodDirectory] = [.prepare, .prepared, .run, .exitedGarbage]

    /// Whether the lock of a pod in here tells something about its state.
    var lockMatters: Bool {
        switch self {
        case .embryo, .prepared: false
        case .prepare, .run, .exitedGarbage, .garbage: true
        }
    }
}
