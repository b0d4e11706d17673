import FetchInterface
import Testing

@testable import ImageFetch

@Suite struct WebURLTests {
    @Test(arguments: [
        ("HTTPS://Example.COM", "https://example.com/"),
        ("https://example.com:443/a?b#c", "https://example.com/a?b"),
        ("http://example.com:443/", "http://example.com:443/"),
        ("https://u:p@example.com:8443/a", "https://example.com:8443/a"),
        ("https://[::1]:80/a/./b/../c", "https://[::1]:80/a/c"),
        ("https://e/..", "https://e/"), ("https://e/a/b/..", "https://e/a/"),
        ("https://e?x=/../y", "https://e/?x=/../y"),
        ("https://e/../../etc/passwd", "https://e/etc/passwd"), ("https://e//a//", "https://e//a//"),
        ("https://e:/x", "https://e/x"),
    ])
    func `URLs are put together from their parts`(text: String, result: String) throws {
        #expect("\(try WebURL(text))" == result)
    }

    @Test(arguments: [
        "", "example.com", "ftp://example.com/", "file:///etc/passwd", "https:/e", "https://", "https:///x",
        "https://e:0/", "https://e:65536/", "https://e:99999999999999999999/", "https://e:-1/", "https://e:8 0/",
        "https://a@b@c/", "https://e\\@evil/", "https://evil%2eexample/", "https://e\r\nX: y/", "https://é/",
        "https://[::1/", "https://[::1]x/", "https://[]/", "https://[fe80::1%25eth0]/", "https://u%zz@e/",
        "https://a b/",
        "https://e/\u{0}", "javascript:alert(1)", "https://e" + String(repeating: "x", count: 300) + "/",
    ])
    func `what two readers may understand differently is no URL`(text: String) {
        #expect(throws: HTTPError.self) { try WebURL(text) }
    }

    @Test func `user and password are decoded and do not show`() throws {
        let url = try WebURL("https://us%40er:p%3Aw@example.com/x")
        #expect(url.user == "us@er" && url.password == "p:w")
        #expect("\(url)" == "https://example.com/x")
        #expect(try url.resolved("/y").user == nil)
        #expect(try url.resolved("https://a:b@example.com/y").user == nil)
    }

    @Test(arguments: [
        ("/x", "https://e:8443/x"), ("x", "https://e:8443/a/x"), ("../x", "https://e:8443/x"),
        ("?x", "https://e:8443/a/b?x"),
        ("", "https://e:8443/a/b?q"), ("#f", "https://e:8443/a/b?q"), ("//f/x", "https://f/x"),
        ("http://f", "http://f/"),
        ("/ä b", "https://e:8443/%C3%A4%20b"), ("./x:y", "https://e:8443/a/x:y"),
    ])
    func `locations are resolved`(location: String, result: String) throws {
        #expect("\(try WebURL("https://e:8443/a/b?q").resolved(location))" == result)
    }

    @Test(arguments: [
        "ftp://e/", "file:///etc/passwd", "gopher://e/", "/a\u{0}b", "/a\rb", "//", "//@/", "https://e:x/", "data:x",
    ])
    func `bad locations are errors`(location: String) throws {
        let url = try WebURL("https://e/a")
        #expect(throws: HTTPError.badRedirect(from: "https://e/a", to: location)) { try url.resolved(location) }
    }
}

@Suite struct CredentialsTests {
    static let all = [
        HostCredentials(host: "example.com", credentials: .bearer(token: "one")),
        HostCredentials(host: "EXAMPLE.com:8443", credentials: .bearer(token: "two")),
        HostCredentials(host: "[::1]:80", credentials: .bearer(token: "three")),
        HostCredentials(host: "b@d.example", credentials: .bearer(token: "four")),
        HostCredentials(host: "", credentials: .bearer(token: "five")),
    ]

    @Test(arguments: [
        ("https://example.com/", "one"), ("https://example.com:443/x", "one"), ("https://example.com:8443/", "two"),
        ("https://example.com:8444/", nil), ("https://www.example.com/", nil), ("https://example.com./", nil),
        ("https://example.com.evil.example/", nil), ("http://example.com/", nil), ("https://d.example/", nil),
        ("https://[::1]:80/", "three"), ("https://[::1]/", nil),
    ])
    func `only the very origin gets them`(url: String, token: String?) throws {
        let found = credentials(for: try WebURL(url), from: Self.all, allowsPlainText: false)
        #expect(found == token.map { .bearer(token: $0) })
    }

