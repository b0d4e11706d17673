import CLinux
import Glibc

/// A socket that a service manager has opened for this process.
package struct PassedSocket: Equatable, Sendable {
    package enum Transport: String, Sendable { case tcp, udp }

    /// Close-on-exec, and above all numbers that programs are started with.
    package let descriptor: CInt
    /// `nil` for what has no port, or is no listening socket.
    package let transport: Transport?
    package let port: UInt16

    package init(descriptor: CInt, transport: Transport?, port: UInt16) {
        self.descriptor = descriptor
        self.transport = transport
        self.port = port
    }
}

/// Sockets that come with the start of a program, in the environment and from descriptor 3 on.
///
/// Source: sd_listen_fds(3).
package enum PassedSockets {
    package static let firstDescriptor: CInt = 3
    package static let countVariable = "LISTEN_FDS"
    package static let processVariable = "LISTEN_PID"
    package static let namesVariable = "LISTEN_FDNAMES"

    /// The descriptors that are meant for this process, whatever they are.
    package static func numbers() -> Range<CInt> {
        let none = firstDescriptor..<firstDescriptor
        guard environmentVariable(processVariable) == "\(getpid())",
            let count = environmentVariable(countVariable).flatMap({ CInt($0) }), count > 0, count < 65_536
        else { return none }
        return firstDescriptor..<firstDescriptor + count
    }

    /// Keeps them out of the programs that this process starts, or lets them live on in the one that replaces it.
    package static func setInheritable(_ inheritable: Bool) {
        // One that is not open is found by whoever takes it.
        for number in numbers() { clinux_set_descriptor_flags(number, inheritable ? 0 : 1) }
    }

    /// Takes them over: they get other numbers, and nothing that this process starts has them unless it is told to.
    ///
    /// - Throws: ``SystemCallError`` when one is not open or no socket.
    package static func take() throws(SystemCallError) -> [PassedSocket] {
        let numbers = numbers()
        var sockets: [PassedSocket] = []
        for number in numbers {
            let moved = try check("fcntl", "passed socket \(number)") {
                clinux_duplicate(number, 64 + CInt(2 * numbers.count))
            }
            close(number)
            var (type, listens, port): (CInt, CInt, CInt) = (0, 0, 0)
            try check("getsockopt", "passed socket \(number)") {
                clinux_describe_socket(moved, &type, &listens, &port)
            }
            var transport: PassedSocket.Transport?
            if port != 0 {
                if type == CInt(SOCK_STREAM.rawValue), listens != 0 { transport = .tcp }
                if type == CInt(SOCK_DGRAM.rawValue) { transport = .udp }
            }
            sockets.append(
                PassedSocket(descriptor: moved, transport: transport, port: UInt16(truncatingIfNeeded: port)))
        }
        return sockets
    }
}
