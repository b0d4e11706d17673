import AppContainer
import Glibc
import LinuxSystem
import Stage1Interface
import Stage1Kit
import SystemPackage

/// What this process shows and hears itself, shared by all apps.
final class OwnStreams {
    let loop: EventLoop
    let output: Sink
    let error: Sink
    /// The terminal that rkt was started on, while an app is shown there.
    private var raw: RawTerminal?

    init(_ loop: EventLoop) throws {
        self.loop = loop
        output = try Sink.own(1, loop)
        error = try Sink.own(2, loop)
    }

    var isBusy: Bool { output.isFull || error.isFull }

    func makeRaw() throws { if raw == nil { raw = try RawTerminal(0) } }

    func restore() { raw?.restore() }
}

/// The supervisor's side of an app's streams, from its start until everything it wrote has arrived.
final class AppStreams {
    private let app: ACName
    private let plan: StreamPlan
    private let own: OwnStreams
    private let hasTerminal: Bool
    private var outputs: [Pump] = []
    private var ownInput: Pump?
    private var inputSink: Sink?
    private var servers: [StreamServer] = []
    private var window: WindowServer?
    /// The side of the app's terminal that is ours, or -1; it is open as long as ``inputSink`` is there.
    private var terminal: CInt = -1
    private var escape = EscapeSequence()
    private let kubernetesLog: KubernetesLog?
    /// Called when the user types the escape sequence.
    private let kill: () -> Void

    init(_ pipes: AppPipes, _ own: OwnStreams, kill: @escaping () -> Void) throws {
        app = pipes.app
        plan = pipes.plan
        self.own = own
        self.kill = kill
        hasTerminal = plan.wantsTerminal(hasTerminal: pipes.hasTerminal)
        kubernetesLog = try pipes.kubernetesLog.map { try KubernetesLog($0) }
        pipes.closeTheirs()
        try start(pipes)
    }

    private var loop: EventLoop { own.loop }

    private func start(_ pipes: AppPipes) throws {
        var attachable: [String] = []
        if let writer = pipes.take(0) {
            let sink = Sink.nonBlocking(writer, loop)
            inputSink = sink
            if plan.input == .stream {
                try serve("stdin", output: nil, input: sink, &attachable)
            } else {
                try readOwnInput(into: sink)
            }
        }
        try startOutput(pipes, 1, plan.output, .standardOutput, own.output, &attachable)
        try startOutput(pipes, 2, plan.error, .standardError, own.error, &attachable)
        if plan.all.contains(.terminal) { attachable.append("tty") }
        if !attachable.isEmpty {
            try StreamDirectory.announce(attachable, of: app, in: StreamDirectory.open(app))
        }
    }

    private func startOutput(
        _ pipes: AppPipes, _ index: Int, _ mode: StreamMode, _ stream: LogRecord.Stream, _ sink: Sink,
        _ attachable: inout [String]
    ) throws {
        guard let reader = pipes.take(index) else { return }
        let pump: Pump
        let kubernetesLog = kubernetesLog
        switch mode {
        case .log:
            let log = try AppLog(of: app.rawValue, stream)
            pump = try Pump(loop, from: reader, to: [sink]) {
                log.append($0)
                kubernetesLog?.append($0, stream)
            }
        case .interactive:
            pump = try Pump(loop, from: reader, to: [sink])
            // Who writes to a pipe that nobody reads is to learn it.
            sink.addWhenBroken { [weak pump] in pump?.end() }
        default:
            pump = try Pump(loop, from: reader) { kubernetesLog?.append($0, stream) }
            try serve(stream.rawValue, output: pump, input: nil, &attachable)
        }
        outputs.append(pump)
    }

    private func serve(_ name: String, output: Pump?, input: Sink?, _ attachable: inout [String]) throws {
        attachable.append(name)
        servers.append(
            try StreamServer(
                StreamDirectory.socket(name), in: StreamDirectory.open(app), loop, output: output, input: input))
    }

    private func readOwnInput(into sink: Sink) throws {
        let pump = try Pump(loop, from: Pump.ownInput(0), to: [sink]) { [unowned self] bytes in look(at: bytes) }
        pump.whenEnded = { [unowned self] in closeInput() }
        ownInput = pump
    }

    /// The app is to see the end of its input, unless that is a terminal, once it has what came before.
    private func closeInput() {
        guard !hasTerminal, let sink = inputSink else { return }
        if sink.isFull { sink.whenFree { [weak self] in self?.inputSink = nil } } else { inputSink = nil }
    }

    private func look(at bytes: UnsafeRawBufferPointer) {
        if hasTerminal, escape.isComplete(with: bytes) { kill() }
    }

    /// The app's terminal is there: the side that is not the app's.
    func connect(terminal controller: consuming Descriptor) throws {
        let sink = Sink.nonBlocking(try controller.duplicate(), loop)
        inputSink = sink
        terminal = sink.number
        if plan.all.contains(.terminal) {
            let pump = try Pump(loop, from: controller)
            outputs.append(pump)
            servers.append(
                try StreamServer(
                    StreamDirectory.socket("tty"), in: StreamDirectory.open(app), loop, output: pump, input: sink))
            window = try WindowServer(in: StreamDirectory.open(app), loop, terminal: sink.number)
        } else {
            try followWindow()
            outputs.append(try Pump(loop, from: controller, to: [own.output]))
            try own.makeRaw()
            try readOwnInput(into: sink)
        }
    }

    /// Whether the app's terminal is shown on ours.
    var showsTerminal: Bool { terminal >= 0 && !plan.all.contains(.terminal) }

    /// Gives the app's terminal the size of ours.
    func followWindow() throws {
        guard showsTerminal else { return }
        try Terminal.setSize(of: terminal, Terminal.size(of: 0))
    }

    /// Nobody of the app is left: what it wrote is in the pipes.
    func finish() {
        ownInput?.end()
        for pump in outputs { pump.finish() }
        for server in servers { server.close() }
        window = nil
        StreamDirectory.remove(app)
    }

    /// Whether something is still on its way.
    var isBusy: Bool { outputs.contains { !$0.hasEnded } || servers.contains(where: \.isBusy) }

    func tidy() {
        for server in servers { server.tidy() }
        if outputs.allSatisfy(\.hasEnded) { kubernetesLog?.finish() }
    }
}

/// `^]` three times within a second: the user wants out.
///
/// Source: systemd-nspawn(1).
struct EscapeSequence {
    private static let key: UInt8 = 0x1d
    private static let window: Int64 = 1_000_000_000
    private var times: [Int64] = []

    /// Looks at what was typed.
    mutating func isComplete(with bytes: UnsafeRawBufferPointer) -> Bool {
        for byte in bytes {
            if byte != Self.key {
                times = []
                continue
            }
            let time = now()
            times = times.filter { time - $0 <= Self.window } + [time]
            if times.count == 3 { return true }
        }
        return false
    }
}
