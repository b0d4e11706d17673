import AppContainer
import Glibc
import JSON
import LinuxSystem
import Stage1Interface
import Stage1Kit
import SystemPackage

/// Connects the caller's terminal or pipes with the streams of a running app.
///
/// Ends with 0 when one of the outputs ends, when the escape sequence was typed, or, where only input was wanted, with
/// that. The caller's terminal is as before then.
func attach(_ words: [String]) throws -> CInt {
    let arguments = try AttachArguments(parsing: words)
    let path = Stage1ABI.Path.streams(of: arguments.app.rawValue)
    let json: JSONValue
    do {
        json = try JSONValue(parsing: readFile(path.appending("endpoints"), limit: 1 << 16))
    } catch let error as SystemCallError where error.errno == .noSuchFileOrDirectory {
        throw Failure(
            "app '\(arguments.app)' has no stream to attach to: start it with --stdin, --stdout or --stderr=stream or tty"
        )
    }
    if arguments.action == .list {
        try Descriptor(owning: dup(1)).writeAll(json.serialized(.indented("    ")))
        return 0
    }
    let names = Set((json["targets"]?.array ?? []).compactMap { $0["name"]?.string })
    let wanted = try endpoints(arguments.action, of: names, app: arguments.app)
    let attachment = try Attachment(wanted, in: Descriptor.open(path, [.directory]))
    try attachment.run()
    return 0
}

/// Which directions are wanted, all of which the app has.
private func endpoints(
    _ action: AttachArguments.Action, of names: Set<String>, app: ACName
) throws -> Set<AttachArguments.Endpoint> {
    guard case .custom(let chosen) = action else {
        return names.contains("tty")
            ? [.terminalInput, .terminalOutput] : Set(names.compactMap(AttachArguments.Endpoint.init(rawValue:)))
    }
    for endpoint in chosen.sorted(by: { $0.rawValue < $1.rawValue }) {
        let name = endpoint.isOfTerminal ? "tty" : endpoint.rawValue
        guard names.contains(name) else {
            throw Failure("app '\(app)' has no \(name) to attach to; it has: \(names.sorted().joined(separator: ", "))")
        }
    }
    return chosen
}

/// One visit to an app's streams.
private final class Attachment {
    private let loop: EventLoop
    private let signals: SignalQueue
    private let own: OwnStreams
    private var pumps: [Pump] = []
    private var inputs: [Sink] = []
    private var window: Descriptor?
    private var escape = EscapeSequence()
    private var hasEnded = false
    private let isRaw: Bool

    init(_ wanted: Set<AttachArguments.Endpoint>, in directory: borrowing Descriptor) throws {
        loop = try EventLoop()
        signals = try SignalQueue()
        own = try OwnStreams(loop)
        isRaw = wanted.contains(.terminalInput) && Terminal.isOne(0)
        if wanted.contains(where: \.isOfTerminal) {
            try connectTerminal(wanted, directory)
        } else {
            try connectStreams(wanted, directory)
        }
    }

    private func connectTerminal(
        _ wanted: Set<AttachArguments.Endpoint>, _ directory: borrowing Descriptor
    ) throws {
        let connection = try UnixSocket.connect(.stream, name: StreamDirectory.socket("tty"), in: directory)
        if wanted.contains(.terminalInput) {
            try send(to: Sink.socket(connection.duplicate(), loop), endsWithInput: false)
        }
        try show(connection, wanted.contains(.terminalOutput) ? [own.output] : [])
        guard isRaw else { return }
        window = try UnixSocket.connect(.messages, name: StreamDirectory.socket("window"), in: directory)
        try followWindow()
    }

    private func connectStreams(
        _ wanted: Set<AttachArguments.Endpoint>, _ directory: borrowing Descriptor
    ) throws {
        let isInputOnly = wanted == [.input]
        func connect(_ name: String) throws -> Descriptor {
            try UnixSocket.connect(.stream, name: StreamDirectory.socket(name), in: directory)
        }
        if wanted.contains(.output) { try show(connect("stdout"), [own.output]) }
        if wanted.contains(.error) { try show(connect("stderr"), [own.error]) }
        if wanted.contains(.input) {
            let connection = try connect("stdin")
            try send(to: Sink.socket(connection.duplicate(), loop), endsWithInput: isInputOnly)
            // Whether the app is still there can be heard on it.
            try show(connection, [])
        }
    }

    private func send(to sink: Sink, endsWithInput: Bool) throws {
        inputs.append(sink)
        let pump = try Pump(loop, from: Pump.ownInput(0), to: [sink]) { [unowned self] bytes in
            if isRaw, escape.isComplete(with: bytes) { hasEnded = true }
        }
        if endsWithInput { pump.whenEnded = { [unowned self] in hasEnded = true } }
        pumps.append(pump)
    }

    private func show(_ connection: consuming Descriptor, _ sinks: [Sink]) throws {
        let pump = try Pump(loop, from: connection, to: sinks)
        pump.whenEnded = { [unowned self] in hasEnded = true }
        pumps.append(pump)
    }

    private func followWindow() throws {
        guard window != nil else { return }
        let size = try Terminal.size(of: 0)
        if let number = window?.raw { try UnixSocket.send(size.message, to: number) }
    }

    func run() throws {
        defer { own.restore() }
        if isRaw { try own.makeRaw() }
        try loop.watch(signals.descriptor.raw, .reading) { [unowned self] _ in try takeSignals() }
        while !hasEnded || own.isBusy || inputs.contains(where: \.isFull) { try loop.turn() }
    }

    private func takeSignals() throws {
        while let (number, _, _) = try signals.next() {
            switch number {
            case SIGWINCH: try followWindow()
            case SIGTERM, SIGINT, SIGHUP, SIGQUIT: hasEnded = true
            default: continue
            }
        }
    }
}
