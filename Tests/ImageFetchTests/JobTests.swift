import FetchInterface
import LinuxSystem
import Synchronization
import SystemPackage
import TestSupport
import Testing

@testable import ImageFetch

@Suite struct ArchiveTests {
    private let quiet = DebugLog(messages: Messages { _ in }, isOn: false)

    private func fetch(
        _ server: WireServer, etag: String? = nil, keys: [TrustedKey]? = nil, signature: Bool = true,
        check: IssuerCheck = { _, _ in }
    ) throws -> FetchAnswer {
        try fetchArchive(
            ArchiveDownload(
                url: server.url("http://a/x.aci"), signatureURL: signature ? server.url("http://a/x.aci.asc") : nil,
                etag: etag, label: "ACI", acceptedKeys: keys),
            server.client(), quiet, checkIssuers: check)
    }

    @Test func `signature first, then the image`() throws {
        let server = try WireServer([
            "/x.aci": [
                [reply(200, "ETag: \"e\"\r\nCache-Control: no-store\r\nCache-Control: max-age=60\r\n", body: "image")]
            ],
            "/x.aci.asc": [[reply(200, body: "signed")]],
        ])
        guard case .archive(let archive) = try fetch(server) else { return #expect(Bool(false)) }
        #expect(server.requests.map(\.path) == ["/x.aci.asc", "/x.aci"])
        #expect(bytes(base64: archive.signature) == Array("signed".utf8))
        #expect(archive.etag == "\"e\"" && archive.maxAge == 60)
        #expect(try server.content(archive.file) == "image")
    }

    @Test func `a signature that comes later`() throws {
        let server = try WireServer([
            "/x.aci": [[reply(200, body: "image")]], "/x.aci.asc": [[reply(202)], [reply(200, body: "signed")]],
        ])
        var checked: [[UInt8]] = []
        guard
            case .archive(let archive) = try fetch(
                server, keys: [],
                check: {
                    checked.append($0); _ = $1
                })
        else { return #expect(Bool(false)) }
        #expect(server.requests.map(\.path) == ["/x.aci.asc", "/x.aci", "/x.aci.asc"])
        #expect(bytes(base64: archive.signature) == Array("signed".utf8))
        #expect(checked == [Array("signed".utf8)])
    }

    @Test func `a signature that never comes`() throws {
        let server = try WireServer(["/x.aci": [[reply(200, body: "image")]], "/x.aci.asc": [[reply(202)]]])
        let error = error { _ = try fetch(server) }
        #expect(
            "\(String(describing: error))".contains("server asked to defer the download again"))
        #expect(server.files == [])
    }

    @Test(arguments: [404, 500])
    func `without a signature there is no image`(status: Int) throws {
        let server = try WireServer(["/x.aci": [[reply(200, body: "i")]], "/x.aci.asc": [[reply(status)]]])
        let error = error { _ = try fetch(server) } as? Failure
        #expect(error?.chain == ["error downloading the signature file", "bad HTTP status code: \(status)"])
        #expect(server.requests.map(\.path) == ["/x.aci.asc"])
    }

    @Test func `a signature by a stranger is refused before the image comes`() throws {
        let server = try WireServer(["/x.aci": [[reply(200, body: "i")]], "/x.aci.asc": [[reply(200, body: "s")]]])
        #expect(throws: Failure.self) {
            try fetch(server, keys: [], check: { _, _ in throw Failure("stranger") })
        }
        #expect(server.requests.map(\.path) == ["/x.aci.asc"])
    }

    @Test func `what we have is still good`() throws {
        let server = try WireServer(["/x.aci": [[.send("HTTP/1.1 304 Not Modified\r\nETag: \"e\"\r\n\r\n")]]])
        #expect(try fetch(server, etag: "\"e\"", signature: false) == .notModified)
        #expect(server.requests.map { $0.header("if-none-match") } == ["\"e\""])
        #expect(server.files == [])
        #expect(throws: Failure.self) { try fetch(server, signature: false) }
    }

    @Test func `an etag cannot smuggle in headers`() throws {
        let server = try WireServer(["/x.aci": [[reply(200, body: "i")]]])
        #expect(throws: Failure.self) { try fetch(server, etag: "\"e\"\r\nEvil: x", signature: false) }
        #expect(server.requests.isEmpty && server.files == [])
    }

