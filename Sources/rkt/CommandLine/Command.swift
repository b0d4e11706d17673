/// One command of `rkt`, as its file in `Commands/` declares it: the parser, the help and `main` read nothing else.
struct Command: Sendable {
    let name: String
    let summary: String
    /// The words after the command's name in the help.
    var arguments = ""
    var description = ""
    /// Made when the command was chosen, so that starting costs only the flags of one command.
    var flags: @Sendable () -> [Flag] = { [] }
    /// Whether flags may follow arguments; where not, the first argument ends them.
    var interspersed = true
    /// Refused at once for everybody but the superuser.
    var needsSuperuser = false
    var isHidden = false
    var children: [Command] = []
    /// `nil` for a group, which only shows its help.
    var run: (@Sendable (CommandContext) throws -> Void)?

    /// Whether the help lists it.
    var isListed: Bool { !isHidden && run != nil }

    /// A command of the original that does nothing here yet: known, not listed, and refused.
    static func notAvailable(_ name: String) -> Command {
        Command(name: name, summary: "", interspersed: false, isHidden: true)
    }
}
