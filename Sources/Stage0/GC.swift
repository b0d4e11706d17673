import ImageRender
import ImageStore
import LinuxSystem
import Pods

/// Clears pods that have ended, and what is left of pods and images that never came to be.
///
/// One pod that cannot be cleared is told of and does not stop the others. Pods that somebody holds are left alone.
///
/// Returns how many pods could not be cleared.
///
/// Source: rkt 1.30.0, rkt/gc.go.
package func collectPods(
    _ options: GCOptions, in data: DataDirectory, event: (GCEvent) -> Void
) throws -> Int {
    var failures = try forEachPod(in: [.embryo, .prepare, .run], of: data, event: event) { pod in
        switch pod.state {
        case .exited:
            event(.marking(pod.id))
            try pod.markExited()
        case .embryo: if try !pod.isHeld() { try discard(pod, event: event) }
        case .abortedPrepare: try discard(pod, event: event)
        default: break
        }
    }
    if options.markOnly { return failures }
    failures += try forEachPod(in: [.prepared], of: data, event: event) { pod in
        if pod.state == .prepared, try options.isExpired(pod) { try discard(pod, event: event) }
    }
    failures += try forEachPod(in: [.exitedGarbage, .garbage], of: data, event: event) { pod in
        guard pod.state == .exitedGarbage || pod.state == .garbage else { return }
        guard try pod.state == .garbage || options.isPastGrace(pod) else {
            event(.withinGracePeriod(pod.id, options.gracePeriod))
            return
        }
        event(.collecting(pod.id))
        _ = try deletePod(pod, options.removal, in: data, event: event)  // somebody else may be deleting it
    }
    do {
        for problem in try data.images().collectTemporaryFiles() { event(.warning(problem)) }
        try data.trees().removeUnfinished()
    } catch {
        event(.warning("cannot clear the image store: \(error)"))
    }
    return failures
}

/// Calls `body` for each pod and tells of those for which it fails, unless somebody else was only faster.
private func forEachPod(
    in directories: [PodDirectory], of data: DataDirectory, event: (GCEvent) -> Void, _ body: (Pod) throws -> Void
) throws -> Int {
    var failures = 0
    for id in try data.pods.identifiers(in: directories, report: { event(.warning($0)) }) {
        do {
            try body(data.pods.pod(id))
        } catch PodError.moved, PodError.notPresent {
            continue
        } catch {
            event(.warning("cannot collect pod \"\(id)\": \(error)"))
            failures += 1
        }
    }
    return failures
}

extension GCOptions {
    fileprivate func isExpired(_ pod: Pod) throws -> Bool {
        guard let created = try pod.creationTime() else { return true }
        return Self.age(created) >= expirePrepared
    }

    fileprivate func isPastGrace(_ pod: Pod) throws -> Bool {
        guard let marked = try pod.markedTime() else { return false }
        return Self.age(marked) >= gracePeriod
    }

    private static func age(_ time: Int64) -> Duration { .nanoseconds(now()) - .nanoseconds(time) }
}
