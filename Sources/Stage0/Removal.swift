import LinuxSystem
package import Pods
import Stage1Interface
import SystemPackage

/// Removes a pod that does not run, whatever its state, without waiting for any grace period.
///
/// `event`: called with what happens on the way.
///
/// Source: rkt 1.30.0, rkt/rm.go.
package func removePod(
    _ pod: Pod, _ options: RemovalOptions = RemovalOptions(), in data: DataDirectory, event: (GCEvent) -> Void
) throws {
    switch pod.state {
    case .running: throw Failure("pod \"\(pod.id)\" is currently running")
    case .embryo, .preparing: throw Failure("pod \"\(pod.id)\" is currently being prepared")
    case .deleting, .exitedDeleting: throw Failure("pod \"\(pod.id)\" is currently being deleted")
    case .exited: try pod.markExited()
    case .abortedPrepare, .prepared: try discard(pod, event: event)
    case .exitedGarbage, .garbage: break
    }
    guard try deletePod(pod, options, in: data, event: event) else {
        throw Failure("pod \"\(pod.id)\" is currently being deleted")
    }
}

/// Moves a pod that never ran to the garbage.
func discard(_ pod: Pod, event: (GCEvent) -> Void) throws {
    let expected = pod.state
    let announcement: GCEvent =
        switch expected {
        case .abortedPrepare: .discardingFailedPrepare(pod.id)
        case .prepared: .discardingPrepared(pod.id)
        default: .discardingHalfMade(pod.id)
        }
    event(announcement)
    guard try pod.discard() else { throw PodError.moved(pod.id, expected: expected) }
}

/// Deletes a pod in one of the garbage directories, its stage1's clean-up first if it ever ran.
///
/// Returns false when somebody else is deleting it.
func deletePod(
    _ pod: Pod, _ options: RemovalOptions, in data: DataDirectory, event: (GCEvent) -> Void
) throws -> Bool {
    let hasRun = pod.state == .exitedGarbage || pod.state == .exited
    guard try pod.lockForDeletion() else { return false }
    if hasRun {
        do {
            try cleanUpStage1(pod, options, data)
        } catch {
            event(.warning("problem performing stage1 GC on \"\(pod.id)\": \(error)"))
        }
    }
    try pod.delete()
    return true
}

/// What a stage1's clean-up may take; networks and cgroups are removed in far less.
private let cleanUpTimeout: Duration = .seconds(60)

private func cleanUpStage1(_ pod: Pod, _ options: RemovalOptions, _ data: DataDirectory) throws {
    let stage1 = try PodStage1(of: pod)
    let arguments = GCArguments(
        debug: options.debug, localConfiguration: options.localConfiguration?.string, pod: pod.id)
    let end = try runEntryPoint(
        stage1.path(of: .gc), arguments.words(forInterface: stage1.interfaceVersion), timeout: cleanUpTimeout,
        PodView(pod: pod, data: data)
    ) { try $0.enterExited() }
    guard end == .exited(0) else { throw Failure("\(end)") }
}
