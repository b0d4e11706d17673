import CLinux
import Glibc
import LinuxSystem

/// Exit status of a flavor's own failures.
///
/// Source: rkt 1.30.0, Documentation/devel/stage1-implementors-guide.md.
package let entryPointFailure: CInt = 254

/// Runs the entry point that this program was started as and exits with its status.
///
/// One program serves a whole flavor: the image links `/run`, `/enter` and the others to it. Errors come out as one
/// line on stderr with the entry point's name before it, with `--debug` one line per cause.
package func dispatchEntryPoint(_ entryPoints: [String: ([String]) throws -> CInt]) -> Never {
    let words = CommandLine.arguments
    let name = words.first.map { String($0.split(separator: "/").last ?? "") } ?? ""
    guard let entryPoint = entryPoints[name] else {
        writeDiagnostic("stage1: unknown entry point '\(name)'; this program is one of \(entryPoints.keys.sorted())")
        exit(entryPointFailure)
    }
    let arguments = Array(words.dropFirst())
    do {
        exit(try entryPoint(arguments))
    } catch {
        let wantsChain = arguments.prefix { $0 != "--" }.contains { $0 == "--debug" || $0 == "--debug=true" }
        writeDiagnostic("\(name): \(describe(error, wholeChain: wantsChain))")
        exit(entryPointFailure)
    }
}

/// One line on stderr.
package func writeDiagnostic(_ line: String) {
    let bytes = Array("\(line)\n".utf8)
    _ = write(2, bytes, bytes.count)
}

private func describe(_ error: any Error, wholeChain: Bool) -> String {
    guard wholeChain, let failure = error as? Failure else { return "\(error)" }
    let chain = failure.chain
    let causes = chain.dropFirst().enumerated().map { level, text in
        "\n" + String(repeating: "  ", count: level + 1) + "└─" + text
    }
    return chain[0] + causes.joined()
}
