package import AppContainer

/// What can be wrong with a pod, or with the name it was asked for by.
package enum PodError: Error, Equatable {
    case emptyIdentifier
    case noMatch(String)
    case ambiguous(Int)
    case notPresent(PodID)
    /// Somebody else moved or deleted the pod first.
    case moved(PodID, expected: PodState)
    case unreadable(PodID, file: String)
    case timedOut
}

extension PodError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .emptyIdentifier: "UUID cannot be empty"
        case .noMatch(let text): "no matches found for \"\(text)\""
        case .ambiguous(let count): "ambiguous uuid, \(count) matches"
        case .notPresent(let id): "pod \"\(id)\" was not present"
        case .moved(let id, let expected): "pod \"\(id)\" is no longer \(expected.rawValue)"
        case .unreadable(let id, let file): "'\(file)' of pod \"\(id)\" makes no sense"
        case .timedOut: "context deadline exceeded"
        }
    }
}
