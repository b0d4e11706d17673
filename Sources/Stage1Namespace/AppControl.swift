import AppContainer
import Glibc
import LinuxSystem
import Stage1Interface
import Stage1Kit
import Stage2Interface
import SystemPackage

/// What may be asked of the supervisor of a mutable pod, on the socket ``ControlSocket/name`` in the pod directory.
enum ControlRequest: String {
    /// Answered when there is a socket where the app, which is being added, can say that it is ready.
    case hear
    /// Answered when the app is executed, and has said that it is ready if it says that itself.
    case start
    /// Answered when the app has ended.
    case stop
    /// Answered when nothing of an app that does not run is left in the supervisor's care.
    case remove
}

/// What the supervisor answers.
enum ControlReply: Equatable {
    case done
    case notRunning
    case failed(String)
}

/// How tools and supervisor talk: one request and one reply on a connection, which only the supervisor's user may make.
enum ControlSocket {
    static let name = "control"

    /// Asks the supervisor of the pod whose directory is the current one.
    static func ask(_ request: ControlRequest, _ app: ACName) throws -> ControlReply {
        let connection: Descriptor
        do {
            connection = try UnixSocket.connect(.messages, name: name, in: Descriptor.open(".", [.directory]))
        } catch {
            throw Failure("the pod's supervisor does not listen", cause: error)
        }
        var writer = ByteWriter()
        writer.put([request.rawValue, app.rawValue])
        try UnixSocket.send(writer.bytes, to: connection.raw)
        let (bytes, _) = try UnixSocket.receive(from: connection.raw)
        if bytes.isEmpty { throw Failure("the pod ended before it answered") }
        var reader = ByteReader(bytes)
        let words = try reader.texts()
        switch words.first {
        case "done": return .done
        case "not-running": return .notRunning
        default: return .failed(words.last ?? "")
        }
    }

    static func reply(_ reply: ControlReply, on connection: CInt) {
        var writer = ByteWriter()
        switch reply {
        case .done: writer.put(["done"])
        case .notRunning: writer.put(["not-running"])
        case .failed(let why): writer.put(["failed", String(why.prefix(4_096))])
        }
        try? UnixSocket.send(writer.bytes, to: connection)  // who asked may be gone
    }

    static func parse(_ bytes: [UInt8]) throws -> (ControlRequest, ACName) {
        var reader = ByteReader(bytes)
        let words = try reader.texts()
        guard words.count == 2, let request = ControlRequest(rawValue: words[0]) else {
            throw Failure("the request is not known")
        }
        return (request, try ACName(words[1]))
    }
}

/// Plans apps that are started in a running pod.
struct AppControl {
    private let arguments: RunArguments
    private let cgroups: PodCgroups
    private let users: UserRange?
    private let limits: InheritedLimits
    private let filter: (SeccompPolicy) throws -> [UInt8]

    init(
        _ arguments: RunArguments, _ cgroups: PodCgroups, users: UserRange?,
        filter: @escaping (SeccompPolicy) throws -> [UInt8]
    ) throws {
        self.arguments = arguments
        self.cgroups = cgroups
        self.users = users
        self.filter = filter
        limits = try InheritedLimits.current()
    }

    /// Everything that is needed to start an app of the manifest as it is now; its root is where `first` sees it.
    ///
    /// On disk afterwards: the app's environment and how it was started.
    func plan(_ app: ACName, first: CInt) throws -> (AppPlan, AppPipes, CgroupPlace) {
        let pod = try PreparedPod(id: arguments.pod)
        guard let prepared = pod.apps.first(where: { $0.name == app }) else {
            throw Failure("the pod has no app '\(app)'")
        }
        let root = FilePath("/proc/\(first)/root\(PodRoot.appRoot(app))")
        var plan = try planApp(
            prepared, of: pod, lifted: arguments.lifted, limits: limits, root: root, users: users, filter: filter)
        guard plan.sysctls.isEmpty else {
            throw Failure("app '\(app)' has an isolator for kernel settings, which are made when a pod starts")
        }
        for warning in plan.warnings { writeDiagnostic(warning) }
        try saveFiles(of: plan)
        if plan.saysReady { plan.hear(AddedVoices.socket(of: app), at: Readiness.socketInApp) }
        let log = try KubernetesLogPlan(prepared, of: pod.manifest)
        if let log { _ = try KubernetesLog(log) }  // nothing has been started yet
        let pipes = try AppPipes(
            app, StreamPlan(prepared, isInteractive: false), hasTerminal: false, kubernetesLog: log)
        try pipes.give(to: plan.main.user, of: users)
        return (plan, pipes, try cgroups.makePlace(for: plan))
    }

    /// Ends the processes that an app leaves when its programs have ended.
    func endRest(of app: ACName) throws { try cgroups.endProcesses(of: app) }

    /// Lets go of an app that does not run.
    func remove(_ app: ACName) throws { try cgroups.remove(app) }
}
