import FetchInterface
import SystemPackage
import TestSupport
import Testing

@testable import ImageFetch

@Suite struct TransportTests {
    @Test func `who we are, and what comes back`() throws {
        let server = try WireServer([
            "/x?y": [[reply(404, "WWW-Authenticate: a\r\nWWW-Authenticate: b\r\n", body: "no")]]
        ])
        let client = try server.client(TransportOptions(userAgent: "rkt/1.2"))
        let answer = try client.document(HTTPRequest(server.url("https://tls/x?y"), headers: [("Accept", "a/b")]))
        #expect(answer.status == 404 && answer.body == Array("no".utf8) && answer.isAuthenticated)
        #expect(answer.headers.filter { $0.name == "www-authenticate" }.map(\.value) == ["a", "b"])
        #expect(server.requests.first?.header("user-agent") == "rkt/1.2")
        #expect(server.requests.first?.header("accept") == "a/b")
        #expect(server.requests.first?.line == "GET /x?y HTTP/1.1")
    }

    @Test func `only the head where that is asked for`() throws {
        let server = try WireServer(["/x": [[.send("HTTP/1.1 200 OK\r\nContent-Length: 5000000000\r\n\r\n")]]])
        let answer = try server.client().document(HTTPRequest(server.url("http://a/x"), method: .head))
        #expect(answer.status == 200 && answer.body.isEmpty && answer.header("content-length") == "5000000000")
    }

    @Test func `certificates are checked`() throws {
        let server = try WireServer(["/x": [[reply(200)]]])
        let request = HTTPRequest(server.url("https://tls/x"))
        let stranger = try server.client(environment: ["SSL_CERT_FILE": "/etc/ssl/certs/ca-certificates.crt"])
        let error = error { _ = try stranger.document(request) }
        #expect("\(String(describing: error))".lowercased().contains("certificate"))
        #expect(server.requests.isEmpty)
        let careless = try server.client(
            TransportOptions(skipsTLSVerification: true), environment: ["SSL_CERT_FILE": "/dev/null"])
        let answer = try careless.document(request)
        #expect(answer.status == 200 && !answer.isAuthenticated)
    }

    @Test func `a certificate for another name is none`() throws {
        let server = try WireServer(["/x": [[reply(200)]]])
        let error = error {
            _ = try server.client().document(HTTPRequest("https://127.0.0.2:\(server.port("tls"))/x"))
        }
        #expect(error is HTTPError)
        #expect(server.requests.isEmpty)
    }

