import Testing

@testable import ImageFetch

@Suite struct HeaderTests {
    private func head(_ lines: String...) -> ResponseHead {
        var head = ResponseHead()
        for line in lines { head.add(Array("\(line)\r\n".utf8)) }
        return head
    }

    @Test func `lines become status and headers`() {
        let head = head(
            "HTTP/1.1 100 Continue", "X: old", "HTTP/1.1 206 Partial", "ETag:  \"x\" \t", "no header", " folded", ": y",
            "b ad: z", "X-Bell: a\u{7}b", "Empty:", "ETag: second")
        #expect(head.status == 206)
        #expect(head.headers.map(\.name) == ["etag", "empty", "etag"])
        #expect(head.header("etag") == "\"x\"" && head.header("empty") == "")
    }

    @Test(arguments: ["HTTP/1.1", "HTTP/1.1 ", "HTTP/1.1 abc", "HTTP/", "HTTP/1.1 -12"])
    func `a bad status is none`(line: String) { #expect(head(line).status <= 0) }

    @Test(
        arguments: [
            ([], 0), (["max-age=10"], 10), (["public, MAX-AGE=10"], 10), (["max-age=10", "no-store"], 0),
            (["no-cache, max-age=10"], 10), (["max-age=1, max-age=\"20\""], 20), (["max-age=10, no-cache=\"x\""], 0),
            (["max-age"], 0), (["max-age=-1"], 0), (["max-age=x, max-age=5"], 5), (["max-age = 7"], 7),
            (["max-age=99999999999999999999"], 2_147_483_648), (["s-maxage=10"], 0), (["max-age=5;x"], 0),
        ] as [([String], Int64)])
    func `cache control: the last directive wins`(values: [String], seconds: Int64) {
        #expect(maxAge(cacheControl: values) == seconds)
    }

    @Test(arguments: [
        "bytes 5-9", "bytes 5-9/", "bytes 9-5/10", "bytes -9/10", "5-9/10", "bytes 5-9/9", "bytes x-9/10", "bytes */10",
        "bytes 18446744073709551616-18446744073709551617/*", "", "items 5-9/10",
    ])
    func `no range`(text: String) { #expect(ContentRange(text) == nil) }

    @Test func `how to go on`() {
        #expect(Resumption(head("HTTP/1.1 206 x", "Content-Range: bytes 5-9/10"), offset: 5) == .goOn(total: 10))
        #expect(Resumption(head("HTTP/1.1 206 x", "Content-Range: bytes 5-9/*"), offset: 5) == .goOn(total: nil))
        #expect(Resumption(head("HTTP/1.1 206 x", "Content-Range: bytes 4-9/10"), offset: 5) == .restart)
        #expect(Resumption(head("HTTP/1.1 206 x"), offset: 5) == .restart)
        #expect(Resumption(head("HTTP/1.1 206 x", "Content-Range: bytes 0-9/10"), offset: 0) == .restart)
        #expect(Resumption(head("HTTP/1.1 200 x"), offset: 5) == .fromStart)
        #expect(Resumption(head("HTTP/1.1 416 x"), offset: 5) == .restart)
        #expect(Resumption(head("HTTP/1.1 416 x"), offset: 0) == .notTheFile)
        #expect(Resumption(head("HTTP/1.1 302 x"), offset: 0) == .notTheFile)
    }

    @Test func `only what is sure is a validator`() {
        let old = "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT"
        let now = "Date: Sun, 06 Nov 1994 08:49:37 GMT"
        let later = "Date: Sun, 06 Nov 1994 08:49:38 GMT"
        #expect(validator(of: head("HTTP/1.1 200 x", "ETag: \"a\"", old, later)) == "\"a\"")
        #expect(validator(of: head("HTTP/1.1 200 x", "ETag: W/\"a\"")) == nil)
        #expect(validator(of: head("HTTP/1.1 200 x", "ETag: W/\"a\"", old, later)) == "Sun, 06 Nov 1994 08:49:37 GMT")
        #expect(validator(of: head("HTTP/1.1 200 x", old, now)) == nil)
        #expect(validator(of: head("HTTP/1.1 200 x", old)) == nil)
        #expect(validator(of: head("HTTP/1.1 200 x", "Last-Modified: x", "Date: y")) == nil)
    }

    @Test func `certificates are taken out of what is around them`() {
        let text =
            "junk\n-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n-----BEGIN PRIVATE KEY-----\nx\n"
        #expect(
            Certificates.certificates(in: Array(text.utf8))
                == Array("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".utf8))
        #expect(Certificates.certificates(in: Array("-----BEGIN CERTIFICATE-----\nAAAA\n".utf8)) == [])
    }
}
