package import AppContainer
package import SystemPackage

/// How pods are cleaned up.
package struct RemovalOptions: Sendable {
    package var debug = false
    package var localConfiguration: FilePath?

    package init() {}
}

/// What to collect.
package struct GCOptions: Sendable {
    /// How long an exited pod is kept after it was marked.
    package var gracePeriod: Duration = .seconds(30 * 60)
    /// How long a prepared pod may wait to be run.
    package var expirePrepared: Duration = .seconds(24 * 60 * 60)
    /// Pods are only marked.
    package var markOnly = false
    package var removal = RemovalOptions()

    package init() {}
}

/// What ``collectPods(_:in:event:)`` and ``removePod(_:_:in:event:)`` tell while they work.
package enum GCEvent: Equatable, Sendable, CustomStringConvertible {
    case marking(PodID)
    case discardingFailedPrepare(PodID)
    case discardingHalfMade(PodID)
    case discardingPrepared(PodID)
    /// For standard output, all others are for standard error.
    case collecting(PodID)
    case withinGracePeriod(PodID, Duration)
    case warning(String)

    package var description: String {
        switch self {
        case .marking(let id): "moving pod \"\(id)\" to garbage"
        case .discardingFailedPrepare(let id): "moving failed prepare \"\(id)\" to garbage"
        case .discardingHalfMade(let id): "moving half-made pod \"\(id)\" to garbage"
        case .discardingPrepared(let id): "moving expired prepared pod \"\(id)\" to garbage"
        case .collecting(let id): "Garbage collecting pod \"\(id)\""
        case .withinGracePeriod(let id, let grace):
            "pod \"\(id)\" not removed: still within grace period (\(goDuration(grace)))"
        case .warning(let text): text
        }
    }
}
