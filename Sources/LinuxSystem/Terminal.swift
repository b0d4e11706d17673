import CLinux
import Glibc

/// How many characters a terminal shows.
package struct WindowSize: Equatable, Sendable {
    package let columns: Int
    package let rows: Int

    package init(columns: Int, rows: Int) {
        self.columns = columns
        self.rows = rows
    }

    /// Of the terminal behind a descriptor; nil where there is none, or one that does not know its size.
    package init?(of descriptor: CInt) {
        guard let size = try? Terminal.size(of: descriptor), size.columns > 0, size.rows > 0 else { return nil }
        self = size
    }
}

/// Terminals by descriptor.
package enum Terminal {
    package static func isOne(_ descriptor: CInt) -> Bool { isatty(descriptor) == 1 }

    /// Source: ioctl_tty(2), TIOCGWINSZ.
    package static func size(of terminal: CInt) throws(SystemCallError) -> WindowSize {
        var rows: UInt16 = 0
        var columns: UInt16 = 0
        try check("ioctl", "TIOCGWINSZ of descriptor \(terminal)") { clinux_get_window(terminal, &rows, &columns) }
        return WindowSize(columns: Int(columns), rows: Int(rows))
    }

    /// Programs on the terminal get SIGWINCH when it changes.
    package static func setSize(of terminal: CInt, _ size: WindowSize) throws(SystemCallError) {
        try check("ioctl", "TIOCSWINSZ of descriptor \(terminal)") {
            clinux_set_window(terminal, UInt16(clamping: size.rows), UInt16(clamping: size.columns))
        }
    }

    /// Opens a new terminal of the devpts file system whose `ptmx` this path is: the side of the keyboard and screen, and
    /// the one for programs.
    ///
    /// Source: pts(4); ioctl_tty(2), TIOCGPTPEER.
    package static func open(ptmx: String) throws(SystemCallError) -> (controller: CInt, program: CInt) {
        let controller = try check("open", "'\(ptmx)'") {
            clinux_openat(CInt(CLINUX_AT_FDCWD), ptmx, O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK, 0)
        }
        do throws(SystemCallError) {
            let program = try check("ioctl", "TIOCGPTPEER of '\(ptmx)'") { clinux_open_terminal_peer(controller) }
            return (controller, program)
        } catch {
            close(controller)
            throw error
        }
    }
}

/// A terminal in raw mode: every key goes through as it is.
///
/// ``restore()`` puts everything back, as often as it is called.
///
/// Source: termios(3), cfmakeraw.
package final class RawTerminal {
    private let terminal: CInt
    private var saved: termios
    private var isRaw = true

    package init(_ terminal: CInt) throws(SystemCallError) {
        self.terminal = terminal
        var attributes = termios()
        try check("tcgetattr", "descriptor \(terminal)") { tcgetattr(terminal, &attributes) }
        saved = attributes
        cfmakeraw(&attributes)
        try check("tcsetattr", "descriptor \(terminal)") { tcsetattr(terminal, TCSADRAIN, &attributes) }
    }

    package func restore() {
        guard isRaw else { return }
        isRaw = false
        _ = tcsetattr(terminal, TCSADRAIN, &saved)  // a terminal that is gone needs nothing
    }

    deinit { restore() }
}

extension WindowSize {
    /// As it travels on a socket: rows and columns, two bytes each, the lower one first.
    package var message: [UInt8] {
        [rows, columns].map { UInt16(clamping: $0) }.flatMap { [UInt8($0 & 0xff), UInt8($0 >> 8)] }
    }

    package init?(message: [UInt8]) {
        guard message.count == 4 else { return nil }
        self.init(
            columns: Int(message[2]) | Int(message[3]) << 8, rows: Int(message[0]) | Int(message[1]) << 8)
    }
}