    @Test func `a directory of certificates counts, whatever its files are called`() throws {
        let server = try WireServer(["/x": [[reply(200)]]])
        let directory = server.directory.path.appending("authorities")
        try makeDirectories(directory)
        try writeBytes(readBytes(CertificateAuthority.shared.certificate), to: directory.appending("any name"))
        try writeText("no certificate", to: directory.appending("other"))
        let environment = ["SSL_CERT_FILE": "/dev/null", "SSL_CERT_DIR": "/nowhere:\(directory)"]
        #expect(
            try server.client(environment: environment).document(HTTPRequest(server.url("https://tls/x"))).status == 200
        )
    }

    @Test func `a proxy hears only what is for it`() throws {
        let server = try WireServer(["http://unknown.example/x": [[reply(200, body: "by proxy")]]])
        let environment = ["http_proxy": "http://u:p@\(server.address("a"))", "no_proxy": "other.example"]
        let answer = try server.client(environment: environment).document(HTTPRequest("http://unknown.example/x"))
        #expect(answer.body == Array("by proxy".utf8))
        #expect(server.requests.first?.header("proxy-authorization") == "Basic dTpw")
        #expect(server.requests.first?.header("authorization") == nil)
        let direct = try WireServer(["/x": [[reply(200)]]])
        #expect(
            try direct.client(environment: environment).document(HTTPRequest(direct.url("http://a/x"))).status == 200)
        #expect(direct.requests.first?.header("proxy-authorization") == nil)
    }

    @Test(arguments: [
        [WireServer.Step.stall], [.send("HTTP/1.1 200 OK\r\n"), .stall],
        [.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345"), .stall],
    ])
    func `a server that says nothing more`(steps: [WireServer.Step]) throws {
        let server = try WireServer(["/x": [steps]])
        let start = ContinuousClock.now
        #expect(throws: HTTPError.stalled(seconds: 2, url: server.url("http://a/x"))) {
            try server.client(impatient()).document(HTTPRequest(server.url("http://a/x")))
        }
        #expect(ContinuousClock.now - start < .seconds(20))
    }

    @Test(arguments: [
        [WireServer.Step.close], [.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345"), .close],
        [.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n"), .close],
        [.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n"), .close],
        [.send("SSH-2.0-x\r\n"), .close],
        [.send("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"), .close],
    ])
    func `half an answer is none`(steps: [WireServer.Step]) throws {
        let server = try WireServer(["/x": [steps]])
        #expect(throws: HTTPError.self) {
            try server.client(impatient()).document(HTTPRequest(server.url("http://a/x")))
        }
    }

    @Test(arguments: [
        [WireServer.Step.send("HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n"), .stall],
        [.send("HTTP/1.1 200 OK\r\n\r\n"), .again("0123456789", count: 0)],
        [.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"), .again("a\r\n0123456789\r\n", count: 0)],
    ])
    func `a document that is too large`(steps: [WireServer.Step]) throws {
        let server = try WireServer(["/x": [steps]])
        #expect(throws: HTTPError.tooLarge(limit: 1_000, url: server.url("http://a/x"))) {
            try server.client(impatient(documentBytes: 1_000)).document(HTTPRequest(server.url("http://a/x")))
        }
    }

    @Test(arguments: [
        "X-Header: 0123456789\r\n", "HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 103 Early\r\nA: b\r\n\r\n", "x",
        "\(String(repeating: "y", count: 30_000)): z\r\n",
    ])
    func `headers without end`(line: String) throws {
        let server = try WireServer([
            "/x": [[.send("HTTP/1.1 200 OK\r\nA: b\r\n"), .again(line, count: 0)]],
            "/y": [[.again("HTTP/1.1 100 Continue\r\n\r\n", count: 0)]],
        ])
        for path in ["x", "y"] {
            let start = ContinuousClock.now
            #expect(throws: HTTPError.self) {
                try server.client(impatient()).document(HTTPRequest(server.url("http://a/\(path)")))
            }
            #expect(ContinuousClock.now - start < .seconds(20))
        }
    }

    @Test func `nobody listens`() throws {
        #expect(throws: HTTPError.self) {
            try WireServer([:]).client().document(HTTPRequest("http://127.0.0.1:1/"))
        }
        #expect(throws: HTTPError.self) {
            try WireServer([:]).client().document(HTTPRequest("http://name.invalid/"))
        }
    }

    @Test func `requests to S3 are signed`() throws {
        let server = try WireServer(["/bucket/x.aci": [[reply(200)]]])
        let mine = HostCredentials(
            host: server.address("a"),
            credentials: .aws(accessKeyID: "AKID", secretAccessKey: "SECRET", region: "eu-test-1"))
        let client = try server.client(TransportOptions(allowsHTTP: true))
        _ = try client.document(HTTPRequest(server.url("http://a/bucket/x.aci"), credentials: [mine]))
        let head = try #require(server.requests.first).head
        #expect(!head.contains("SECRET"))
        var check = Command(try Programs.find("python3"), ["-c", Self.signatureCheck])
        check.input = Array(head.utf8)
        #expect(try check.run().status == 0)
    }

    /// Source: AWS, Signature Version 4 signing process.
    private static let signatureCheck = #"""
        import hashlib, hmac, re, sys
        lines = sys.stdin.buffer.read().decode("latin-1").split("\r\n")
        headers = {k.lower(): v.strip() for k, v in (l.split(":", 1) for l in lines[1:] if ":" in l)}
        path, _, query = lines[0].split(" ")[1].partition("?")
        parts = dict(re.findall(r"(\w+)=([^, ]+)", headers["authorization"]))
        scope = parts["Credential"].split("/")
        assert scope[0] == "AKID" and scope[2:] == ["eu-test-1", "s3", "aws4_request"], scope
        names = parts["SignedHeaders"].split(";")
        assert {"host", "x-amz-date", "x-amz-content-sha256"} <= set(names), names
        canonical = "\n".join([lines[0].split(" ")[0], path, query]
            + [n + ":" + headers[n] for n in names] + ["", ";".join(names), headers["x-amz-content-sha256"]])
        text = "\n".join(["AWS4-HMAC-SHA256", headers["x-amz-date"], "/".join(scope[1:]),
            hashlib.sha256(canonical.encode()).hexdigest()])
        key = b"AWS4SECRET"
        for part in scope[1:]: key = hmac.new(key, part.encode(), hashlib.sha256).digest()
        assert hmac.new(key, text.encode(), hashlib.sha256).hexdigest() == parts["Signature"], canonical
        """#
}
