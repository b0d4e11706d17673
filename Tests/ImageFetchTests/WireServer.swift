import FetchInterface
import Glibc
import JSON
import LinuxSystem
import SystemPackage
import TestSupport

@testable import ImageFetch

/// A server on loopback that answers each path with what the test wrote down, byte for byte, and remembers what it was
/// asked.
final class WireServer {
    enum Step {
        /// Sends a text in which `{a}`, `{b}` and `{tls}` stand for `ADDRESS:PORT` of the three servers, `{a-port}` for
        /// the port alone.
        case send(String)
        /// Sends a text so many times; 0 for ever.
        case again(String, count: Int)
        /// Says nothing more and leaves the connection open.
        case stall
        /// Ends the connection.
        case close
    }

    struct Request {
        /// `a`, `b` or `tls`, or `https://HOST` for what came through a tunnel.
        let server: String
        let head: String
        var line: String { head.split(separator: "\r\n").first.map(String.init) ?? "" }
        var path: String { line.split(separator: " ").dropFirst().first.map(String.init) ?? "" }

        func header(_ name: String) -> String? {
            let line = head.split(separator: "\r\n").first { $0.lowercased().hasPrefix("\(name): ") }
            return line.map { String($0.dropFirst(name.count + 2)) }
        }
    }

    private let process: RunningCommand
    let addresses: [String: String]
    let directory: TemporaryDirectory

    /// For each path what it answers, one after the other, the last for all that follow.
    init(_ script: [String: [[Step]]]) throws {
        directory = try TemporaryDirectory("server")
        var object = JSONObject()
        for (path, replies) in script {
            object[path] = .array(replies.map { .array($0.map(Self.json)) })
        }
        let certificate = try CertificateAuthority.shared.file().string
        var command = Command(try Programs.find("python3"), ["-c", Self.program, certificate])
        command.input = JSONValue.object(object).serializedBytes()
        command.timeLimit = .seconds(120)
        process = try command.start()
        try process.waitForOutput("ready\n")
        let first = process.outputSoFar.split(separator: "\n").first.map(String.init) ?? ""
        var addresses: [String: String] = [:]
        for (name, value) in try JSONValue(parsing: first).object?.members ?? [] { addresses[name] = value.string }
        self.addresses = addresses
    }

    deinit { process.killAll() }

    /// `http://a/x`, `http://b/x` or `https://tls/x` with the real addresses.
    func url(_ text: String) -> String {
        let parts = text.split(separator: "/", maxSplits: 3, omittingEmptySubsequences: false)
        let path = parts.count > 3 ? "/\(parts[3])" : ""
        return "\(parts[0])//\(address(String(parts[2])))\(path)"
    }

    func address(_ name: String) -> String { addresses[name] ?? name }
    func port(_ name: String) -> String { address(name).split(separator: ":").last.map(String.init) ?? "" }

    /// What was asked so far.
    var requests: [Request] {
        process.outputSoFar.split(separator: "\n").dropFirst(2).compactMap { line in
            guard let json = try? JSONValue(parsing: String(line)), let head = json["head"]?.string,
                let server = json["server"]?.string
            else { return nil }
            return Request(server: server, head: head)
        }
    }

    /// What sends all requests here, whatever host they are for.
    var asProxy: [String: String] { ["http_proxy": address("a"), "https_proxy": address("a")] }

    /// A client with its own download directory that knows the authority of the tests.
    func client(
        _ options: TransportOptions = TransportOptions(), environment: [String: String] = [:],
        messages: Messages = Messages { _ in }, reports: ReportOutput? = nil
    ) throws -> HTTPClient {
        let authority = try CertificateAuthority.shared.certificate.string
        let path = downloads
        try TestSupport.makeDirectories(path)
        return try HTTPClient(
            options, directory: Descriptor.open(path, [.directory]),
            environment: { environment[$0] ?? ($0 == "SSL_CERT_FILE" ? authority : nil) }, messages: messages,
            reports: reports)
    }

