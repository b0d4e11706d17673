import FetchInterface
import Glibc
import LinuxSystem
import Synchronization
import SystemPackage
import TestSupport
import Testing

@testable import ImageFetch

@Suite struct DownloadTests {
    static let digest = "sha256:84d89877f0d4041efb6bf91a16f0248f2fd573e6af05c19f96bedb9f882f7882"  // of 0123456789

    private func request(
        _ server: WireServer, digest: String? = nil, size: UInt64? = nil, shared: String? = nil, path: String = "x"
    ) -> FileRequest {
        FileRequest(
            HTTPRequest(server.url("http://a/\(path)")), label: "ACI", key: path, expectedDigest: digest,
            expectedSize: size,
            wantsDigest: true, sharedName: shared, prefix: "archive")
    }

    /// Half of the file, with what its version is called.
    private func half(_ headers: String) -> [WireServer.Step] {
        [.send("HTTP/1.1 200 OK\r\n\(headers)Content-Length: 10\r\n\r\n01234"), .close]
    }

    private func rest(_ range: String = "5-9/10", _ body: String = "56789") -> [WireServer.Step] {
        [reply(206, "Content-Range: bytes \(range)\r\n", body: body)]
    }

    private func downloadTwice(_ server: WireServer, _ request: FileRequest) throws -> HTTPResponse {
        let client = try server.client()
        #expect(throws: HTTPError.self) { try client.download([request], parallel: 1) }
        let partial = DownloadDirectory.partialName(request.key)
        #expect(server.files.filter { !$0.hasSuffix(".etag") } == [partial])
        #expect(try server.content(partial) == "01234")
        return try #require(try client.download([request], parallel: 1).first)
    }

    private func expect(_ content: String, _ response: HTTPResponse, _ server: WireServer) throws {
        #expect(server.files == [response.file])
        #expect(isPlainFileName(response.file) && response.file.hasPrefix("archive-"))
        #expect(try server.content(response.file) == content)
        #expect(response.size == UInt64(content.utf8.count))
        var digest = Command(try Programs.find("sha256sum"))
        digest.input = Array(content.utf8)
        #expect(try response.digest == "sha256:\(digest.run().output.prefix(64))")
    }

