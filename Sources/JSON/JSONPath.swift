/// Where in a document a value is, such as `apps[0].name`.
package struct JSONPath: Sendable {
    private indirect enum Step: Sendable {
        case root
        case member(String, of: Step)
        case element(Int, of: Step)
    }
    private let step: Step

    private init(_ step: Step) { self.step = step }

    /// The whole document.
    package static let root = JSONPath(.root)

    package func member(_ key: String) -> JSONPath { JSONPath(.member(key, of: step)) }
    package func element(_ index: Int) -> JSONPath { JSONPath(.element(index, of: step)) }

    /// Runs `body` and tells whoever gets its error where in the document it happened.
    package func locate<Result>(_ body: () throws -> Result) throws(JSONFieldError) -> Result {
        do {
            return try body()
        } catch let error as JSONFieldError {
            throw error
        } catch {
            throw JSONFieldError(at: self, error)
        }
    }
}

extension JSONPath: CustomStringConvertible {
    package var description: String {
        var parts: [String] = []
        var step = step
        while true {
            switch step {
            case .root: return parts.reversed().joined()
            case .member(let key, let parent):
                if case .root = parent { parts.append(key) } else { parts.append(".\(key)") }
                step = parent
            case .element(let index, let parent):
                parts.append("[\(index)]")
                step = parent
            }
        }
    }
}

/// What is wrong with one field of a document.
package struct JSONFieldError: Error, CustomStringConvertible {
    /// Empty for the document itself.
    package let path: String
    package let cause: any Error

    package init(at path: JSONPath, _ cause: any Error) {
        self.path = path.description
        self.cause = cause
    }

    package var description: String { path.isEmpty ? "\(cause)" : "\(path): \(cause)" }
}

/// A field that is missing or of the wrong kind.
package enum JSONTypeError: Error, Equatable, CustomStringConvertible {
    case missing
    case wrongKind(wanted: String, found: String)
    case outOfRange(String)

    package var description: String {
        switch self {
        case .missing: "must be set"
        case .wrongKind(let wanted, let found): "must be \(wanted), not \(found)"
        case .outOfRange(let text): "\(text) is out of range or no integer"
        }
    }
}
