import AppContainer
import Glibc
import JSON
import LinuxSystem
import Stage1Interface
import SystemPackage

/// A socket on which `rkt attach` gets what an app writes, and gives it something to read.
final class StreamServer {
    private final class Client {
        var input: Pump?
        var output: Sink?
    }

    private let loop: EventLoop
    private let listener: Descriptor
    private let output: Pump?
    private let input: Sink?
    private var clients: [ObjectIdentifier: Client] = [:]

    /// `output` is what clients see; `input` takes what they send, which is thrown away without it.
    init(
        _ name: String, in directory: borrowing Descriptor, _ loop: EventLoop, output: Pump?, input: Sink?
    ) throws {
        self.loop = loop
        self.output = output
        self.input = input
        listener = try UnixSocket.listen(.stream, name: name, in: directory)
        try loop.watch(listener.raw, .reading) { [unowned self] _ in try accept() }
    }

    deinit { loop.forget(listener.raw) }

    /// Whether a client still has to get something.
    var isBusy: Bool { clients.values.contains { $0.output?.isFull ?? false } }

    private func accept() throws {
        while let connection = try UnixSocket.accept(listener.raw) {
            let client = Client()
            let id = ObjectIdentifier(client)
            if let output {
                let sink = Sink.socket(try connection.duplicate(), loop)
                sink.addWhenBroken { [weak self] in self?.remove(id) }
                client.output = sink
                output.add(sink)
            }
            let pump = try Pump(loop, from: connection, to: input.map { [$0] } ?? [])
            pump.whenEnded = { [weak self] in self?.remove(id) }
            client.input = pump
            clients[id] = client
        }
    }

    private func remove(_ id: ObjectIdentifier) {
        guard let client = clients.removeValue(forKey: id) else { return }
        if let sink = client.output { output?.remove(sink) }
        retired.append(client)
    }

    /// Nobody can connect any more; those who did get what is still on its way, and then the end.
    func close() {
        loop.forget(listener.raw)
        for (id, client) in clients {
            if let sink = client.output, sink.isFull {
                sink.whenFree { [weak self] in self?.remove(id) }
            } else {
                remove(id)
            }
        }
    }

    /// Those that are gone, until none of their calls can be on the way any more.
    private var retired: [AnyObject] = []

    /// Lets go of those that left.
    func tidy() { retired = [] }
}

/// A socket on which those who attach to a terminal say how large their own is.
final class WindowServer {
    private let loop: EventLoop
    private let listener: Descriptor
    private let terminal: CInt
    private var clients: [CInt] = []

    init(in directory: borrowing Descriptor, _ loop: EventLoop, terminal: CInt) throws {
        self.loop = loop
        self.terminal = terminal
        listener = try UnixSocket.listen(.messages, name: StreamDirectory.socket("window"), in: directory)
        try loop.watch(listener.raw, .reading) { [unowned self] _ in
            while let connection = try UnixSocket.accept(listener.raw) { try hear(connection.release()) }
        }
    }

    deinit {
        loop.forget(listener.raw)
        for client in clients { leave(client) }
    }

    private func hear(_ client: CInt) throws {
        clients.append(client)
        try loop.watch(client, .reading) { [unowned self] _ in
            let message = try? UnixSocket.receive(from: client)
            if let bytes = message?.bytes, let size = WindowSize(message: bytes) {
                try Terminal.setSize(of: terminal, size)
            } else {
                clients.removeAll { $0 == client }
                leave(client)
            }
        }
    }

    private func leave(_ client: CInt) {
        loop.forget(client)
        close(client)
    }
}

/// Where an app's sockets are, and what `rkt attach` reads about them.
///
/// Source: rkt 1.30.0, Documentation/devel/log-attach-design.md.
enum StreamDirectory {
    static func open(_ app: ACName) throws -> Descriptor {
        let path = Stage1ABI.Path.streams(of: app.rawValue)
        try makeDirectories(path, mode: 0o700)
        return try Descriptor.open(path, [.directory])
    }

    static func socket(_ stream: String) -> String { "sock-\(stream)" }

    /// Takes the names away; connections stay.
    static func remove(_ app: ACName) {
        guard let directory = try? Descriptor.open(Stage1ABI.Path.streams(of: app.rawValue), [.directory]) else {
            return
        }
        for name in ["endpoints", "sock-stdin", "sock-stdout", "sock-stderr", "sock-tty", "sock-window"] {
            try? directory.removeFile(name)  // most are not there
        }
    }

    /// Writes `endpoints`: which streams can be attached to.
    static func announce(_ streams: [String], of app: ACName, in directory: borrowing Descriptor) throws {
        let targets: [JSONValue] = streams.map {
            [
                "name": .string($0), "domain": "unix",
                "address": .string("/rkt/iottymux/\(app)/\(socket($0))"),
            ]
        }
        let text = JSONValue.object(["version": 1, "targets": .array(targets)]).serialized() + "\n"
        try directory.writeFile(Array(text.utf8), name: "endpoints", mode: 0o600, durable: false)
    }
}
