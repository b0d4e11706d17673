@testable import rkt

/// What a command line prints and ends with, without starting a program.
struct Outcome: Equatable {
    var status: CInt
    var output = ""
    var errorOutput = ""

    init(_ words: String...) { self.init(words) }

    init(_ words: [String]) {
        let texts = Texts()
        status = Rkt.run(words, output: { texts.output += $0 }, errorOutput: { texts.errorOutput += $0 })
        output = texts.output
        errorOutput = texts.errorOutput
    }

    private final class Texts {
        var output = ""
        var errorOutput = ""
    }
}

/// The options that words give a command, or the sentence why they do not.
func parse(_ command: Command, _ words: [String]) throws -> (options: Options, arguments: [String]) {
    var options = Options()
    let flags = GoFlags(command.flags() + sharedFlags(of: command)) { _ in }
    let arguments = try flags.parse(words, interspersed: command.interspersed, into: &options)
    return (options, arguments)
}

/// The images and options that words give `rkt run`.
func parseRun(_ words: [String], allowsArguments: Bool = true) throws -> Options {
    var options = Options()
    let flags = GoFlags(runCommand.flags() + sharedFlags(of: runCommand)) { _ in }
    let arguments = try flags.parse(words, interspersed: false, into: &options)
    try parseApps(arguments, flags: flags, allowsArguments: allowsArguments, into: &options)
    return options
}

/// The sentence of the error that `body` throws.
func message(_ body: () throws -> Void) -> String? {
    do {
        try body()
        return nil
    } catch {
        return "\(error)"
    }
}
