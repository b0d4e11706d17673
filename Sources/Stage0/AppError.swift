package import AppContainer

/// Why an app cannot be added to a pod, started, stopped or removed.
///
/// Source: rkt 1.30.0, stage0/app_add.go and its neighbours.
package enum AppError: Error, Equatable, CustomStringConvertible {
    case podNotRunning(PodID)
    case podNotReady(PodID)
    case immutablePod
    case unknownApp(ACName)
    case notRunning(ACName)
    case noMutablePods
    case noEntryPoint(String)
    case nameOfMarker(ACName, suffix: String)

    package var description: String {
        switch self {
        case .podNotRunning(let id): "pod \"\(id)\" isn't currently running"
        case .podNotReady(let id): "supervisor for pod \"\(id)\" is not yet ready"
        case .immutablePod: "immutable pod"
        case .unknownApp(let name): "error: nonexistent app \"\(name)\""
        case .notRunning(let name): "app \"\(name)\" is not running"
        case .noMutablePods: "stage1 does not support mutable pods"
        case .noEntryPoint(let name): "\"\(name)\" not implemented for pod's stage1"
        case .nameOfMarker(let name, let suffix):
            "an app of a mutable pod cannot be called '\(name)': rkt keeps what it knows of another app in a file whose "
                + "name ends in '\(suffix)'; use --name"
        }
    }
}
