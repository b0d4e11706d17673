import AppContainer
import Glibc
import LinuxSystem
import Stage1Kit
import SystemPackage

/// Looks after a pod from outside: carries what its apps write and read, passes signals on, and notices the end.
///
/// It is the process that `rkt run` became. The pod's first process and with it all apps die when it does. A mutable pod's
/// also does what is asked on the control socket.
final class Supervisor {
    let loop: EventLoop
    private let child: ChildProcess
    private let channel: Descriptor
    private let signals: SignalQueue
    private let own: OwnStreams
    private let server: ControlServer?
    let voices: AddedVoices
    private var apps: [ACName: AppStreams] = [:]
    /// Apps whose programs have not all ended.
    private var running: Set<ACName>
    /// Called when an app has ended.
    private var waitingForEnd: [ACName: [() -> Void]] = [:]
    private var end: ProcessEnd?
    /// The user does not want to wait for the rest of the output.
    private var isImpatient = false
    /// The user left with the escape sequence.
    private var wasEscaped = false

    private static let statusAfterEscape: CInt = 1

    init(
        _ child: consuming ChildProcess, channel: consuming Descriptor, signals: consuming SignalQueue,
        pipes: [AppPipes], control: AppControl?
    ) throws {
        loop = try EventLoop()
        voices = AddedVoices(loop, first: child.pid)
        self.child = child
        self.channel = channel
        self.signals = signals
        own = try OwnStreams(loop)
        running = Set(pipes.map(\.app))
        server = try control.map { [loop] in try ControlServer($0, loop) }
        for pipe in pipes { try connect(pipe) }
        server?.supervisor = self
    }

    private func connect(_ pipes: AppPipes) throws {
        apps[pipes.app] = try AppStreams(pipes, own) { [unowned self] in escape() }
    }

    /// Returns the exit status of the pod when it has ended and everything that its apps wrote has arrived.
    ///
    /// `started` is the end of a pipe that the apps hold until they are executed; why one was not is told there.
    func run(_ readiness: Readiness, started: consuming Descriptor) throws -> CInt {
        defer { own.restore() }
        var isStarting = true
        try awaitStart(on: started) { complaint in
            isStarting = false
            // What is said there was said on stderr too.
            if complaint.isEmpty { try readiness.allExecuted() }
        }
        for socket in readiness.sockets {
            try loop.watch(socket, .reading) { [unowned self] _ in try readiness.take(from: socket, first: child.pid) }
        }
        try loop.watch(signals.descriptor.raw, .reading) { [unowned self] _ in try takeSignals() }
        try loop.watch(channel.raw, .reading) { [unowned self] _ in try takeEvent() }
        try loop.watch(child.descriptor.raw, .reading) { [unowned self] _ in try ended() }
        while true {
            if let end, isImpatient || !(isBusy || isStarting) {
                return wasEscaped ? Self.statusAfterEscape : end.shellStatus
            }
            try loop.turn()
            for app in apps.values { app.tidy() }
        }
    }

    private var isBusy: Bool { own.isBusy || apps.values.contains(where: \.isBusy) }

    private func ended() throws {
        end = try child.wait()
        loop.forget(child.descriptor.raw)
        // What it said last may still be there.
        while try waitForInput([channel.raw], milliseconds: 0)[0], try takeEvent() {}
        for app in apps.values { app.finish() }
        for app in running { finish(app) }
    }

    private func takeSignals() throws {
        while let (number, _, _) = try signals.next() {
            switch number {
            case SIGCHLD, SIGPIPE: continue  // who does not read any more is no concern of the apps
            case SIGWINCH where apps.values.contains(where: \.showsTerminal):
                for app in apps.values { try app.followWindow() }
            default: pass(number)
            }
        }
    }

    private func pass(_ number: CInt) {
        if end != nil {
            if [SIGTERM, SIGINT, SIGQUIT, SIGHUP].contains(number) { isImpatient = true }
            return
        }
        try? child.send(number)  // it may have ended just now, which the next turn sees
    }

    private func escape() {
        wasEscaped = true
        isImpatient = true
        try? child.send(SIGKILL)  // it may have ended just now
    }

    /// False when there are no more.
    @discardableResult
    private func takeEvent() throws -> Bool {
        guard let (event, descriptors) = try PodEvent.receive(from: channel.raw) else {
            loop.forget(channel.raw)
            return false
        }
        switch event {
        case .terminal(let app):
            if let number = descriptors.first { try apps[app]?.connect(terminal: Descriptor(owning: number)) }
        case .ended(let app):
            server?.endRest(of: app)
            apps[app]?.finish()
            finish(app)
        }
        return true
    }

    private func finish(_ app: ACName) {
        running.remove(app)
        for call in waitingForEnd.removeValue(forKey: app) ?? [] { call() }
    }
}

