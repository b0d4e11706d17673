import Glibc
package import SystemPackage
package import Testing

/// A web server in a network of its own, where it is everybody: `example.com` and all other ``hosts`` are on loopback.
///
/// Discovery knows no ports, so the servers need 80 and 443; in a network namespace these are free. Names come from an
/// `/etc/hosts` that only the mount namespace of the server has. What runs ``inside(_:)`` sees both.
package final class ImageServer {
    /// Content, as `HOST/PATH`.
    package let root: FilePath
    package let directory: FilePath
    private let log: FilePath
    private let process: RunningCommand
    private let authority: CertificateAuthority
    private let nsenter: FilePath
    private var forgotten = 0

    package static let httpPorts = [80, 8080, 3128]
    package static let httpsPorts = [443, 8443]

    /// Names that lead to the web server.
    package static let hosts = [
        "localhost", "example.com", "storage.example.com", "auth.example.com", "http.example.com",
        "hostile.example.com", "untrusted.example.com", "expired.example.com", "misnamed.example.com", "example.org",
        "storage.example.org",
    ]

    /// Starts it with its files below `directory`.
    ///
    /// `preparation` is a piece of shell script that runs first in the new namespaces, as root, with `$1` as `directory`.
    package init(in directory: FilePath, preparation: String = "") throws {
        self.directory = directory
        root = directory.appending("www")
        log = directory.appending("requests")
        try makeDirectories(root)
        try writeText("", to: log)
        let hosts = directory.appending("hosts")
        let addresses = Registry.Kind.allCases.map { "\($0.address) \($0.host)" }.filter { !$0.hasSuffix(" localhost") }
        try writeText(
            (Self.hosts.map { "127.0.0.1 \($0)" } + addresses).joined(separator: "\n") + "\n", to: hosts)
        authority = try CertificateAuthority.shared
        nsenter = try Programs.find("nsenter")
        let certificates = Self.certificates(of: authority)
        let script = """
            cd "$1"
            \(preparation)
            mount --bind "$1/hosts" /etc/hosts
            shift
            exec "$@"
            """
        var command = Command(
            try Programs.find("unshare"),
            [
                "--net", "--mount", "--propagation", "private", "/bin/sh", "-euc", script, "sh", directory.string,
                try Programs.find("python3").string, Programs.packageRoot.appending("Tests/Servers/web.py").string,
                root.string, log.string, "--http",
            ] + Self.httpPorts.map(String.init) + ["--https"] + Self.httpsPorts.map(String.init) + ["--certificate"]
                + certificates)
        command.timeLimit = .seconds(900)
        process = try command.start()
        try process.waitForOutput("serving")
    }

    private static func certificates(of authority: CertificateAuthority) -> [String] {
        CertificateAuthority.Certificate.allCases.map { "\($0.host):\(authority.file($0))" }
    }

    /// Ends the server, and with it its namespaces.
    package func stop() {
        process.killAll()
        process.wait(.seconds(10))
    }

    /// The same command, in the namespaces of the server, where its authority is the one that is trusted.
    package func inside(_ command: Command) -> Command {
        var inner = command
        let directory = command.workingDirectory.map { ["--wdns=\($0)"] } ?? []
        inner.workingDirectory = nil
        inner.program = nsenter
        inner.arguments =
            ["--target=\(process.pid)", "--net", "--mount"] + directory + ["--", command.program.string]
            + command.arguments
        inner.environment =
            (command.environment ?? Command.quietEnvironment)
            + ["SSL_CERT_FILE=\(authority.certificate)"]
        return inner
    }

    // Content

    private func place(_ url: String) throws -> FilePath {
        let path = root.appending(url)
        try makeDirectories(path.removingLastComponent())
        return path
    }

    /// Puts a text at `HOST/PATH`.
    package func put(_ url: String, text: String, _ answers: ServerAnswer...) throws {
        try writeText(text, to: place(url))
        try answer(url, answers)
    }

    package func put(_ url: String, bytes: [UInt8], _ answers: ServerAnswer...) throws {
        try writeBytes(bytes, to: place(url))
        try answer(url, answers)
    }

    /// Puts a copy of a file there, with its time.
    package func put(_ url: String, _ file: FilePath, _ answers: ServerAnswer...) throws {
        let target = try place(url)
        try shell("rm -f \"$2\"; cp -p \"$1\" \"$2\"", [file.string, target.string])
        try answer(url, answers)
    }

    /// What happens with requests for `HOST/PATH` from now on: one answer for each, the last for all that follow.
    package func answer(_ url: String, _ answers: ServerAnswer...) throws { try answer(url, answers) }

    private func answer(_ url: String, _ answers: [ServerAnswer]) throws {
        guard !answers.isEmpty else { return }
        let path = try place(url)
        let text = answers.count == 1 ? answers[0].json.text : JSONText.array(answers.map(\.json)).text
        // A new name each time would be read half-written otherwise.
        try writeText(text, to: FilePath("\(path).serve.new"))
        if rename("\(path).serve.new", "\(path).serve") == -1 { throw Trouble("rename \(path): errno \(errno)") }
    }

    /// Nothing there any more.
    package func remove(_ url: String) throws {
        let path = root.appending(url)
        unlink(path.string)
        unlink("\(path).serve")
    }

    /// A page with the meta tags of discovery.
    package func discovery(
        _ name: String, images: [(prefix: String, template: String)] = [], keys: [(prefix: String, url: String)] = []
    ) throws {
        let tags =
            images.map { "<meta name=\"ac-discovery\" content=\"\($0.prefix) \($0.template)\">" }
            + keys.map { "<meta name=\"ac-discovery-pubkeys\" content=\"\($0.prefix) \($0.url)\">" }
        let page = "<!DOCTYPE html>\n<html>\n<head>\n\(tags.joined(separator: "\n"))\n</head>\n<body></body>\n</html>\n"
        try put("\(name)/index.html", text: page)
    }

    // What it saw

    package struct Request: Sendable, CustomStringConvertible {
        package let method, scheme, host, target: String
        package let port: Int
        /// Names in lower case.
        package let headers: [String: String]

        /// The target without the query.
        package var path: String { String(target.prefix { $0 != "?" }) }
        package var description: String { "\(method) \(scheme)://\(host)\(target) \(headers)" }
    }

    private var lines: [[Substring]] {
        let text = (try? readText(log)) ?? ""  // not there: nothing was asked for
        return text.split(separator: "\n").dropFirst(forgotten).map { line in
            line.split(separator: "\t", omittingEmptySubsequences: false)
        }
    }

    /// Requests since the start, or since ``forgetRequests()``.
    package var requests: [Request] {
        lines.compactMap { fields in
            guard fields.count >= 5, let port = Int(fields[2]) else { return nil }
            var headers: [String: String] = [:]
            for field in fields.dropFirst(5) {
                guard let colon = field.firstIndex(of: ":") else { continue }
                headers[String(field[..<colon])] = String(field[field.index(after: colon)...])
            }
            return Request(
                method: String(fields[0]), scheme: String(fields[1]), host: String(fields[3]),
                target: String(fields[4]), port: port, headers: headers)
        }
    }

    package func forgetRequests() { forgotten += lines.count }

    /// GET requests for `HOST/PATH`, whatever the query.
    package func gets(_ url: String) -> [Request] {
        requests.filter { $0.method == "GET" && "\($0.host)\($0.path)" == url }
    }

    /// Whether an answer has come to the point where it stalls or closes.
    package func waitForEnding(_ ending: ServerAnswer.Ending) throws {
        try waitUntil("an answer that ends with \(ending.rawValue)") {
            lines.contains { $0.first == "!" && $0.last == Substring(ending.rawValue) }
        }
    }

    package func waitForRequest(_ url: String, count: Int = 1) throws {
        try waitUntil("a request for \(url)") { gets(url).count >= count }
    }
}