    var downloads: FilePath { directory.path.appending("downloads") }
    var files: [String] { (try? TestSupport.entries(of: downloads)) ?? [] }

    func content(_ name: String) throws -> String { try readText(downloads.appending(name)) }

    private static func json(_ step: Step) -> JSONValue {
        switch step {
        case .send(let text): ["send", .string(text)]
        case .again(let text, let count): ["again", .string(text), .number(JSONNumber(count))]
        case .stall: ["stall"]
        case .close: ["close"]
        }
    }

    private static let program = #"""
        import json, socket, ssl, sys, threading
        script = json.load(sys.stdin)
        lock = threading.Lock()
        addresses = {}
        def say(value):
            with lock:
                sys.stdout.write(json.dumps(value) + "\n"); sys.stdout.flush()
        def fill(text):
            for name, address in addresses.items():
                text = text.replace("{" + name + "}", address).replace("{" + name + "-port}", address.split(":")[1])
            return text.encode("latin-1")
        def play(connection, steps):
            for step in steps:
                if step[0] == "send": connection.sendall(fill(step[1]))
                elif step[0] == "again":
                    data = fill(step[1]); left = step[2]
                    while left != 1: connection.sendall(data); left -= 1
                    connection.sendall(data)
                elif step[0] == "stall":
                    while connection.recv(4096): pass
                    return False
                elif step[0] == "close": return False
            return True
        def serve(name, connection, context):
            try:
                if context: connection = context.wrap_socket(connection, server_side=True)
                data = b""
                while True:
                    while b"\r\n\r\n" not in data:
                        more = connection.recv(65536)
                        if not more: return
                        data += more
                    head, data = data.split(b"\r\n\r\n", 1)
                    head = head.decode("latin-1")
                    path = head.split(" ")[1]
                    if head.startswith("CONNECT "):
                        connection.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
                        connection = tls.wrap_socket(connection, server_side=True)
                        name = "https://" + path.removesuffix(":443")
                        continue
                    with lock:
                        replies = script.get(path) or script.get(name + path)
                        steps = None
                        if replies: steps = replies.pop(0) if len(replies) > 1 else replies[0]
                    say({"server": name, "head": head})
                    if steps is None: steps = [["send", "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"]]
                    if not play(connection, steps): return
            except OSError: pass
            finally:
                try: connection.close()
                except OSError: pass
        def listen(name, context):
            listener = socket.socket(); listener.bind(("127.0.0.1", 0)); listener.listen(64)
            addresses[name] = "127.0.0.1:%d" % listener.getsockname()[1]
            def run():
                while True:
                    connection, _ = listener.accept()
                    threading.Thread(target=serve, args=(name, connection, context), daemon=True).start()
            threading.Thread(target=run, daemon=True).start()
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER); tls.load_cert_chain(sys.argv[1])
        listen("a", None); listen("b", None); listen("tls", tls)
        say(addresses)
        print("ready", flush=True)
        threading.Event().wait()
        """#
}

/// A complete answer.
func reply(_ status: Int, _ headers: String = "", body: String = "") -> WireServer.Step {
    .send("HTTP/1.1 \(status) Words\r\n\(headers)Content-Length: \(body.utf8.count)\r\n\r\n\(body)")
}

/// Limits of tests that wait for a limit.
func impatient(allowsHTTP: Bool = true, documentBytes: UInt64 = 4 << 20, downloadBytes: UInt64 = 1 << 30)
    -> TransportOptions
{
    TransportOptions(
        allowsHTTP: allowsHTTP,
        limits: TransferLimits(
            maximumDownloadBytes: downloadBytes, maximumDocumentBytes: documentBytes, maximumLayers: 10,
            maximumRedirects: 10, maximumIndexDepth: 4, connectSeconds: 3, stallSeconds: 2))
}

/// The error that `body` throws.
func error(_ body: () throws -> Void) -> (any Error)? {
    do {
        try body()
        return nil
    } catch {
        return error
    }
}
