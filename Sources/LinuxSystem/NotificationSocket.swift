import CLinux
import Glibc
package import SystemPackage

/// Where services say that they are ready.
///
/// Source: sd_notify(3).
package enum NotificationSocket {
    /// The environment variable with the socket's address.
    package static let variable = "NOTIFY_SOCKET"
    private static let maximumMessageBytes = 4_096

    /// Makes a socket of this name that everybody who sees it may send to, and that tells who sent; does not block.
    ///
    /// At most 107 bytes of path.
    package static func bind(_ path: FilePath) throws(SystemCallError) -> Descriptor {
        Descriptor(owning: try check("bind", "'\(path)'") { clinux_bind_notifications(path.string) })
    }

    /// The lines of the next message and the process that sent it, 0 for one that cannot be seen from here; `nil` when there
    /// is no message.
    ///
    /// A message that is too long has no lines. Descriptors in it are closed, which is what a barrier waits for.
    package static func receive(from socket: CInt) throws(SystemCallError) -> (lines: [String], sender: CInt)? {
        var sender: pid_t = 0
        var buffer = [UInt8](repeating: 0, count: maximumMessageBytes)
        do {
            var count = 0
            try check("recvmsg", "descriptor \(socket)") {
                count = clinux_receive_notification(socket, &buffer, buffer.count, &sender)
                return count < 0 ? -1 : 0
            }
            let text = String(decoding: buffer.prefix(count), as: UTF8.self)
            return (text.split(separator: "\n").map(String.init), sender)
        } catch {
            if error.errno == .resourceTemporarilyUnavailable { return nil }
            if error.errno == .messageTooLong { return ([], sender) }
            throw error
        }
    }

    /// Tells a service manager something.
    ///
    /// `address` is a path, or `@` and a name without one.
    package static func send(_ lines: [String], to address: String) throws(SystemCallError) {
        let bytes = Array(lines.joined(separator: "\n").utf8)
        try check("sendto", "'\(address)'") { clinux_send_notification(address, bytes, bytes.count) }
    }
}