// What a mutable pod's tools ask for.
extension Supervisor {
    /// Starts an app of the manifest, unless it runs already.
    ///
    /// `done` is called when it has been executed, or when it has ended because that could not be. An app that says itself
    /// when it is ready has said so then, or has ended.
    func start(_ app: ACName, by control: AppControl, done: @escaping (ControlReply) -> Void) throws {
        if running.contains(app) { return done(.done) }
        guard end == nil else { throw Failure("the pod is ending") }
        let (plan, pipes, place) = try control.plan(app, first: child.pid)
        defer { place.closeAll() }
        voices.begin(app)
        let started = try Pipe()
        try PodOrder.start(plan, pipes.theirs, place, started: started.writer.raw).send(to: channel.raw)
        try connect(pipes)
        running.insert(app)
        try awaitStart(on: started.takeReader()) { [unowned self] complaint in
            if complaint.isEmpty { return awaitReadiness(of: app, done) }
            let reply = ControlReply.failed(complaint)
            guard running.contains(app) else { return done(reply) }
            waitingForEnd[app, default: []].append { done(reply) }
        }
    }

    /// Calls `done`, with what was said, when nobody holds the other end any more.
    private func awaitStart(on started: consuming Descriptor, _ done: @escaping (String) throws -> Void) throws {
        let reader = started.release()
        var complaint: [UInt8] = []
        try loop.watch(reader, .reading) { [unowned self] _ in
            var buffer = [UInt8](repeating: 0, count: 4096)
            let count = read(reader, &buffer, buffer.count)
            if count > 0 {
                if complaint.count < 1 << 16 { complaint += buffer.prefix(count) }
                return
            }
            loop.forget(reader)
            close(reader)
            try done(String(decoding: complaint, as: UTF8.self))
        }
    }

    /// Answers when a started app is ready, or has ended without having said so.
    private func awaitReadiness(of app: ACName, _ done: @escaping (ControlReply) -> Void) {
        var isAnswered = false
        func answer(_ reply: ControlReply) {
            if !isAnswered { done(reply) }
            isAnswered = true
        }
        voices.whenReady(app) { answer(.done) }
        if isAnswered { return }
        let ending = ControlReply.failed("it ended before it said that it was ready")
        guard running.contains(app) else { return answer(ending) }
        waitingForEnd[app, default: []].append { answer(ending) }
    }

    /// Asks an app to end; false when it does not run.
    ///
    /// `done` is called when it has ended.
    func stop(_ app: ACName, done: @escaping () -> Void) throws -> Bool {
        guard running.contains(app) else { return false }
        waitingForEnd[app, default: []].append(done)
        try PodOrder.stop(app).send(to: channel.raw)
        return true
    }

    /// Lets go of an app that does not run.
    func remove(_ app: ACName, by control: AppControl) throws {
        guard !running.contains(app) else { throw Failure("app '\(app)' is still running") }
        apps[app] = nil
        voices.forget(app)
        try control.remove(app)
    }
}

/// Hears requests on the control socket.
final class ControlServer {
    weak var supervisor: Supervisor?
    private let control: AppControl
    private let loop: EventLoop
    private let listener: Descriptor

    init(_ control: AppControl, _ loop: EventLoop) throws {
        self.control = control
        self.loop = loop
        listener = try UnixSocket.listen(
            .messages, name: ControlSocket.name, in: Descriptor.open(".", [.directory]))
        try loop.watch(listener.raw, .reading) { [unowned self] _ in
            while let connection = try UnixSocket.accept(listener.raw) { try hear(connection.release()) }
        }
    }

    deinit { loop.forget(listener.raw) }

    /// Ends what an app has left running, which in other pods happens with the pod.
    func endRest(of app: ACName) {
        do {
            try control.endRest(of: app)
        } catch {
            writeDiagnostic("run: cannot end what app '\(app)' left running: \(error)")
        }
    }

    private func hear(_ connection: CInt) throws {
        guard try UnixSocket.peerUser(connection) == geteuid() else {
            close(connection)
            return
        }
        try loop.watch(connection, .reading) { [unowned self] _ in
            loop.forget(connection)
            take(connection)
        }
    }

    /// Answers now or later, and closes the connection then.
    private func take(_ connection: CInt) {
        func answer(_ reply: ControlReply) {
            ControlSocket.reply(reply, on: connection)
            close(connection)
        }
        do {
            let (bytes, descriptors) = try UnixSocket.receive(from: connection)
            for number in descriptors { close(number) }
            guard let supervisor else { return answer(.failed("the pod is ending")) }
            let (request, app) = try ControlSocket.parse(bytes)
            switch request {
            case .hear:
                try supervisor.voices.open(app)
                answer(.done)
            case .start: try supervisor.start(app, by: control, done: answer)
            case .stop: if try !supervisor.stop(app, done: { answer(.done) }) { answer(.notRunning) }
            case .remove:
                try supervisor.remove(app, by: control)
                answer(.done)
            }
        } catch {
            answer(.failed("\(error)"))
        }
    }
}