    @Test func `a file comes under a name of its own`() throws {
        let server = try WireServer(["/x": [[reply(200, "ETag: \"e\"\r\n", body: "0123456789")]]])
        let client = try server.client()
        let first = try #require(
            try client.download([request(server, digest: Self.digest, size: 10)], parallel: 1).first)
        try expect("0123456789", first, server)
        #expect(first.status == 200 && first.header("etag") == "\"e\"")
        let second = try #require(try client.download([request(server)], parallel: 1).first)
        #expect(Set(server.files) == [first.file, second.file] && first.file != second.file)
    }

    @Test func `an empty file is one`() throws {
        let server = try WireServer(["/x": [[reply(200)]]])
        try expect("", try #require(try server.client().download([request(server)], parallel: 1).first), server)
    }

    @Test(arguments: [
        ("ETag: \"e\"\r\n", "\"e\""),
        (
            "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\nDate: Mon, 07 Nov 1994 08:49:37 GMT\r\nETag: W/\"e\"\r\n",
            "Sun, 06 Nov 1994 08:49:37 GMT"
        ),
    ])
    func `an interrupted download goes on`(headers: String, validator: String) throws {
        let server = try WireServer(["/x": [half(headers), rest()]])
        try expect("0123456789", try downloadTwice(server, request(server)), server)
        #expect(server.requests.map { $0.header("range") } == [nil, "bytes=5-"])
        #expect(server.requests.map { $0.header("if-range") } == [nil, validator])
    }

    @Test func `a file that has changed comes anew`() throws {
        let server = try WireServer(["/x": [half("ETag: \"e\"\r\n"), [reply(200, "ETag: \"f\"\r\n", body: "abc")]]])
        try expect("abc", try downloadTwice(server, request(server)), server)
    }

    @Test func `a file that came anew and was interrupted goes on by its new name`() throws {
        let other: [WireServer.Step] = [
            .send("HTTP/1.1 200 OK\r\nETag: \"f\"\r\nContent-Length: 4\r\n\r\nab"), .close,
        ]
        let server = try WireServer(["/x": [half("ETag: \"e\"\r\n"), other, rest("2-3/4", "cd")]])
        let client = try server.client()
        for _ in 0..<2 { #expect(throws: HTTPError.self) { try client.download([request(server)], parallel: 1) } }
        try expect("abcd", try #require(try client.download([request(server)], parallel: 1).first), server)
        #expect(server.requests.map { $0.header("if-range") } == [nil, "\"e\"", "\"f\""])
    }

    @Test(arguments: ["", "ETag: W/\"e\"\r\n", "ETag: e\r\n"])
    func `without a sure name nothing is gone on with`(headers: String) throws {
        let server = try WireServer(["/x": [half(headers), [reply(200, body: "0123456789")]]])
        let client = try server.client()
        #expect(throws: HTTPError.self) { try client.download([request(server)], parallel: 1) }
        #expect(server.files == [])
        try expect("0123456789", try #require(try client.download([request(server)], parallel: 1).first), server)
        #expect(server.requests.map { $0.header("range") } == [nil, nil])
    }

    @Test func `a file whose digest is known goes on in any case`() throws {
        let server = try WireServer(["/x": [half(""), rest()]])
        try expect("0123456789", try downloadTwice(server, request(server, digest: Self.digest)), server)
        #expect(server.requests.map { $0.header("if-range") } == [nil, nil])
    }

    @Test(arguments: [
        [reply(416)], [reply(206, "Content-Range: bytes 4-9/10\r\n", body: "456789")], [reply(206, body: "56789")],
    ])
    func `a wrong part is asked for once again as a whole`(steps: [WireServer.Step]) throws {
        let server = try WireServer(["/x": [half("ETag: \"e\"\r\n"), steps, [reply(200, body: "0123456789")]]])
        try expect("0123456789", try downloadTwice(server, request(server)), server)
        #expect(server.requests.map { $0.header("range") } == [nil, "bytes=5-", nil])
    }

    @Test(arguments: [206, 416])
    func `and not for ever`(status: Int) throws {
        let server = try WireServer(["/x": [[reply(status, "Content-Range: bytes 0-1/2\r\n", body: "ab")]]])
        #expect(throws: HTTPError.status(status, url: server.url("http://a/x"))) {
            try server.client().download([request(server)], parallel: 1)
        }
        #expect(server.files == [] && server.requests.count <= 2)
    }

    @Test func `a part that ends too early stays a part`() throws {
        let server = try WireServer(["/x": [half("ETag: \"e\"\r\n"), rest("5-9/10", "567"), rest("8-9/10", "89")]])
        let client = try server.client()
        #expect(throws: HTTPError.self) { try client.download([request(server)], parallel: 1) }
        #expect(throws: HTTPError.wrongSize(wanted: 10, got: 8, url: server.url("http://a/x"))) {
            try client.download([request(server)], parallel: 1)
        }
        try expect("0123456789", try #require(try client.download([request(server)], parallel: 1).first), server)
    }

    @Test func `a wrong digest leaves nothing`() throws {
        let server = try WireServer(["/x": [[reply(200, body: "0123456788")]]])
        #expect(throws: HTTPError.self) {
            try server.client().download([request(server, digest: Self.digest)], parallel: 1)
        }
        #expect(server.files == [])
    }

    @Test(arguments: [
        [WireServer.Step.send("HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n"), .stall],
        [.send("HTTP/1.1 200 OK\r\n\r\n"), .again("0123456789", count: 0)],
    ])
    func `a file that is too large leaves nothing`(steps: [WireServer.Step]) throws {
        let server = try WireServer(["/x": [steps]])
        for (options, size) in [(impatient(downloadBytes: 1_000), nil), (impatient(), 1_000)]
            as [(TransportOptions, UInt64?)]
        {
            #expect(throws: HTTPError.tooLarge(limit: 1_000, url: server.url("http://a/x"))) {
                try server.client(options).download([request(server, size: size)], parallel: 1)
            }
            #expect(server.files == [])
        }
    }

    @Test func `a file that is too small is none`() throws {
        let server = try WireServer(["/x": [[reply(200, body: "012345678")]]])
        #expect(throws: HTTPError.wrongSize(wanted: 10, got: 9, url: server.url("http://a/x"))) {
            try server.client().download([request(server, size: 10)], parallel: 1)
        }
        #expect(server.files == [])
    }

    @Test(arguments: [401, 404, 500, 204])
    func `other answers are errors and leave nothing`(status: Int) throws {
        let body = String(repeating: "<html>", count: 100_000)
        let server = try WireServer(["/x": [[reply(status, body: status == 204 ? "" : body)]]])
        #expect(throws: HTTPError.status(status, url: server.url("http://a/x"))) {
            try server.client().download([request(server)], parallel: 1)
        }
        #expect(server.files == [])
    }

    @Test func `several at once, in the order of the requests`() throws {
        var script: [String: [[WireServer.Step]]] = [:]
        for number in 0..<30 { script["/\(number)"] = [[reply(200, body: "file \(number)")]] }
        let server = try WireServer(script)
        let requests = (0..<30).map { request(server, path: "\($0)") } + [request(server, path: "7")]
        let answers = try server.client().download(requests, parallel: 4)
        #expect(try answers.map { try server.content($0.file) } == (0..<30).map { "file \($0)" } + ["file 7"])
        #expect(server.files.count == 31)
    }

    @Test func `one that fails ends all, and none of the complete ones stays`() throws {
        let server = try WireServer([
            "/good": [[reply(200, body: "x")]], "/bad": [[reply(404)]],
            "/half": [[.send("HTTP/1.1 200 OK\r\nETag: \"e\"\r\nContent-Length: 10\r\n\r\n01234"), .stall]],
        ])
        #expect(throws: HTTPError.status(404, url: server.url("http://a/bad"))) {
            try server.client().download(["good", "bad", "half"].map { request(server, path: $0) }, parallel: 1)
        }
        #expect(!server.files.contains { $0.hasPrefix("archive-") })
    }

    @Test func `who comes second waits and begins anew`() throws {
        let server = try WireServer(["/x": [[reply(200, body: "0123456789")]]])
        try TestSupport.makeDirectories(server.downloads)
        let partial = server.downloads.appending(DownloadDirectory.partialName("x"))
        let number = open(partial.string, O_RDWR | O_CREAT, 0o600)
        #expect(number >= 0 && flock(number, LOCK_EX) == 0)
        let held = Mutex(number)
        let lines = Mutex<[String]>([])
        let client = try server.client(
            messages: Messages { line in
                lines.withLock { $0.append(line) }
                // The first one is done: the file has its name, and the lock is given up.
                held.withLock { number in
                    if number < 0 { return }
                    rename(partial.string, "\(partial).done")
                    close(number)
                    number = -1
                }
            })
        let answer = try #require(try client.download([request(server)], parallel: 1).first)
        #expect(try server.content(answer.file) == "0123456789")
        #expect(
            lines.withLock { $0 } == [
                "another rkt instance is downloading this file, waiting...", "Downloading ACI: 10 B",
            ])
    }

    @Test func `what another one has left is taken`() throws {
        let server = try WireServer(["/x": [[reply(200, body: "0123456789")]]])
        let client = try server.client()
        let wanted = request(server, digest: Self.digest, size: 10, shared: "sha256-x")
        let first = try #require(try client.download([wanted], parallel: 1).first)
        #expect(Set(server.files) == [first.file, "sha256-x"])
        let second = try #require(try client.download([wanted], parallel: 1).first)
        #expect(server.requests.count == 1 && second.digest == Self.digest && second.size == 10)
        #expect(Set(server.files) == [first.file, second.file, "sha256-x"])
        for bad in ["0123456788", "0", ""] {
            unlink(server.downloads.appending("sha256-x").string)
            try writeText(bad, to: server.downloads.appending("sha256-x"))
            let answer = try #require(try client.download([wanted], parallel: 1).first)
            #expect(try server.content(answer.file) == "0123456789")
        }
        #expect(server.requests.count == 4)
    }

    @Test func `what another one has just taken away cannot be taken`() throws {
        let work = try TemporaryDirectory("downloads")
        try writeText("0123456789", to: work.path.appending("sha256-x"))
        let directory = DownloadDirectory(try Descriptor.open(work.path, [.directory]))
        let name = try #require(try directory.linkPrivately("sha256-x", prefix: "archive"))
        #expect(try readText(work.path.appending(name)) == "0123456789")
        unlink(work.path.appending("sha256-x").string)
        #expect(try directory.linkPrivately("sha256-x", prefix: "archive") == nil)
    }

    @Test(arguments: ["symlink", "directory", "fifo"])
    func `the partial file is a file`(kind: String) throws {
        let server = try WireServer(["/x": [[reply(200, body: "0123456789")]]])
        try TestSupport.makeDirectories(server.downloads)
        let partial = server.downloads.appending(DownloadDirectory.partialName("x")).string
        let outside = server.directory.path.appending("outside")
        switch kind {
        case "symlink": symlink(outside.string, partial)
        case "directory": mkdir(partial, 0o700)
        default: mkfifo(partial, 0o600)
        }
        #expect(throws: (any Error).self) { try server.client().download([request(server)], parallel: 1) }
        #expect(!exists(outside))
    }
}
