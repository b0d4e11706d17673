/// The command that some words mean, the words that are left for it, and the names on the way to it.
struct FoundCommand {
    let command: Command
    /// From the root to the command, without the root.
    let path: [String]
    let arguments: [String]
}

/// Finds the command among `words`: flags may stand before its name, and a prefix that only one command has is enough.
///
/// A word after an unknown flag without `=` is taken for the flag's value, as the original does it; so in `rkt --full list`
/// no command is found, and `--full` is then reported.
///
/// Source: spf13/cobra as of rkt 1.30.0, `Command.Find`, `stripFlags`.
func findCommand(_ words: [String], in root: Command) throws(UsageError) -> FoundCommand {
    var current = root
    var path: [String] = []
    var arguments = words
    while !current.children.isEmpty, let position = firstName(in: arguments, booleans: booleanFlags(of: current)) {
        guard let child = child(of: current, named: arguments[position]) else { break }
        arguments.remove(at: position)
        path.append(child.name)
        current = child
    }
    if path.isEmpty, let position = firstName(in: arguments, booleans: booleanFlags(of: root)) {
        throw .unknownCommand(
            arguments[position], suggestions: suggestions(for: arguments[position], among: root.children))
    }
    return FoundCommand(command: current, path: path, arguments: arguments)
}

private func child(of parent: Command, named name: String) -> Command? {
    if let exact = parent.children.first(where: { $0.name == name }) { return exact }
    let matches = parent.children.filter { $0.name.hasPrefix(name) }
    return matches.count == 1 ? matches.first : nil
}

private func booleanFlags(of command: Command) -> Set<String> {
    Set((command.flags() + sharedFlags(of: command)).filter { $0.kind == .boolean }.map(\.name))
}

private func firstName(in words: [String], booleans: Set<String>) -> Int? {
    var takesNext = false
    for (index, word) in words.enumerated() {
        if word.hasPrefix("--"), !word.contains("=") {
            takesNext = !booleans.contains(String(word.dropFirst(2)))
        } else if word.hasPrefix("-"), word.utf8.count == 2, word != "-h" {
            takesNext = true
        } else if takesNext {
            takesNext = false
        } else if !word.isEmpty, !word.hasPrefix("-") {
            return index
        }
    }
    return nil
}

private func suggestions(for name: String, among commands: [Command]) -> [String] {
    let typed = name.lowercased()
    return commands.filter { command in
        command.isListed && (command.name.hasPrefix(typed) || editDistance(typed, command.name) <= 2)
    }.map(\.name).sorted()
}

/// How many letters to insert, delete or replace to make one word of the other.
func editDistance(_ one: some StringProtocol, _ other: some StringProtocol) -> Int {
    // Long words are not misspelled commands, and the work is the product of the lengths.
    if one.utf8.count > 64 || other.utf8.count > 64 { return 64 }
    let target = Array(other.utf8)
    var row = Array(0...target.count)
    for (line, letter) in one.utf8.enumerated() {
        var diagonal = row[0]
        row[0] = line + 1
        for column in target.indices {
            let replaced = diagonal + (letter == target[column] ? 0 : 1)
            diagonal = row[column + 1]
            row[column + 1] = min(replaced, diagonal + 1, row[column] + 1)
        }
    }
    return row[target.count]
}