    @Test func `lines for those who debug`() throws {
        let server = try WireServer(["/x.aci": [[reply(200, body: "i")]], "/x.aci.asc": [[reply(200, body: "s")]]])
        let lines = Mutex<[String]>([])
        let log = DebugLog(messages: Messages { line in lines.withLock { $0.append(line) } }, isOn: true)
        _ = try fetchArchive(
            ArchiveDownload(
                url: "http://u:secret@\(server.address("a"))/x.aci", signatureURL: server.url("http://a/x.aci.asc"),
                label: "ACI"), server.client(), log, checkIssuers: { _, _ in })
        #expect(
            lines.withLock { $0 } == [
                "image: downloading signature from \(server.url("http://a/x.aci.asc"))",
                "image: fetching image from \(server.url("http://a/x.aci"))",
            ])
    }
}

@Suite struct DiscoveryTests {
    private let quiet = DebugLog(messages: Messages { _ in }, isOn: false)
    private let page = #"<meta name="ac-discovery" content="example.com https://s.example.com/{name}-{version}.{ext}">"#
    private let keysPage = #"<meta name="ac-discovery-pubkeys" content="example.com KEY">"#

    private func discover(
        _ server: WireServer, allowsHTTP: Bool = false, name: String = "example.com/team/app", log: DebugLog? = nil
    ) throws -> [Endpoint] {
        let mine = HostCredentials(host: "example.com", credentials: .bearer(token: "secret"))
        return try ImageFetch.discover(
            Discovery(name: name, labels: [], credentials: [mine]),
            server.client(impatient(allowsHTTP: allowsHTTP), environment: server.asProxy), log ?? quiet)
    }

    @Test func `the page of the whole name comes first`() throws {
        let server = try WireServer(["https://example.com/team/app?ac-discovery=1": [[reply(200, body: page)]]])
        #expect(try discover(server).map(\.archiveURL) == ["https://s.example.com/example.com/team/app-latest.aci"])
        #expect(server.requests.map(\.path) == ["/team/app?ac-discovery=1"])
        #expect(server.requests.map { $0.header("authorization") } == ["Bearer secret"])
    }