extension RktFixture {
    /// A fixture with a server; `rkt` runs where it is.
    ///
    /// `atDefaultPlaces` makes `/etc` and `/var/lib` copies that belong to the test, so that `rkt` may use its own places.
    package static func withServer(
        atDefaultPlaces: Bool = false, location: SourceLocation = #_sourceLocation,
        _ body: (RktFixture, ImageServer) throws -> Void
    ) throws {
        _ = try CertificateAuthority.shared
        _ = try SigningKeys.shared
        try with(location: location) { rkt throws in
            let server = try ImageServer(
                in: rkt.directory.appending("server"), preparation: atDefaultPlaces ? ownPlaces : "")
            rkt.atEnd { server.stop() }
            rkt.server = server
            try body(rkt, server)
        }
    }

    private static let ownPlaces = """
        mkdir etc lib
        cp -a /etc/. etc
        rm -rf etc/rkt
        mount --bind etc /etc
        mount --bind lib /var/lib
        """

    /// Makes `signer` trusted for `prefix`, or for everything.
    package func trust(_ signer: SigningKeys.Signer = .images, prefix: String? = nil) throws {
        let key = try SigningKeys.shared.publicKey(signer)
        try self(
            "trust", "--skip-fingerprint-review", prefix.map { "--prefix=\($0)" } ?? "--root", key.string
        ).succeeded()
    }

    /// Writes an image and its signature beside it.
    package func writeSigned(
        _ builder: ACIBuilder, by signers: [SigningKeys.Signer] = [.images], _ packing: Packing = .plain,
        name: String? = nil
    ) throws -> FilePath {
        let image = try write(builder, packing, name: name)
        try SigningKeys.shared.sign(image, by: signers)
        return image
    }

    /// The most memory in bytes that `rkt` or a program it waited for had, of one command.
    package func peakMemory(_ arguments: [String], limit: Duration = .seconds(60)) throws -> (CommandResult, UInt64) {
        let report = directory.appending("memory")
        var command = Command(
            Programs.packageRoot.appending("Tests/Servers/memory.py"),
            [report.string, program.string] + globalFlags + arguments)
        command.timeLimit = limit
        if let server { command = server.inside(command) }
        let result = try command.run()
        guard exists(report), let kilobytes = UInt64(try readText(report).split(separator: "\n").first ?? "") else {
            throw Trouble("no figure for \(result)")
        }
        removeTree(report)
        return (result, kilobytes << 10)
    }
}
