/// A command of a document and what the document says it prints.
///
/// In fenced blocks of the language `console` a line `$ COMMAND` is a command. A `\` at its end, or `> ` in front of the
/// next line, continues it. The lines below are what appears on the terminal: `…` stands for anything within a line, a
/// line that is just `…` for any lines. Identifiers – 12 hexadecimal digits or more, UUIDs, fingerprints in groups – match
/// all others of their shape. A line that ends in `(yes/no)? yes` means a terminal, and somebody who types `yes`.
package struct ConsoleExample: Sendable, CustomStringConvertible {
    package let line: Int
    package private(set) var command: String
    package private(set) var output: [String] = []

    package var description: String { "line \(line): \(command)" }

    /// What is typed, in order.
    package var answers: [String] {
        output.flatMap { line -> [String] in
            guard let range = line.firstRange(of: "(yes/no)? ") else { return [] }
            return [String(line[range.upperBound...])].filter { !$0.isEmpty }
        }
    }

    /// All examples of a document in their order.
    package static func all(in text: String) -> [ConsoleExample] {
        var found: [ConsoleExample] = []
        var isInside = false
        var isContinued = false
        var hasCommand = false
        for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            if line.hasPrefix("```") {
                isInside = line == "```console"
                (isContinued, hasCommand) = (false, false)
            } else if isInside {
                if isContinued {
                    found[found.count - 1].command += "\n\(line)"
                } else if line.hasPrefix("$ ") {
                    found.append(ConsoleExample(line: number + 1, command: String(line.dropFirst(2))))
                    hasCommand = true
                } else if hasCommand, line.hasPrefix("> "), found[found.count - 1].output.isEmpty {
                    found[found.count - 1].command += "\n\(line.dropFirst(2))"
                } else if hasCommand {
                    found[found.count - 1].output.append(String(line))
                }
                isContinued = hasCommand && line.hasSuffix("\\") && found[found.count - 1].output.isEmpty
            }
        }
        return found
    }

    /// Whether what was printed is what the document says.
    package func matches(_ printed: String) -> Bool {
        let lines = printed.split(separator: "\n", omittingEmptySubsequences: false).map { Self.plain(String($0)) }
        let seen = lines.last == "" ? lines.dropLast() : lines[...]
        return Self.matches(output.map(Self.plain)[...], seen)
    }

    private static func matches(_ expected: ArraySlice<String>, _ seen: ArraySlice<String>) -> Bool {
        guard let first = expected.first else { return seen.isEmpty }
        if first == "…" {
            return (seen.startIndex...seen.endIndex).contains { matches(expected.dropFirst(), seen[$0...]) }
        }
        guard let line = seen.first else { return false }
        return matchesLine(Array(first)[...], Array(line)[...]) && matches(expected.dropFirst(), seen.dropFirst())
    }

    private static func matchesLine(_ expected: ArraySlice<Character>, _ seen: ArraySlice<Character>) -> Bool {
        guard let first = expected.first else { return seen.isEmpty }
        if first == "…" {
            return (seen.startIndex...seen.endIndex).contains { matchesLine(expected.dropFirst(), seen[$0...]) }
        }
        return first == seen.first && matchesLine(expected.dropFirst(), seen.dropFirst())
    }

    /// A line with one blank for many, and `#` for what is another each time.
    static func plain(_ line: String) -> String {
        let words = line.split { $0 == " " || $0 == "\t" || $0 == "\r" }.map { identifiersHidden(String($0)) }
        var plain: [String] = []
        for word in words {
            let isGroup = word.count == 4 && word.allSatisfy { $0.isHexDigit && !$0.isLowercase }
            if isGroup, let last = plain.last, last.hasPrefix("groups:") {
                plain[plain.count - 1] = last + "#"
            } else {
                plain.append(isGroup ? "groups:#" : word)
            }
        }
        return plain.joined(separator: " ")
    }

    private static func identifiersHidden(_ word: String) -> String {
        var hidden = ""
        var run = ""
        func flush() {
            let digits = run.filter { $0 != "-" }
            let isUUID = run.count == 36 && digits.count == 32
            hidden += isUUID || (run.count >= 12 && digits.count == run.count) ? "#" : run
            run = ""
        }
        // The dash of `sha512-…` belongs to what is before it.
        for character in word {
            if character.isHexDigit || (character == "-" && [8, 13, 18, 23].contains(run.count)) {
                run.append(character)
            } else {
                flush()
                hidden.append(character)
            }
        }
        flush()
        return hidden
    }
}
