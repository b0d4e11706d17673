import FetchInterface
import LinuxSystem

/// Lines for the user, on standard error.
struct Messages: Sendable {
    private let write: @Sendable (String) -> Void

    init(write: @escaping @Sendable (String) -> Void = Messages.writeToStandardError) { self.write = write }

    func line(_ text: String) { write("\(printable(text))\n") }

    /// Text that a terminal is to obey.
    func raw(_ text: String) { write(text) }

    @Sendable private static func writeToStandardError(_ text: String) {
        let error = Descriptor(owning: 2)
        try? error.writeAll(text)  // nobody is left to tell
        _ = error.release()
    }
}
