import FetchInterface
import TestSupport
import Testing

@testable import ImageFetch

@Suite struct RedirectTests {
    /// Names after which nobody but the first server may be told who we are.
    static let targets = [
        "http://{b}/other", "http://localhost:{a-port}/other", "https://{tls}/other", "http://evil:word@{b}/other",
        "//{b}/other",
    ]

    @Test(arguments: [301, 302, 303, 307, 308], targets)
    func `nobody else hears of credentials`(status: Int, target: String) throws {
        let server = try WireServer([
            "/start": [[reply(status, "Location: \(target)\r\nSet-Cookie: a=b\r\n", body: "x")]],
            "/other": [[reply(200, body: "there")]],
        ])
        let mine = HostCredentials(host: server.address("a"), credentials: .basic(user: "user", password: "secret"))
        let answer = try server.client(TransportOptions(allowsHTTP: true)).document(
            HTTPRequest("http://user:secret@\(server.address("a"))/start", credentials: [mine]))
        #expect(answer.status == 200 && answer.body == Array("there".utf8) && !answer.isAuthenticated)
        #expect(server.requests.first?.header("authorization") == "Basic dXNlcjpzZWNyZXQ=")
        #expect(server.requests.count == 2)
        for request in server.requests.dropFirst() {
            for name in ["authorization", "cookie", "referer", "proxy-authorization"] {
                #expect(request.header(name) == nil)
            }
            for word in ["secret", "dXNlcjpzZWNyZXQ", "evil", "word"] { #expect(!request.head.contains(word)) }
        }
    }

    @Test func `the same origin goes on hearing of them`() throws {
        let server = try WireServer([
            "/start": [[reply(302, "Location: /other\r\n")]], "/other": [[reply(200)]],
        ])
        let client = try server.client(TransportOptions(allowsHTTP: true))
        let mine = HostCredentials(host: server.address("a"), credentials: .bearer(token: "t"))
        _ = try client.document(HTTPRequest(server.url("http://a/start"), credentials: [mine]))
        #expect(server.requests.map { $0.header("authorization") } == ["Bearer t", "Bearer t"])
    }

    @Test func `each origin gets its own`() throws {
        let server = try WireServer([
            "/start": [[reply(302, "Location: http://{b}/other\r\n")]], "/other": [[reply(200)]],
        ])
        let client = try server.client(TransportOptions(allowsHTTP: true))
        let all = ["a", "b"].map { HostCredentials(host: server.address($0), credentials: .bearer(token: $0)) }
        _ = try client.document(HTTPRequest(server.url("http://a/start"), credentials: all))
        #expect(server.requests.map { $0.header("authorization") } == ["Bearer a", "Bearer b"])
    }

    @Test func `in the clear there are none`() throws {
        let server = try WireServer(["/start": [[reply(200)]]])
        let mine = HostCredentials(host: server.address("a"), credentials: .bearer(token: "t"))
        _ = try server.client().document(HTTPRequest(server.url("http://a/start"), credentials: [mine]))
        #expect(server.requests.map { $0.header("authorization") } == [nil])
    }

    @Test func `https stays https`() throws {
        let server = try WireServer([
            "/start": [[reply(302, "Location: http://{a}/other\r\n")]], "/other": [[reply(200)]],
        ])
        let request = HTTPRequest(server.url("https://tls/start"))
        #expect(
            throws: HTTPError.insecureRedirect(from: request.url, to: server.url("http://a/other"))
        ) { try server.client().document(request) }
        #expect(server.requests.count == 1)
        let answer = try server.client(TransportOptions(allowsHTTP: true)).document(request)
        #expect(answer.status == 200 && !answer.isAuthenticated)
    }

    @Test(arguments: ["file:///etc/passwd", "gopher://{b}/", "ftp://{b}/", "http:///x", "http://{b}:x/", "scp://{a}/x"])
    func `other places are refused`(location: String) throws {
        let server = try WireServer(["/start": [[reply(302, "Location: \(location)\r\n")]]])
        #expect(throws: HTTPError.self) {
            try server.client(TransportOptions(allowsHTTP: true)).document(HTTPRequest(server.url("http://a/start")))
        }
        #expect(server.requests.count == 1)
    }

    @Test func `ten redirects are followed, eleven are not`() throws {
        var script: [String: [[WireServer.Step]]] = ["/0": [[reply(200)]]]
        for number in 1...11 { script["/\(number)"] = [[reply(302, "Location: /\(number - 1)\r\n")]] }
        let server = try WireServer(script)
        #expect(try server.client().document(HTTPRequest(server.url("http://a/10"))).status == 200)
        #expect(throws: HTTPError.tooManyRedirects(limit: 10)) {
            try server.client().document(HTTPRequest(server.url("http://a/11")))
        }
    }

    @Test func `a redirect that is not to be followed is an answer`() throws {
        let server = try WireServer(["/start": [[reply(302, "Location: /other\r\n", body: "b")]]])
        let answer = try server.client().document(HTTPRequest(server.url("http://a/start"), followsRedirects: false))
        #expect(answer.status == 302 && answer.header("location") == "/other")
        let without = try WireServer(["/start": [[reply(302, body: "b")]]])
        #expect(try without.client().document(HTTPRequest(without.url("http://a/start"))).body == [0x62])
    }

    @Test(arguments: [
        ("Authorization", "Basic x"), ("cookie", "a=b"), ("Host", "evil"), ("X\r\nY", "z"), ("X", "a\r\nEvil: b"),
        ("X", "a\u{0}"),
        ("", "x"), ("X:", "y"),
    ])
    func `headers cannot be smuggled in`(name: String, value: String) throws {
        let server = try WireServer(["/start": [[reply(200)]]])
        #expect(throws: HTTPError.badHeader(name)) {
            try server.client().document(HTTPRequest(server.url("http://a/start"), headers: [(name, value)]))
        }
        #expect(server.requests.isEmpty)
    }

    @Test func `a token with a line break is not sent`() throws {
        let server = try WireServer(["/start": [[reply(200)]]])
        let mine = HostCredentials(host: server.address("a"), credentials: .bearer(token: "t\r\nEvil: x"))
        #expect(throws: HTTPError.badHeader("Authorization")) {
            try server.client(TransportOptions(allowsHTTP: true)).document(
                HTTPRequest(server.url("http://a/start"), credentials: [mine]))
        }
        #expect(server.requests.isEmpty)
    }
}
