/// Why words are not a command line, with rkt's words.
enum UsageError: Error, Equatable {
    case unknownCommand(String, suggestions: [String])
    case unknownFlag(String)
    case unknownShorthand(Character, in: String)
    case missingArgument(String)
    case badSyntax(String)
    /// `word` is the flag as the user wrote it.
    case invalidArgument(String, word: String, reason: String)
    case refused(flag: String, reason: String)
}

extension UsageError: CustomStringConvertible {
    var description: String {
        switch self {
        case .unknownCommand(let name, let suggestions):
            "unknown command \(quoted(name)) for \"rkt\""
                + (suggestions.isEmpty ? "" : "\n\nDid you mean this?\n" + suggestions.map { "\t\($0)\n" }.joined())
        case .unknownFlag(let name): "unknown flag: --\(name)"
        case .unknownShorthand(let letter, let word): "unknown shorthand flag: '\(letter)' in -\(word)"
        case .missingArgument(let word): "flag needs an argument: \(word)"
        case .badSyntax(let word): "bad flag syntax: \(word)"
        case .invalidArgument(let value, let word, let reason):
            "invalid argument \(quoted(value)) for \(word): \(reason)"
        case .refused(let flag, let reason): "--\(flag): \(reason)"
        }
    }
}

/// Reads flags as Go's `pflag` does: `--flag=value`, `--flag value`, `--flag` for booleans and optional values.
///
/// Source: spf13/pflag as of rkt 1.30.0, `parseArgs`, `parseLongArg`, `parseSingleShortArg`.
struct GoFlags {
    private let flags: [Flag]
    /// Called with the sentence to print when a deprecated flag is given.
    private let warn: (String) -> Void

    init(_ flags: [Flag], warn: @escaping (String) -> Void) {
        self.flags = flags
        self.warn = warn
    }

    /// Reads all of `words`; returns those that are no flags and no values of flags.
    ///
    /// `--` ends the flags and is dropped. With `interspersed` false, so does the first word that is no flag, which is kept.
    func parse(_ words: [String], interspersed: Bool, into options: inout Options) throws(UsageError) -> [String] {
        var arguments: [String] = []
        var rest = words[...]
        while let word = rest.first {
            if word == "--" { return arguments + rest.dropFirst() }
            if isFlag(word) {
                try parseFlag(&rest, into: &options)
            } else if interspersed {
                arguments.append(word)
                rest.removeFirst()
            } else {
                return arguments + rest
            }
        }
        return arguments
    }

    /// Whether `word` is read as a flag; a lone dash is not.
    func isFlag(_ word: String) -> Bool { word.utf8.count > 1 && word.utf8.first == UInt8(ascii: "-") }

    /// Reads the flag at the start of `words`, and the next word if the flag takes it.
    func parseFlag(_ words: inout ArraySlice<String>, into options: inout Options) throws(UsageError) {
        guard let word = words.popFirst() else { return }
        guard word.hasPrefix("--") else { return try parseShort(word, &words, into: &options) }
        let body = word.dropFirst(2)
        if body.isEmpty || body.hasPrefix("-") || body.hasPrefix("=") { throw .badSyntax(word) }
        let name = body.prefix { $0 != "=" }
        guard let flag = flags.first(where: { $0.name == name }) else { throw .unknownFlag(String(name)) }
        if name.endIndex < body.endIndex {
            try set(flag, String(body[name.endIndex...].dropFirst()), word: word, &options)
        } else if let bare = flag.bareValue {
            try set(flag, bare, word: word, &options)
        } else if let value = words.popFirst() {
            try set(flag, value, word: word, &options)
        } else {
            throw .missingArgument(word)
        }
    }

    private func parseShort(
        _ word: String, _ words: inout ArraySlice<String>, into options: inout Options
    ) throws(UsageError) {
        var letters = word.dropFirst()
        while let letter = letters.first {
            guard let flag = flags.first(where: { $0.shorthand == letter }) else {
                throw .unknownShorthand(letter, in: String(letters))
            }
            let following = letters.dropFirst()
            if following.hasPrefix("="), following.count > 1 {
                return try set(flag, String(following.dropFirst()), word: "-\(letters)", &options)
            }
            guard let bare = flag.bareValue else {
                guard let value = following.isEmpty ? words.popFirst() : String(following) else {
                    throw .missingArgument("'\(letter)' in -\(letters)")
                }
                return try set(flag, value, word: "-\(letters)", &options)
            }
            try set(flag, bare, word: "-\(letters)", &options)
            letters = following
        }
    }

    private func set(_ flag: Flag, _ value: String, word: String, _ options: inout Options) throws(UsageError) {
        if case .refused(let reason) = flag.visibility { throw .refused(flag: flag.name, reason: reason) }
        do {
            try flag.set(&options, value)
        } catch {
            throw .invalidArgument(value, word: word, reason: "\(error)")
        }
        if case .deprecated(let advice) = flag.visibility {
            warn("Flag --\(flag.name) has been deprecated, \(advice)")
        }
    }

}
