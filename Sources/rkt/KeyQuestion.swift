import Glibc
import ImageTrust
import LinuxSystem

extension CommandContext {
    /// How keys for a prefix, or for everything when it is empty, are reviewed on this terminal.
    ///
    /// Commands whose standard output is for scripts have no result in a review: `isResult` is false then.
    func keyReview(isSkipped: Bool = false, prefix: String, isResult: Bool) -> KeyReview {
        let show: (String) -> Void =
            isResult ? { self.printRaw($0) } : { self.logWithoutNewline($0) }
        return KeyReview(
            isSkipped: isSkipped, trustsHTTPS: options.trustsKeysFromHTTPS, log: { self.logRaw("pubkey: \($0)") },
            show: { show($0.hasSuffix("\n") ? $0 : $0 + "\n") }, ask: { try self.askForTrust(prefix: prefix, show) })
    }

    private func askForTrust(prefix: String, _ show: (String) -> Void) throws -> Bool {
        guard isatty(STDIN_FILENO) == 1, isatty(STDERR_FILENO) == 1 else {
            logRaw("pubkey: To trust the key for \(quoted(prefix)), do one of the following:")
            logRaw("pubkey:  - call rkt with --trust-keys-from-https")
            logRaw("pubkey:  - run: rkt trust " + (prefix.isEmpty ? "--root" : "--prefix \(quoted(prefix))"))
            throw Failure("unable to ask user to review fingerprint due to lack of tty")
        }
        while true {
            show("Are you sure you want to trust this key (yes/no)? ")
            switch try readAnswer() {
            case "yes": return true
            case "no": return false
            case nil: throw Failure("the terminal was closed before the question was answered")
            default: show("Please enter 'yes' or 'no'\n")
            }
        }
    }

    /// One line of standard input without its end; nil when there is none, or one that is no answer to anything.
    private func readAnswer() throws -> String? {
        let input = try Descriptor(owning: check("dup", "standard input") { dup(STDIN_FILENO) })
        var line: [UInt8] = []
        while line.count < 1024 {
            guard let byte = try input.readByte() else {
                return line.isEmpty ? nil : String(decoding: line, as: UTF8.self)
            }
            if byte == UInt8(ascii: "\n") { return String(decoding: line, as: UTF8.self) }
            line.append(byte)
        }
        return nil
    }
}
