/// A flag that an entry point does not know, or whose value it cannot use.
package enum EntryPointArgumentError: Error, Equatable, CustomStringConvertible {
    case unknownFlag(String)
    case missingValue(flag: String)
    case invalidValue(String, flag: String)
    case invalidPodID(String)
    case missing(String)

    package var description: String {
        switch self {
        case .unknownFlag(let flag): "flag provided but not defined: \(flag)"
        case .missingValue(let flag): "flag needs an argument: \(flag)"
        case .invalidValue(let value, let flag): "invalid value '\(value)' for flag \(flag)"
        case .invalidPodID(let text): "UUID is missing or malformed: '\(text)'"
        case .missing(let what): "\(what) is missing"
        }
    }
}

/// Reads flags as Go's `flag` package does: `--name=value`, `--name value`, one dash or two, switches without a value.
///
/// Source: rkt 1.30.0 entry points; the flags end at the first word without a dash or after `--`.
struct FlagScanner {
    private var words: ArraySlice<String>

    init(_ arguments: [String]) { words = arguments[...] }

    /// What follows the flags.
    var rest: [String] { Array(words) }

    /// The next flag's name without dashes, and the value written with `=`.
    mutating func next() -> (name: String, value: String?)? {
        guard let word = words.first, word.hasPrefix("-"), word != "-" else { return nil }
        words.removeFirst()
        if word == "--" { return nil }
        let body = word.drop { $0 == "-" }
        guard let equals = body.firstIndex(of: "=") else { return (String(body), nil) }
        return (String(body[..<equals]), String(body[body.index(after: equals)...]))
    }

    /// The value of a flag that has to have one: after the `=`, or the next word.
    mutating func value(_ written: String?, of name: String) throws(EntryPointArgumentError) -> String {
        if let written { return written }
        guard let word = words.popFirst() else { throw .missingValue(flag: "--\(name)") }
        return word
    }

    static func isSet(_ written: String?, _ name: String) throws(EntryPointArgumentError) -> Bool {
        switch written ?? "true" {
        case "true", "TRUE", "True", "1", "t", "T": return true
        case "false", "FALSE", "False", "0", "f", "F": return false
        default: throw .invalidValue(written ?? "", flag: "--\(name)")
        }
    }
}
