import Glibc
import SystemPackage
import TestSupport
import Testing

extension Integration {
    /// Images by URL: what is asked of servers, what is made of their answers, who sees credentials.
    @Suite struct FetchURLs {
        @Test func `over https and http, with the signature beside it`() throws {
            try RktFixture.withServer { rkt, server in
                try rkt.trust()
                let image = RktFixture.tiny("example.com/app")
                try server.put("example.com/images/app.aci", rkt, image, .gzip)
                let id = try rkt.imageID(image)
                for scheme in ["https", "http"] {
                    let result = try rkt("fetch", "--full", "\(scheme)://example.com/images/app.aci").succeeded()
                    #expect(result.text == id)
                    #expect(result.errors.contains("signature verified:"))
                }
                #expect(server.gets("example.com/images/app.aci.asc").map(\.scheme) == ["https", "http"])
                #expect(try rkt("fetch", "--full", "https://example.com:8443/images/app.aci").succeeded().text == id)
                #expect(server.requests.allSatisfy { $0.headers["user-agent"]?.hasPrefix("rkt/") == true })
                #expect(rkt.leftBehind() == [])
                let asOptions = try rkt.imageID(RktFixture.tiny("example.com/query"))
                try server.put("example.com/q/app.aci", rkt, RktFixture.tiny("example.com/query"))
                #expect(
                    try rkt("fetch", "--full", "https://example.com/q/app.aci?key=1").succeeded().text == asOptions)
                #expect(server.requests.last { $0.path == "/q/app.aci.asc" }?.target == "/q/app.aci.asc?key=1")
            }
        }

        @Test func `several at once, in the order of the words`() throws {
            try RktFixture.withServer { rkt, server in
                try rkt.trust()
                let images = (0..<4).map { RktFixture.tiny("example.com/app-\($0)") }
                for (number, image) in images.enumerated() {
                    try server.put("example.com/app-\(number).aci", rkt, image)
                }
                let words = images.indices.map { "https://example.com/app-\($0).aci" }
                let result = try rkt(["fetch", "--full"] + words).succeeded()
                #expect(result.lines == (try images.map { try rkt.imageID($0) }))
                try rkt("fetch", words[0], "https://example.com/missing.aci").refused("404")
                #expect(rkt.leftBehind() == [])
            }
        }

        @Test func `what has not changed is not sent again`() throws {
            try RktFixture.withServer { rkt, server in
                try rkt.trust()
                let url = "example.com/app.aci"
                try server.put(url, rkt, RktFixture.tiny("example.com/app", "one"))
                try server.answer(url, .file.etag("\"one\""))
                let first = try rkt("fetch", "--full", "https://\(url)").succeeded().text
                server.forgetRequests()
                #expect(try rkt("fetch", "--full", "https://\(url)").succeeded().text == first)
                #expect(server.gets(url).map { $0.headers["if-none-match"] } == ["\"one\""])

                try server.put(url, rkt, RktFixture.tiny("example.com/app", "two"))
                try server.answer(url, .file.etag("\"two\""))
                #expect(try rkt("fetch", "--full", "https://\(url)").succeeded().text != first)

                // An image that is gone is fetched whole.
                server.forgetRequests()
                for id in try rkt("image", "list", "--full", "--no-legend", "--fields=id").lines {
                    try rkt("image", "rm", id).succeeded()
                }
                try rkt("fetch", "https://\(url)").succeeded()
                #expect(server.gets(url).map { $0.headers["if-none-match"] } == [nil])
            }
        }

        @Test func `what may be kept is not asked for again`() throws {
            try RktFixture.withServer { rkt, server in
                try rkt.trust()
                let url = "example.com/app.aci"
                try server.put(url, rkt, RktFixture.tiny("example.com/app"))
                for (value, asked) in [
                    ("max-age=600", 1), ("public, max-age=600", 1), ("max-age=0", 2), ("no-store", 2), ("no-cache", 2),
                    ("max-age=600, no-store", 2), ("max-age=99999999999999999999", 1), ("max-age=-5", 2),
                ] {
                    for id in try rkt("image", "list", "--full", "--no-legend", "--fields=id").lines {
                        try rkt("image", "rm", id).succeeded()
                    }
                    try server.answer(url, .file.headers(("Cache-Control", value)))
                    server.forgetRequests()
                    for _ in 0..<2 { try rkt("fetch", "https://\(url)").succeeded() }
                    #expect(server.gets(url).count == asked, "\(value)")
                }
            }
        }

