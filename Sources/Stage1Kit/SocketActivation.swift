package import AppContainer
package import LinuxSystem

/// A socket that an app is started with, under the name of its port.
package struct AppSocket: Equatable, Sendable {
    package let name: ACName
    package let descriptor: CInt
}

/// Which app gets which of the sockets that a service manager has opened.
package struct SocketAssignment: Equatable, Sendable {
    /// In the order in which they were passed.
    package let sockets: [ACName: [AppSocket]]
    /// Of no app.
    package let unclaimed: [PassedSocket]
    /// Sentences for stderr.
    package let warnings: [String]

    /// Gives each socket to the first app with a socket-activated port of its number and protocol.
    ///
    /// Source: rkt 1.30.0, stage1/init/common/units.go, `AppSocketUnit`.
    package init(_ passed: [PassedSocket], apps: [(name: ACName, ports: [Port])]) {
        let ports = apps.flatMap { app in app.ports.filter(\.isSocketActivated).map { (app: app.name, port: $0) } }
        var sockets: [ACName: [AppSocket]] = [:]
        var unclaimed: [PassedSocket] = []
        var served: Set<String> = []
        for socket in passed {
            guard let (app, port) = ports.first(where: { $0.port.matches(socket) }) else {
                unclaimed.append(socket)
                continue
            }
            sockets[app, default: []].append(AppSocket(name: port.name, descriptor: socket.descriptor))
            served.insert("\(app) \(port.name)")
        }
        self.sockets = sockets
        self.unclaimed = unclaimed
        warnings =
            unclaimed.map { "warning: no app has a socket-activated port for \($0.words), closing it" }
            + ports.filter { !served.contains("\($0.app) \($0.port.name)") }.map { app, port in
                "warning: nobody has passed a socket for the socket-activated port \"\(port.name)\" "
                    + "(\(port.protocol) \(port.port)) of app '\(app)', ignoring"
            }
    }
}

extension Port {
    fileprivate func matches(_ socket: PassedSocket) -> Bool {
        guard let transport = socket.transport, `protocol` == transport.rawValue else { return false }
        return UInt32(port) <= UInt32(socket.port) && UInt32(socket.port) < UInt32(port) + count
    }
}

extension PassedSocket {
    fileprivate var words: String {
        transport.map { "the passed socket of \($0) port \(port)" } ?? "a passed descriptor that listens on no port"
    }
}
