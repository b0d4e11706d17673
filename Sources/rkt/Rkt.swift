import Glibc
import LinuxSystem
import SystemPackage

/// The `rkt` program: finds the command, reads its flags, runs it, prints the last error and picks the exit status.
@main
enum Rkt {
    static func main() {
        PassedSockets.setInheritable(false)
        let terminal = StandardOutput()
        let status = run(
            Array(CommandLine.arguments.dropFirst()), output: { terminal.write($0) },
            errorOutput: { terminal.writeError($0) })
        exit(status == ExitStatus.success && terminal.hasFailed ? ExitStatus.failure : status)
    }

    /// Runs the command that `words` mean and returns the exit status.
    static func run(
        _ words: [String], output: @escaping (String) -> Void, errorOutput: @escaping (String) -> Void
    ) -> CInt {
        let root = rootCommand
        let found: FoundCommand
        do {
            found = try findCommand(words, in: root)
        } catch {
            errorOutput("Error: \(error)\nRun 'rkt --help' for usage.\n")
            return ExitStatus.failure
        }
        let command = found.command
        if command.isHidden, command.run == nil {
            errorOutput("\(command.name): not available yet\n")
            return ExitStatus.failure
        }
        let help = { helpText(for: command, path: found.path, root: root) }
        var options = Options()
        let flags = GoFlags(command.flags() + sharedFlags(of: command)) { errorOutput($0 + "\n") }
        let arguments: [String]
        do {
            arguments = try flags.parse(found.arguments, interspersed: command.interspersed, into: &options)
        } catch {
            errorOutput("Error: \(error)\n")
            if case .refused = error {} else { output(help() + "\n") }
            return ExitStatus.failure
        }
        if found.path.isEmpty, !options.showsHelp {
            errorOutput("rkt: missing command\n")
            output(help())
            return ExitStatus.missingCommand
        }
        guard let run = command.run, !options.showsHelp else {
            output(help())
            return ExitStatus.success
        }
        let context = CommandContext(
            name: command.name, options: options, arguments: arguments, flags: flags, output: output,
            errorOutput: errorOutput)
        do {
            if command.needsSuperuser, geteuid() != 0 { throw Failure("cannot run as unprivileged user") }
            try run(context)
            return ExitStatus.success
        } catch let ending as Ending {
            if ending == .usage || ending == .usageSoftly { output(help()) }
            return ending == .failedSoftly || ending == .usageSoftly ? ExitStatus.softFailure : ExitStatus.failure
        } catch {
            context.report(error)
            return ExitStatus.failure
        }
    }
}

/// Exit statuses people script against.
///
/// Commands that start a pod or enter one become it, and end with its status.
///
/// Source: rkt 1.30.0, rkt/rkt.go and the commands.
enum ExitStatus {
    static let success: CInt = 0
    /// `status` and `stop` without a readable `--uuid-file`; `app sandbox`, `app list` and `app status`.
    static let softFailure: CInt = 1
    static let missingCommand: CInt = 2
    static let failure: CInt = 254
}

/// Writes at once, without buffers that a command which becomes another program would lose.
private final class StandardOutput {
    /// Whether something could not be written to standard output, so that the command did not do its work.
    private(set) var hasFailed = false

    func write(_ text: String) {
        if !writeAll(text, to: STDOUT_FILENO), !hasFailed {
            hasFailed = true
            writeError("rkt: cannot write to standard output: \(Errno(rawValue: errno))\n")
        }
    }

    func writeError(_ text: String) {
        _ = writeAll(text, to: STDERR_FILENO)  // there is no other place to say it
    }

    private func writeAll(_ text: String, to descriptor: CInt) -> Bool {
        var text = text
        return text.withUTF8 { bytes in
            var rest = UnsafeRawBufferPointer(bytes)
            while !rest.isEmpty {
                let count = Glibc.write(descriptor, rest.baseAddress, rest.count)
                if count < 0 {
                    if errno == EINTR { continue }
                    return false
                }
                rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
            }
            return true
        }
    }
}
