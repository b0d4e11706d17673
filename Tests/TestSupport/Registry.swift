package import SystemPackage

/// The registry of the `docker-registry` package, with images that skopeo and umoci put into it.
///
/// | repository | tags |
/// | --- | --- |
/// | `busybox` | `latest`, `1.35` (schema 2, gzip), `oci`, `zstd` |
/// | `layers` | `latest` (schema 2), `oci`, `zstd`: four layers that hide, replace and link |
/// | `multi` | `latest`, `index` (OCI), `list` (Docker) for amd64, arm64 and 386; `ARCHITECTURE-oci`, `ARCHITECTURE-v2s2` |
/// | `debian` | `12`, with ``Kind/plain`` and the others alike |
package struct Registry {
    /// How it is reached; each kind has an address of its own.
    package enum Kind: String, CaseIterable, Sendable, CustomStringConvertible {
        /// https, for everybody.
        case open
        /// https, user and password.
        case basic
        /// https, a token from `https://auth.example.com/token`.
        case token
        /// http at `localhost:5000`.
        case plain

        package var description: String { rawValue }

        package var host: String {
            switch self {
            case .open: "registry.example.com"
            case .basic: "private.example.com"
            case .token: "token.example.com"
            case .plain: "localhost"
            }
        }
        /// As it stands in references.
        package var authority: String { self == .plain ? "localhost:5000" : host }

        var address: String {
            switch self {
            case .plain: "127.0.0.1"
            case .open: "127.0.0.2"
            case .basic: "127.0.0.3"
            case .token: "127.0.0.4"
            }
        }
    }

    package static let user = "alice"
    package static let password = "secret"
    /// Bcrypt of the password with five rounds: python3's `crypt.crypt("secret", "$2b$05$abcdefghijklmnopqrstuu")`.
    private static let passwordHash = "$2b$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a"
    /// What the header `Authorization` says for user and password.
    package static let basicAuthorization = "Basic YWxpY2U6c2VjcmV0"

    /// Where the images are, made once and kept between runs; `files` in it has some as layouts and archives.
    package static var storage: FilePath {
        get throws { try made.get() }
    }

    private static let made: Result<FilePath, any Error> = Result {
        let script = Programs.packageRoot.appending("Tests/Servers/fill-registry.sh")
        let debian = try DebianImage.path()
        let version = try shell("cat \"$1\" \"$2\" | cksum | cut -d' ' -f1", [script.string, "/bin/busybox"]).text
        let target = Programs.cacheDirectory.appending("registry-\(version)")
        if exists(target) { return target }
        let busybox = try Programs.find("busybox")
        try shell(
            "unshare --net \"$@\"", [script.string, target.string, busybox.string, debian.string], limit: .seconds(600))
        return target
    }

    /// Starts one in the network of `server`; returns when it listens.
    @discardableResult
    package static func start(_ kind: Kind, in server: ImageServer, for rkt: RktFixture) throws -> Registry {
        let storage = try Self.storage
        let directory = server.directory.appending("registry-\(kind)")
        try makeDirectories(directory)
        let authority = try CertificateAuthority.shared
        var lines = [
            "version: 0.1", "log: {level: info}", "storage:", "  filesystem: {rootdirectory: \(storage)}",
            "  maintenance: {readonly: {enabled: true}, uploadpurging: {enabled: false}}", "http:",
            "  addr: \"\(kind.address):\(kind == .plain ? 5000 : 443)\"",
        ]
        if kind != .plain { lines.append("  tls: {certificate: \(authority.file()), key: \(authority.file())}") }
        switch kind {
        case .open, .plain: break
        case .basic:
            try writeText("\(user):\(passwordHash)\n", to: directory.appending("htpasswd"))
            lines += ["auth:", "  htpasswd: {realm: tests, path: \(directory)/htpasswd}"]
        case .token:
            lines += [
                "auth:", "  token:", "    realm: https://auth.example.com/token", "    service: \(kind.host)",
                "    issuer: auth.example.com", "    rootcertbundle: \(authority.certificate)",
            ]
            let token = try shell(
                "exec \"$@\"",
                [
                    Programs.packageRoot.appending("Tests/Servers/token.py").string, authority.file().string,
                    authority.file().string, "auth.example.com", kind.host, "busybox", "layers", "multi", "debian",
                ]
            ).text
            try server.put(
                "auth.example.com/token", text: "{\"token\": \"\(token)\", \"expires_in\": 300}",
                .file.authorization(basicAuthorization))
        }
        try writeText(lines.joined(separator: "\n") + "\n", to: directory.appending("config.yml"))
        var command = Command(
            try Programs.find("timeout"),
            [
                "--foreground", "--kill-after=1", "600", try Programs.find("docker-registry").string, "serve",
                directory.appending("config.yml").string,
            ])
        command.timeLimit = .seconds(600)
        let running = try server.inside(command).start()
        rkt.atEnd {
            running.killAll()
            running.wait(.seconds(10))
        }
        try waitUntil("the registry '\(kind)'") {
            if !running.isRunning { throw Trouble("\(running.wait())") }
            return running.errorsSoFar.contains("listening on") || running.outputSoFar.contains("listening on")
        }
        return Registry(kind: kind, log: { running.errorsSoFar + running.outputSoFar })
    }

    package let kind: Kind
    /// What it has written about requests.
    package let log: () -> String
}
