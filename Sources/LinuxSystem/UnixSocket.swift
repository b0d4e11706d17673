import CLinux
import Glibc
import SystemPackage

/// Both ends of a connection that keeps messages apart, at most ``UnixSocket/maximumMessageBytes`` each.
///
/// Source: unix(7), SOCK_SEQPACKET.
package struct SocketPair: ~Copyable {
    package let first: Descriptor
    package let second: Descriptor

    package init() throws(SystemCallError) {
        var ends: (CInt, CInt) = (-1, -1)
        try check("socketpair", "a new connection") {
            withUnsafeMutablePointer(to: &ends) {
                $0.withMemoryRebound(to: CInt.self, capacity: 2) { clinux_socketpair($0) }
            }
        }
        first = Descriptor(owning: ends.0)
        second = Descriptor(owning: ends.1)
    }

    /// Keeps the first end and closes the other.
    package consuming func takeFirst() -> Descriptor { first }
}

/// Sockets with a name in the file system.
package enum UnixSocket {
    package enum Kind: Sendable {
        /// A stream of bytes.
        case stream
        /// Messages in order.
        case messages

        var type: CInt { self == .stream ? CInt(SOCK_STREAM.rawValue) : CInt(SOCK_SEQPACKET.rawValue) }
    }

    /// More than a message ever has; what is larger travels as a descriptor.
    package static let maximumMessageBytes = 1 << 16
    /// Descriptors in one message.
    package static let maximumDescriptors = 32

    /// Makes a socket of this name, which only its owner may connect to; one that was there is replaced.
    ///
    /// `name` is one of ours in `directory`, so that its length does not count.
    package static func listen(
        _ kind: Kind, name: String, in directory: borrowing Descriptor
    ) throws(SystemCallError) -> Descriptor {
        let path = "\(directory.procPath)/\(name)"
        unlink(path)
        return Descriptor(
            owning: try check("bind", "socket '\(name)'") { clinux_listen_unix(path, kind.type) })
    }

    /// Connects to a socket below `directory`.
    package static func connect(
        _ kind: Kind, name: String, in directory: borrowing Descriptor
    ) throws(SystemCallError) -> Descriptor {
        let path = "\(directory.procPath)/\(name)"
        return Descriptor(
            owning: try check("connect", "socket '\(name)'") { clinux_connect_unix(path, kind.type) })
    }

    /// The next connection to a listening socket; not blocking, `nil` when nobody waits any more.
    package static func accept(_ listener: CInt) throws(SystemCallError) -> Descriptor? {
        do {
            return Descriptor(owning: try check("accept4", "descriptor \(listener)") { clinux_accept(listener) })
        } catch {
            if error.errno == .resourceTemporarilyUnavailable || error.errno == .connectionAbort { return nil }
            throw error
        }
    }

    /// Who connected: the user at that time.
    ///
    /// Source: unix(7), SO_PEERCRED.
    package static func peerUser(_ connection: CInt) throws(SystemCallError) -> UInt32 {
        var user: UInt32 = 0
        try check("getsockopt", "SO_PEERCRED of descriptor \(connection)") { clinux_peer_user(connection, &user) }
        return user
    }

    /// Sends one message, with descriptors; they stay open here.
    ///
    /// Source: unix(7), SCM_RIGHTS.
    package static func send(
        _ bytes: [UInt8], descriptors: [CInt] = [], to connection: CInt
    ) throws(SystemCallError) {
        try check("sendmsg", "descriptor \(connection)") {
            clinux_send_message(connection, bytes, bytes.count, descriptors, CInt(descriptors.count))
        }
    }

    /// Receives one message; empty at the end.
    ///
    /// The descriptors belong to the caller, and are close-on-exec.
    package static func receive(
        from connection: CInt
    ) throws(SystemCallError) -> (bytes: [UInt8], descriptors: [CInt]) {
        var descriptors = [CInt](repeating: -1, count: maximumDescriptors)
        var count = CInt(maximumDescriptors)
        var failed: SystemCallError?
        let bytes = [UInt8](unsafeUninitializedCapacity: maximumMessageBytes) { buffer, length in
            length = 0
            do throws(SystemCallError) {
                length = Int(
                    try check("recvmsg", "descriptor \(connection)") {
                        clinux_receive_message(connection, buffer.baseAddress, buffer.count, &descriptors, &count)
                    })
            } catch {
                failed = error
            }
        }
        if let failed { throw failed }
        return (bytes, Array(descriptors.prefix(Int(count))))
    }
}