    @Test func `then those above it`() throws {
        let server = try WireServer([
            "https://example.com/team/app?ac-discovery=1": [[reply(500)]],
            "https://example.com/team?ac-discovery=1": [[reply(200, body: "<html>nothing")]],
            "https://example.com/?ac-discovery=1": [[reply(200, body: page + page)]],
        ])
        let lines = Mutex<[String]>([])
        let log = DebugLog(messages: Messages { line in lines.withLock { $0.append(line) } }, isOn: true)
        #expect(try discover(server, log: log).count == 2)
        #expect(
            lines.withLock { $0 } == [
                "image: meta tag 'ac-discovery' not found on example.com/team/app: expected a 200 OK got 500",
                "image: meta tag 'ac-discovery' not found on example.com/team: no 'ac-discovery' meta tag fits",
            ])
    }

    @Test func `plain http is asked only where it is allowed, and hears no credentials`() throws {
        let server = try WireServer(["http://example.com/team/app?ac-discovery=1": [[reply(200, body: page)]]])
        #expect(throws: Failure.self) { try discover(server) }
        #expect(!server.requests.contains { $0.path.hasPrefix("http://") })
        let before = server.requests.count
        #expect(try discover(server, allowsHTTP: true).count == 1)
        let plain = server.requests.dropFirst(before).filter { $0.path.hasPrefix("http://") }
        #expect(plain.count == 1 && plain.allSatisfy { $0.header("authorization") == nil })
    }

    @Test(arguments: [
        "", "example.com//app", "example.com/../app", "/app", "example.com/app/", "exa mple.com", "user@example.com",
        "example.com:8080/app", "example.com/app?x", "example.com/app#x", String(repeating: "a/", count: 300) + "a",
    ])
    func `odd names are asked for nowhere or where they say`(name: String) throws {
        let server = try WireServer(["https://example.com/?ac-discovery=1": [[reply(200, body: page)]]])
        #expect(throws: (any Error).self) { try discover(server, name: name) }
    }

    @Test func `a page without end is an error`() throws {
        let server = try WireServer([
            "https://example.com/?ac-discovery=1": [[.send("HTTP/1.1 200 OK\r\n\r\n"), .again(page, count: 0)]]
        ])
        let error = error { _ = try discover(server, name: "example.com") } as? Failure
        #expect(
            error?.chain == [
                "discovery failed for \"example.com\"",
                "'https://example.com/?ac-discovery=1' is larger than the limit of 4194304 bytes",
            ])
    }

    @Test func `a page of four megabytes is read`() throws {
        let padding = String(repeating: "<", count: (4 << 20) - page.utf8.count)
        let server = try WireServer([
            "https://example.com/?ac-discovery=1": [
                [.send("HTTP/1.1 200 OK\r\nContent-Length: \(4 << 20)\r\n\r\n"), .send(padding), .send(page)]
            ]
        ])
        #expect(try discover(server, name: "example.com").count == 1)
    }

    private func keys(_ server: WireServer, _ source: KeySource, allowsHTTP: Bool = false) throws -> [PublicKeyFile] {
        try fetchPublicKeys(
            source, server.client(impatient(allowsHTTP: allowsHTTP), environment: server.asProxy), quiet
        ) { file in
            if file.isEmpty { throw Failure("no key") }
            return []
        }
    }

    @Test func `keys come from every place that the page names`() throws {
        let tag = { (url: String) in #"<meta name="ac-discovery-pubkeys" content="example.com \#(url)">"# }
        let server = try WireServer([
            "https://example.com/app?ac-discovery=1": [
                [
                    reply(
                        200,
                        body: ["https://example.com/a", "https://example.com/b", "https://example.com/a"].map(tag)
                            .joined())
                ]
            ],
            "https://example.com/a": [[reply(200, body: "A")]], "https://example.com/b": [[reply(200, body: "B")]],
        ])
        let files = try keys(server, .discovery(prefix: "example.com/app"))
        #expect(files.map(\.text) == ["A", "B"] && files.allSatisfy(\.isAuthenticated))
        #expect(files.map(\.location) == ["https://example.com/a", "https://example.com/b"])
    }

    @Test func `keys over http only where it is allowed`() throws {
        let tag = #"<meta name="ac-discovery-pubkeys" content="example.com http://example.com/a">"#
        let server = try WireServer([
            "https://example.com/?ac-discovery=1": [[reply(200, body: tag)]],
            "http://example.com/a": [[reply(200, body: "A")]],
        ])
        for source in [KeySource.discovery(prefix: "example.com"), .url("http://example.com/a")] {
            #expect(throws: Failure.self) { try keys(server, source) }
            let files = try keys(server, source, allowsHTTP: true)
            #expect(files.map(\.isAuthenticated) == [false])
        }
    }

    @Test func `a page over http vouches for no keys`() throws {
        let tag = #"<meta name="ac-discovery-pubkeys" content="example.com https://example.com/a">"#
        let server = try WireServer([
            "http://example.com/?ac-discovery=1": [[reply(200, body: tag)]],
            "https://example.com/a": [[reply(200, body: "A")]],
        ])
        #expect(try keys(server, .discovery(prefix: "example.com"), allowsHTTP: true).map(\.isAuthenticated) == [false])
    }

    @Test func `a text is only read`() throws {
        let server = try WireServer([:])
        #expect(
            try keys(server, .text("x")) == [PublicKeyFile(location: "", isAuthenticated: false, text: "x", keys: [])])
        #expect(throws: Failure.self) { try keys(server, .text("")) }
        #expect(throws: HTTPError.self) { try keys(server, .url("file:///etc/passwd")) }
        #expect(server.requests.isEmpty)
    }

    @Test func `too many files with keys`() throws {
        let tags = (0..<40).map {
            #"<meta name="ac-discovery-pubkeys" content="example.com https://example.com/\#($0)">"#
        }
        let server = try WireServer(["https://example.com/?ac-discovery=1": [[reply(200, body: tags.joined())]]])
        #expect(throws: Failure.self) { try keys(server, .discovery(prefix: "example.com")) }
        #expect(server.requests.count == 1)
    }
}
