import AppContainer
import Glibc
import LinuxSystem
import Stage1Kit
import SystemPackage

/// Tells whoever started the pod when it is ready: when every app that says so itself has said it, and when every app is
/// executed where none does.
///
/// Each of these apps has a socket of its own in the pod directory. What it says besides is not passed on, and only the
/// app's own processes are heard.
///
/// Source: sd_notify(3); rkt 1.30.0, stage1/init/common/units.go.
final class Readiness {
    static let directory: FilePath = "notify"
    /// Where an app finds its socket.
    static let socketInApp = "/run/systemd/notify"
    static let ready = "READY=1"

    private let invoker = environmentVariable(NotificationSocket.variable)
    private var voices: [CInt: ACName] = [:]
    private var awaited: Set<ACName> = []
    private let announce: () throws -> Void

    /// Makes the sockets, and tells the plans of their apps; `announce` is called when the pod is ready, before whoever
    /// started it is told.
    init(of plans: inout [AppPlan], announce: @escaping () throws -> Void) throws {
        self.announce = announce
        for index in plans.indices where plans[index].saysReady {
            try makeDirectory(Self.directory, mode: 0o700, mayExist: true)
            let path = Self.directory.appending("\(index)")
            unlink(path.string)
            voices[try NotificationSocket.bind(path).release()] = plans[index].name
            awaited.insert(plans[index].name)
            plans[index].hear(path, at: Self.socketInApp)
        }
    }

    deinit { for socket in voices.keys { close(socket) } }

    /// Where something may come for ``take(from:first:)``, for the whole life of the pod: nobody is to wait in vain for room
    /// to say something.
    var sockets: [CInt] { voices.keys.sorted() }

    /// Every app is executed.
    func allExecuted() throws {
        if awaited.isEmpty { try tell() }
    }

    /// Takes the next message of an app; `first` is the pod's first process.
    func take(from socket: CInt, first: CInt) throws {
        guard let app = voices[socket], let (lines, sender) = try NotificationSocket.receive(from: socket),
            lines.contains(Self.ready), awaited.contains(app)
        else { return }
        guard belongs(sender, to: app, first: first) else {
            writeDiagnostic("run: process \(sender) is none of app '\(app)' and cannot make it ready, ignoring")
            return
        }
        awaited.remove(app)
        if awaited.isEmpty { try tell() }
    }

    private func tell() throws {
        try announce()
        guard let invoker else { return }
        do {
            try NotificationSocket.send([Self.ready, "MAINPID=\(getpid())"], to: invoker)
        } catch {
            writeDiagnostic("run: cannot tell the service manager that the pod is ready, ignoring: \(error)")
        }
    }
}

/// Whether a process is the app's first one, comes from it, or is in the app's own cgroup.
func belongs(_ pid: CInt, to app: ACName, first: CInt) -> Bool {
    guard pid > 0, let main = try? AppProcessRecord.find(app, below: first) else { return false }  // it has ended
    if let cgroup = cgroups(of: pid), cgroup == cgroups(of: main), cgroup != cgroups(of: first) { return true }
    var next: CInt? = pid
    while let current = next, current != first, current > 1 {
        if current == main { return true }
        next = AppProcessRecord.parentPID(of: current)
    }
    return false
}

/// All cgroups of a process, as the kernel lists them; `nil` when it has ended.
private func cgroups(of pid: CInt) -> String? { try? readTextFile(FilePath("/proc/\(pid)/cgroup")) }