        @Test func `ten redirects are followed, eleven are not`() throws {
            try RktFixture.withServer { rkt, server in
                try server.put("example.com/0.aci", rkt, RktFixture.tiny())
                for hop in 1...11 {
                    let host = hop % 2 == 0 ? "example.com" : "example.org"
                    let next = hop % 2 == 0 ? "example.org" : "example.com"
                    try server.answer(
                        "\(host)/\(hop).aci",
                        .redirect("https://\(next)/\(hop - 1).aci", status: [301, 302, 303, 307, 308][hop % 5]))
                }
                try server.answer("example.com/10.aci.asc", .redirect("/0.aci.asc"))
                try rkt.trust()
                try rkt("fetch", "https://example.com/10.aci").succeeded()
                try server.answer("example.org/11.aci.asc", .redirect("https://example.com/0.aci.asc"))
                try rkt("fetch", "https://example.org/11.aci").refusedInOneLine("too many redirects")
                #expect(rkt.leftBehind() == [])
            }
        }

        @Test(arguments: [301, 302, 303, 307, 308])
        func `credentials are for the host they are configured for`(status: Int) throws {
            try RktFixture.withServer { rkt, server in
                try rkt.trust()
                try rkt.configure(
                    "auth.d/example.json",
                    """
                    {"rktKind": "auth", "rktVersion": "v1", "domains": ["example.com"], "type": "basic",
                     "credentials": {"user": "alice", "password": "secret"}}
                    """)
                let image = try rkt.writeSigned(RktFixture.tiny())
                let signature = FilePath("\(image).asc")
                func serve(_ url: String) throws {
                    try server.put("\(url).aci", image)
                    try server.put("\(url).aci.asc", signature)
                }
                try serve("example.com/here")
                try server.answer("example.com/here.aci", .file.authorization(Registry.basicAuthorization))
                try rkt("fetch", "https://example.com/here.aci").succeeded()
                try serve("example.org/there")
                try serve("example.com/other-port")
                for (name, target) in [
                    ("host", "https://example.org/there.aci"), ("port", "https://example.com:8443/other-port.aci"),
                    ("user", "https://mallory:pass@example.org/there.aci"),
                    ("suffix", "https://storage.example.com/there.aci"),
                ] {
                    try serve("storage.example.com/there")
                    try server.answer("example.com/\(name).aci", .redirect(target, status: status))
                    try server.put("example.com/\(name).aci.asc", signature)
                    server.forgetRequests()
                    try rkt("fetch", "https://example.com/\(name).aci").succeeded()
                    let leaked = server.requests.filter {
                        ($0.host != "example.com" || $0.port != 443)
                            && $0.headers.values.contains { value in value.contains("YWxpY2U6c2VjcmV0") }
                    }
                    #expect(leaked.isEmpty, "\(name)")
                    #expect(
                        server.gets("example.com/\(name).aci").first?.headers["authorization"]
                            == Registry.basicAuthorization)
                }
                // Back to plain http is refused, and http never sees them.
                try server.answer("example.com/down.aci", .redirect("http://example.com/here.aci", status: status))
                try server.put("example.com/down.aci.asc", signature)
                server.forgetRequests()
                try rkt("fetch", "https://example.com/down.aci").refusedInOneLine("")
                #expect(server.requests.allSatisfy { $0.scheme == "https" })
                try server.answer("example.com/here.aci", .file)
                try rkt("fetch", "http://example.com/here.aci").succeeded()
                #expect(
                    server.requests.filter { $0.scheme == "http" }.allSatisfy { $0.headers["authorization"] == nil })
            }
        }

        @Test func `each kind of credentials`() throws {
            try RktFixture.withServer { rkt, server in
                try rkt.trust()
                let image = try rkt.writeSigned(RktFixture.tiny())
                for host in ["example.com", "example.org", "storage.example.com"] {
                    try server.put("\(host)/app.aci", image)
                    try server.put("\(host)/app.aci.asc", FilePath("\(image).asc"))
                }
                try rkt.configure(
                    "auth.d/all.json",
                    """
                    {"rktKind": "auth", "rktVersion": "v1", "domains": ["example.com"], "type": "oauth",
                     "credentials": {"token": "the-token"}}
                    """)
                try rkt.configure(
                    "auth.d/aws.json",
                    """
                    {"rktKind": "auth", "rktVersion": "v1", "domains": ["storage.example.com"], "type": "aws",
                     "credentials": {"accessKeyID": "AKIAEXAMPLE", "secretAccessKey": "hidden", "awsRegion": "eu-west-1"}}
                    """)
                try rkt.configure(
                    "auth.d/port.json",
                    """
                    {"rktKind": "auth", "rktVersion": "v1", "domains": ["example.org:8443"], "type": "basic",
                     "credentials": {"user": "alice", "password": "secret"}}
                    """)
                try rkt("fetch", "https://example.com/app.aci").succeeded()
                #expect(server.gets("example.com/app.aci").last?.headers["authorization"] == "Bearer the-token")
                #expect(server.gets("example.com/app.aci.asc").last?.headers["authorization"] == "Bearer the-token")
                try rkt("fetch", "https://storage.example.com/app.aci").succeeded()
                let aws = server.gets("storage.example.com/app.aci").last?.headers["authorization"] ?? ""
                #expect(aws.hasPrefix("AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE/"))
                #expect(aws.contains("/eu-west-1/s3/aws4_request"))
                try rkt("fetch", "https://example.org/app.aci").succeeded()
                #expect(server.gets("example.org/app.aci").last?.headers["authorization"] == nil)
                try rkt("fetch", "https://example.org:8443/app.aci").succeeded()
                #expect(
                    server.requests.last { $0.path == "/app.aci" }?.headers["authorization"]
                        == Registry.basicAuthorization)
                let shown = try rkt("config").succeeded().output
                for word in ["the-token", "AKIAEXAMPLE", "example.org:8443"] { #expect(shown.contains(word)) }
            }
        }

        @Test func `proxies of the environment`() throws {
            try RktFixture.withServer { rkt, server in
                try rkt.trust()
                try server.put("example.com/app.aci", rkt, RktFixture.tiny())
                func fetch(_ url: String, _ variables: String...) throws -> [ImageServer.Request] {
                    server.forgetRequests()
                    var command = rkt.command(["fetch", url])
                    command.environment = (command.environment ?? []) + variables
                    try command.run().succeeded()
                    return server.requests
                }
                let plain = try fetch("http://example.com/app.aci", "http_proxy=http://127.0.0.1:3128")
                #expect(plain.allSatisfy { $0.port == 3128 && $0.target.hasPrefix("http://example.com/") })
                #expect(plain.contains { $0.path == "http://example.com/app.aci" })
                for name in ["https_proxy", "HTTPS_PROXY"] {
                    let secure = try fetch("https://example.com/app.aci", "\(name)=http://127.0.0.1:3128")
                    #expect(secure.contains { $0.method == "CONNECT" && $0.target == "example.com:443" }, "\(name)")
                }
                for name in ["no_proxy", "NO_PROXY"] {
                    let direct = try fetch(
                        "https://example.com/app.aci", "https_proxy=http://127.0.0.1:3128", "\(name)=example.com")
                    #expect(direct.allSatisfy { $0.port == 443 }, "\(name)")
                }
            }
        }

        // Interrupted and shared downloads

        @Test func `a download goes on where it was killed`() throws {
            try RktFixture.withServer { rkt, server in
                try rkt.trust()
                let url = "example.com/app.aci"
                let image = try RktFixture.hello("example.com/app", bytes: 3 << 20)
                try server.put(url, rkt, image)
                try interrupt(rkt, server, url)
                try server.answer(url, .file)
                #expect(try rkt("fetch", "--full", "https://\(url)").succeeded().text == (try rkt.imageID(image)))
                let range = server.gets(url).last?.headers["range"] ?? ""
                #expect(range.hasPrefix("bytes=") && range != "bytes=0-", "\(range)")
                #expect(rkt.leftBehind() == [])
            }
        }

        @Test func `a download that cannot go on begins again`() throws {
            try RktFixture.withServer { rkt, server in
                try rkt.trust()
                let url = "example.com/app.aci"
                let old = try RktFixture.hello("example.com/app", bytes: 3 << 20)
                let new = RktFixture.tiny("example.com/app").entry(
                    TarEntry("rootfs/padding", type: "0").with { $0.content = .zeros(5 << 20) })
                for answer in [ServerAnswer.file, .file.withoutRanges(), .file.etag("\"other\""), .file.withoutTime()] {
                    try server.put(url, rkt, old)
                    try interrupt(rkt, server, url)
                    try server.put(url, rkt, new)
                    try server.answer(url, answer)
                    #expect(try rkt("fetch", "--full", "https://\(url)").succeeded().text == (try rkt.imageID(new)))
                    #expect(rkt.leftBehind() == [])
                }
                // Shorter than what there is.
                try server.put(url, rkt, old)
                try interrupt(rkt, server, url)
                try server.put(url, rkt, RktFixture.tiny("example.com/app"))
                try server.answer(url, .file)
                try rkt("fetch", "https://\(url)").succeeded()
            }
        }

        @Test func `two that ask for one image share a download`() throws {
            try RktFixture.withServer { rkt, server in
                try rkt.trust()
                let url = "example.com/app.aci"
                try server.put(url, rkt, RktFixture.tiny("example.com/app"))
                let fifo = rkt.directory.appending("gate")
                mkfifo(fifo.string, 0o600)
                try server.answer(url, .file.waiting(for: fifo.string))
                let running = try (0..<3).map { _ in try rkt.start(["fetch", "--full", "https://\(url)"]) }
                try server.waitForRequest(url)
                try waitUntil("all wait for the first") {
                    running.allSatisfy { $0.isRunning } && server.gets(url).count == 1
                        && locksWaiting(running.map(\.pid)) >= 2
                }
                try shell("echo > \"$1\"", [fifo.string])
                let results = running.map { $0.wait() }
                for result in results { try result.succeeded() }
                #expect(Set(results.map(\.text)).count == 1)
                #expect(server.gets(url).count == 1)
                #expect(rkt.leftBehind() == [])
            }
        }

        /// How many of these processes wait for a lock, as the kernel lists it.
        private func locksWaiting(_ pids: [Int32]) -> Int {
            let lines = ((try? readText("/proc/locks")) ?? "").split(separator: "\n")  // always there
            return lines.filter { line in
                let words = line.split(separator: " ")
                return words.contains("->") && pids.contains { pid in words.contains(Substring("\(pid)")) }
            }.count
        }

        /// Starts a fetch, waits until a part has come, and kills it.
        private func interrupt(_ rkt: RktFixture, _ server: ImageServer, _ url: String) throws {
            // A file that is as old as the answer may change within the same second: its time names no version.
            setTimes(server.root.appending(url), modification: 1_500_000_000_000_000_000)
            try server.answer(url, .file.after(2 << 20, .stall))
            server.forgetRequests()
            let running = try rkt.start(["fetch", "https://\(url)"])
            try server.waitForEnding(.stall)
            // What was sent has to arrive on the disk.
            try waitUntil("a part of the file") {
                rkt.leftBehind().contains { name in
                    ((try? FileFacts(rkt.dataDirectory.appending(name)))?.size ?? 0) >= 2 << 20
                }
            }
            running.signal(SIGKILL)
            running.wait()
            try waitUntil("the fetch program to end") { !rkt.isFetching }
            server.forgetRequests()
        }
    }
}

extension RktFixture {
    /// Whether a fetch program of this test still runs; it ends when nobody waits for it any more.
    var isFetching: Bool {
        ((try? entries(of: "/proc")) ?? []).contains { name in
            guard Int(name) != nil, let link = try? FilePath("/proc/\(name)/cwd").target() else { return false }
            return link.hasPrefix(dataDirectory.string)
        }
    }
}

extension FilePath {
    /// What a symlink points to.
    func target() throws -> String {
        var buffer = [CChar](repeating: 0, count: 4096)
        let count = readlink(string, &buffer, buffer.count)
        if count < 0 { throw Trouble("readlink \(self): errno \(errno)") }
        return String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
