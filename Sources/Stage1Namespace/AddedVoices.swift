import AppContainer
import Glibc
import LinuxSystem
import Stage1Kit
import SystemPackage

/// Hears the apps that were added to a running pod and say themselves when they are ready.
///
/// Each has a socket of its own in the pod directory, from when it is added until it is removed. What it says besides is not
/// passed on, and only the app's own processes are heard.
final class AddedVoices {
    private let loop: EventLoop
    /// The pod's first process.
    private let first: CInt
    private var sockets: [ACName: CInt] = [:]
    /// Apps that have said it since they were started.
    private var ready: Set<ACName> = []
    private var waiting: [ACName: () -> Void] = [:]

    init(_ loop: EventLoop, first: CInt) {
        self.loop = loop
        self.first = first
    }

    deinit { for socket in sockets.values { close(socket) } }

    static func socket(of app: ACName) -> FilePath { Readiness.directory.appending("app-\(app)") }

    /// Makes the socket of an app, in place of the one that an addition left which failed.
    func open(_ app: ACName) throws {
        forget(app)
        try makeDirectory(Readiness.directory, mode: 0o700, mayExist: true)
        // Bound under a short name: that of the app may be longer than an address.
        let short = Readiness.directory.appending("new")
        let path = Self.socket(of: app)
        unlink(short.string)
        let socket = try NotificationSocket.bind(short).release()
        sockets[app] = socket
        try check("rename", "'\(path)'") { rename(short.string, path.string) }
        try loop.watch(socket, .reading) { [unowned self] _ in try take(from: socket, of: app) }
    }

    func forget(_ app: ACName) {
        guard let socket = sockets.removeValue(forKey: app) else { return }
        loop.forget(socket)
        close(socket)
        unlink(Self.socket(of: app).string)
        ready.remove(app)
    }

    /// What an app said until now counts no more: it is about to start.
    func begin(_ app: ACName) {
        ready.remove(app)
        waiting[app] = nil
    }

    /// Calls `done` when an app has said that it is ready, at once for one that has or that promised nothing.
    func whenReady(_ app: ACName, _ done: @escaping () -> Void) {
        if sockets[app] == nil || ready.contains(app) { return done() }
        waiting[app] = done
    }

    private func take(from socket: CInt, of app: ACName) throws {
        guard let (lines, sender) = try NotificationSocket.receive(from: socket), lines.contains(Readiness.ready),
            !ready.contains(app)
        else { return }
        guard belongs(sender, to: app, first: first) else {
            writeDiagnostic("run: process \(sender) is none of app '\(app)' and cannot make it ready, ignoring")
            return
        }
        ready.insert(app)
        waiting.removeValue(forKey: app)?()
    }
}
