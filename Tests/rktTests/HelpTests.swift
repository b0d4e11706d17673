import Testing

@testable import rkt

@Suite struct HelpTests {
    @Test func `without a command the help comes with status 2`() {
        let outcome = Outcome()
        #expect(outcome.status == 2)
        #expect(outcome.errorOutput == "rkt: missing command\n")
        #expect(outcome.output == Outcome("help").output)
    }

    @Test(arguments: [["help", "run"], ["run", "--help"], ["run", "-h"], ["--help", "run"]])
    func `all ways to ask for help give the same`(words: [String]) {
        var output = ""
        let status = Rkt.run(words, output: { output += $0 }, errorOutput: { _ in })
        #expect(status == 0)
        #expect(output == helpText(for: runCommand, path: ["run"], root: rootCommand))
    }

    @Test func `sections stand in the order of the original`() {
        let titles = Outcome("help", "run").output.split(separator: "\n").filter { !$0.hasPrefix("\t") }
            .filter { !$0.hasPrefix(" ") }
        #expect(titles == ["NAME:", "USAGE:", "DESCRIPTION:", "OPTIONS:", "GLOBAL OPTIONS:"])
    }

    @Test func `a group and an unknown word in it give its help`() {
        #expect(Outcome("image") == Outcome("image", "foo"))
        #expect(Outcome("image").status == 0)
    }

    @Test func `an unknown topic gives the root's help and is no failure`() {
        let outcome = Outcome("help", "nope")
        #expect(outcome.status == 0)
        #expect(outcome.errorOutput == "Unknown help topic [`nope`].")
        #expect(outcome.output == Outcome("help").output)
    }

    @Test(arguments: ["api-service", "metadata-service", "completion"])
    func `commands that do nothing yet are refused and not listed`(name: String) {
        let outcome = Outcome(name)
        #expect(outcome.status == 254)
        #expect(outcome.errorOutput == "\(name): not available yet\n")
        #expect(!Outcome("help").output.contains("\t\(name)"))
    }

    @Test(arguments: ["mds-register", "store-only", "no-store", "cap-retain", "cpuprofile", "port"])
    func `flags that do nothing yet and deprecated ones are not listed`(name: String) {
        #expect(!Outcome("help", "run").output.contains("--\(name)"))
    }

    @Test func `wrong usage shows the reason on stderr and the help on stdout`() {
        let outcome = Outcome("version", "--nope")
        #expect(outcome.status == 254)
        #expect(outcome.errorOutput == "Error: unknown flag: --nope\n")
        #expect(outcome.output == Outcome("help", "version").output + "\n")
    }

    @Test func `an unknown command shows where help is`() {
        let outcome = Outcome("frobnicate")
        #expect(outcome.status == 254)
        #expect(outcome.output == "")
        #expect(
            outcome.errorOutput == "Error: unknown command \"frobnicate\" for \"rkt\"\nRun 'rkt --help' for usage.\n")
    }

    @Test func `version prints the lines of the original`() {
        let lines = Outcome("version").output.split(separator: "\n")
        #expect(
            lines.map { $0.prefix { $0 != ":" } } == [
                "rkt Version", "appc Version", "Swift Version", "Swift OS/Arch", "Features",
            ])
    }
}