    @Test func `in the clear only where that is allowed`() throws {
        let url = try WebURL("http://example.com/")
        #expect(credentials(for: url, from: Self.all, allowsPlainText: true) == .bearer(token: "one"))
        let userInURL = try WebURL("http://u:p@other.example/")
        #expect(credentials(for: userInURL, from: Self.all, allowsPlainText: false) == nil)
        #expect(credentials(for: userInURL, from: [], allowsPlainText: true) == .basic(user: "u", password: "p"))
    }

    @Test(arguments: [
        ("s3.amazonaws.com", "us-east-1"), ("bucket.s3.amazonaws.com", "us-east-1"),
        ("s3-eu-west-1.amazonaws.com", "eu-west-1"), ("bucket.s3-eu-west-1.amazonaws.com", "eu-west-1"),
        ("bucket.s3.eu-central-1.amazonaws.com", "eu-central-1"), ("s3.eu-central-1.amazonaws.com", "eu-central-1"),
        ("s3-external-1.amazonaws.com", "us-east-1"), ("a.b.s3.cn-north-1.amazonaws.com.cn", "cn-north-1"),
        ("example.com", "us-east-1"), ("amazonaws.com", "us-east-1"), ("", "us-east-1"),
    ])
    func `the region is in the name of the host`(host: String, region: String) {
        #expect(awsRegion(ofHost: host) == region)
    }
}

@Suite struct ProxyTests {
    private func proxy(_ url: String, _ environment: [String: String]) throws -> String? {
        try ProxySettings { environment[$0] }.proxy(for: WebURL(url))
    }

    @Test func `the scheme chooses, upper case comes first`() throws {
        let environment = ["HTTP_PROXY": "p1:1", "http_proxy": "p2:2", "https_proxy": "https://u:p@p3:3"]
        #expect(try proxy("http://e/", environment) == "http://p1:1")
        #expect(try proxy("https://e/", environment) == "https://u:p@p3:3")
        #expect(try proxy("https://e/", ["HTTP_PROXY": "p1"]) == nil)
        #expect(try proxy("http://e/", ["ALL_PROXY": "p1"]) == nil)
        #expect(try proxy("http://e/", ["HTTP_PROXY": "socks5://p:1"]) == "socks5h://p:1")
        #expect(try proxy("http://e/", ["HTTP_PROXY": "p", "REQUEST_METHOD": "GET"]) == nil)
        #expect(throws: HTTPError.badProxy("ftp://p")) { try proxy("http://e/", ["HTTP_PROXY": "ftp://p"]) }
    }

    @Test func `a bad proxy does not show its password`() {
        #expect(throws: HTTPError.badProxy("p")) { try proxy("http://e/", ["HTTP_PROXY": "ftp://u:secret@p"]) }
    }

    @Test(arguments: [
        ("example.com", "http://example.com/", false), ("example.com", "http://www.example.com/", false),
        ("example.com", "http://notexample.com/", true), (".example.com", "http://example.com/", true),
        (".example.com", "http://www.example.com/", false), ("*.example.com", "http://example.com/", true),
        ("*.example.com", "http://a.example.com/", false), ("example.com:81", "http://example.com/", true),
        ("example.com:81", "http://example.com:81/", false), ("EXAMPLE.com", "http://example.COM/", false),
        ("*", "http://e/", false), (" a , example.com ", "http://example.com/", false), (",,", "http://e/", true),
        ("10.0.0.0/8", "http://10.1.2.3/", false), ("10.0.0.0/8", "http://11.1.2.3/", true),
        ("10.128.0.0/9", "http://10.200.0.1/", false), ("10.128.0.0/9", "http://10.1.0.1/", true),
        ("10.0.0.0/33", "http://10.0.0.0/", true), ("10.1.2.3", "http://10.1.2.3/", false),
        ("10.1.2.3:80", "http://10.1.2.3:81/", true), ("[fd00::1]:80", "http://[fd00::1]/", false),
        ("fd00::/8", "http://[fd12::1]/", false), ("fd00::/8", "http://[2001::1]/", true), ("/8", "http://e/", true),
        ("", "http://localhost/", false), ("", "http://127.9.9.9:80/", false), ("", "http://[::1]/", false),
        ("", "http://e/", true),
    ])
    func `exceptions`(exceptions: String, url: String, isProxied: Bool) throws {
        #expect(try (proxy(url, ["HTTP_PROXY": "p:1", "no_proxy": exceptions]) != nil) == isProxied)
    }
}
