import AppContainer

/// Why a command does not work on a pod in its present state, in rkt's words.
enum PodStateError: Error, Equatable, CustomStringConvertible {
    case notPrepared(PodID)

    var description: String {
        switch self {
        case .notPrepared(let id): "pod \"\(id)\" is not prepared"
        }
    }
}
