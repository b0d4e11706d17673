/// `rkt help`: the same text as `--help`.
let helpCommand = Command(
    name: "help",
    summary: "Help about any command",
    arguments: "[COMMAND]",
    description: "Help provides help for any command in the application.",
    run: runHelp)

private func runHelp(_ context: CommandContext) {
    let root = rootCommand
    let found = try? findCommand(context.arguments, in: root)  // no command of that name is reported below
    guard let found, !(found.command.isHidden && found.command.run == nil) else {
        let topic = context.arguments.map { "`\($0)`" }.joined(separator: " ")
        context.logWithoutNewline("Unknown help topic [\(topic)].")
        context.printRaw(helpText(for: root, path: [], root: root))
        return
    }
    context.printRaw(helpText(for: found.command, path: found.path, root: root))
}
