/// The help for a command: what `help`, `--help` and wrong usage print.
///
/// Lists only what works: no hidden, deprecated or refused flags and commands.
///
/// Source: rkt 1.30.0, rkt/help.go.
func helpText(for command: Command, path: [String], root: Command) -> String {
    var lines = TabWriter()
    let isRoot = path.isEmpty
    lines.add(text: "NAME:\n\t\(command.name) - \(command.summary)\n\nUSAGE:")
    lines.add(text: "\t" + usageLine(command, path: path))
    if isRoot { lines.add(text: "\nVERSION:\n\t\(Version.rkt)") }
    let commands = listedCommands(below: command)
    if !commands.isEmpty {
        lines.add(text: "\nCOMMANDS:")
        for (name, summary) in commands { lines.add(["", name, summary]) }
    }
    if !command.description.isEmpty {
        lines.add(text: "\nDESCRIPTION:")
        for line in command.description.split(separator: "\n", omittingEmptySubsequences: false) {
            lines.add(text: "\t" + line)
        }
    }
    let own = command.flags() + [helpFlag(for: command)]
    add("OPTIONS", isRoot ? own + globalFlags() : own, to: &lines)
    if !isRoot { add("GLOBAL OPTIONS", globalFlags(), to: &lines) }
    return lines.formatted()
}

private func usageLine(_ command: Command, path: [String]) -> String {
    var words = ["rkt"] + path
    if path.isEmpty || command.run == nil { words.append("[command]") }
    if !command.arguments.isEmpty { words.append(command.arguments) }
    return words.joined(separator: " ")
}

/// The commands below one, with the words that select them, in the order of these words.
private func listedCommands(below command: Command) -> [(name: String, summary: String)] {
    command.children.flatMap { child in
        (child.isListed ? [(child.name, child.summary)] : [])
            + (child.isHidden ? [] : listedCommands(below: child).map { ("\(child.name) \($0.name)", $0.summary) })
    }.sorted { $0.0 < $1.0 }
}

private func add(_ title: String, _ flags: [Flag], to lines: inout TabWriter) {
    lines.add(text: "\n\(title):")
    for flag in flags.filter({ $0.visibility == .shown }).sorted(by: { $0.name < $1.name }) {
        var text = flag.shorthand.map { "  -\($0), --" } ?? "      --"
        let value = "=" + (flag.kind == .string ? quoted(flag.defaultText) : flag.defaultText)
        text += flag.name + (flag.bareValue == nil ? value : "[\(value)]")
        lines.add([text, flag.usage])
    }
}
