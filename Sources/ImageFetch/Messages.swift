import FetchInterface
import LinuxSystem

/// Lines for the user: on standard error, or to rkt where that draws bars there.
struct Messages: Sendable {
    private let write: @Sendable (String) -> Void

    /// `write` gets each line without its end.
    init(write: @escaping @Sendable (String) -> Void = Messages.writeToStandardError) { self.write = write }

    func line(_ text: String) { write(printable(text)) }

    @Sendable private static func writeToStandardError(_ text: String) {
        let error = Descriptor(owning: 2)
        try? error.writeAll("\(text)\n")  // nobody is left to tell
        _ = error.release()
    }
}
