/// Tells what a program sees inside a pod, one fact per line, `name=value`.
///
/// The words of the command line are commands with their arguments; `+` stands between commands, so that one start
/// answers many questions: `inspect user + cwd + read /etc/hosts + exit 3`. A command that is not known ends the
/// program with status 99. Needs nothing but a mounted /proc: no files, no environment, no particular user.
@main
struct Inspect {
    static func main() {
        for words in CommandLine.arguments.dropFirst().split(separator: "+") {
            run(words.first ?? "", Array(words.dropFirst()))
        }
    }

    private static func run(_ name: String, _ words: [String]) {
        let groups: [(String, [String]) -> Bool] = [
            inspectIdentity, inspectFiles, inspectKernel, inspectProcesses, inspectSockets, inspectAttacks,
        ]
        for group in groups where group(name, words) { return }
        report("unknown", name)
        leave(99)
    }
}
