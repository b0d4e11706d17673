import AppContainer
import CLinux
import Glibc
import LinuxSystem
import Stage1Kit
import Stage2Interface

/// Gives apps the sockets that whoever started the pod has opened for them; those of no app are closed.
///
/// Source: sd_listen_fds(3).
func giveSockets(to plans: inout [AppPlan], of pod: PreparedPod) throws {
    let assignment = SocketAssignment(try PassedSockets.take(), apps: pod.apps.map { ($0.name, $0.app.ports) })
    for socket in assignment.unclaimed { close(socket.descriptor) }
    for warning in assignment.warnings { writeDiagnostic(warning) }
    for index in plans.indices {
        if let sockets = assignment.sockets[plans[index].name] { plans[index].give(sockets) }
    }
}

extension [AppSocket] {
    /// Puts them where the shim takes them from.
    func place() throws(SystemCallError) {
        for (index, socket) in enumerated() {
            try check("dup3", "socket '\(socket.name)'") {
                clinux_dup3(socket.descriptor, LaunchSpec.firstSocketDescriptor + CInt(index), 0)
            }
        }
    }
}
