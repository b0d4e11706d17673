import FetchInterface
import Testing

@testable import ImageFetch

@Suite struct DiscoveryTagTests {
    @Test(arguments: [
        #"<meta name="ac-discovery" content="a b">"#, #"<META NAME='AC-Discovery' CONTENT='a b' />"#,
        #"<meta content="a b" name=ac-discovery>"#, #"<meta name = "ac-discovery" content = "a b" name="x">"#,
        "<meta\n\tname=\"ac-discovery\"\r\ncontent=\"a b\"\n>",
        #"<meta charset=utf8/><meta name=ac-discovery content="a b"/>"#,
        #"<!DOCTYPE html><html><head><title>x < y <meta name="ac-discovery" content="no"></title><meta name=ac-discovery content="a b">"#,
        #"<!-- <meta name="ac-discovery" content="no"> --><meta name="ac-discovery" content="a b">"#,
        #"<script>"<meta name='ac-discovery' content='no'>"</script><meta name=ac-discovery content="a b">"#,
        #"<meta name=ac-discovery content="a&#32;b"><meta name="ac-discovery" content="a b">"#,
        #"</p><a <b><meta =x "" name="ac-discovery" content="a b""#,
        #"<meta name="ac-discovery" content="a b"></head><meta name="ac-discovery" content="no">"#,
        #"<meta name="ac-discovery" content="a b"><body><meta name="ac-discovery" content="no">"#,
    ])
    func `tags are found however they are written`(page: String) {
        let tags = metaTags(in: Array(page.utf8)).filter { $0.name == "ac-discovery" }
        #expect(tags.last == MetaTag(name: "ac-discovery", content: "a b"))
        #expect(!tags.contains { $0.content == "no" })
    }

    @Test(arguments: [
        "", "<", "<meta", "<meta name", "<meta name=", "<meta name=\"", "<meta name='x' content=\"", "<!--", "<!---->",
        "<script>",
        "<script></scrip", "<meta name=ac-discovery content", "</", "<>", "< meta name=ac-discovery content=x>",
        "<meta/", "<=",
    ])
    func `pages that end too early have no tags`(page: String) {
        #expect(metaTags(in: Array(page.utf8)).filter { !$0.content.isEmpty }.isEmpty)
    }

    @Test func `any bytes are read in a time that grows with their number`() {
        for seed in [
            "<", "<meta ", "<!--", "<script></", "<meta name=a content=b>", "<a b='",
            "&amp;<meta name='x' content='&&&",
        ] {
            let page = Array(String(repeating: seed, count: (256 << 10) / seed.utf8.count).utf8)
            let start = ContinuousClock.now
            #expect(metaTags(in: page).count <= 1_000)
            #expect(ContinuousClock.now - start < .seconds(20))
        }
        let alphabet = Array("<>/=\"'!-metaname content&;a\u{0}\n".utf8)
        var state: UInt64 = 1
        for _ in 0..<2_000 {
            let page = (0..<200).map { _ in
                state = state &* 6_364_136_223_846_793_005 &+ 1
                return alphabet[Int(state >> 33) % alphabet.count]
            }
            _ = metaTags(in: page)
        }
    }

    private func tags(_ contents: String..., name: String = "example.com/app") -> DiscoveryTags {
        DiscoveryTags(
            contents.map { MetaTag(name: "ac-discovery", content: $0) }, name: name,
            labels: [("os", "linux"), ("arch", "amd64"), ("version", "1.0")])
    }

    @Test func `templates are filled`() {
        #expect(
            tags("example.com https://s.example/{os}/{arch}/{name}-{version}.{ext}").endpoints == [
                Endpoint(
                    archiveURL: "https://s.example/linux/amd64/example.com/app-1.0.aci",
                    signatureURL: "https://s.example/linux/amd64/example.com/app-1.0.aci.asc")
            ])
    }

    @Test func `every endpoint counts, in the order of the page`() {
        let endpoints = tags("example.com https://a/{ext}", "example.com/app https://b/{ext}").endpoints
        #expect(endpoints.map(\.archiveURL) == ["https://a/aci", "https://b/aci"])
    }

    @Test(arguments: [
        "example.com https://a/{unknown}.{ext}", "example.com https://a/{name", "example.com https://a/name}",
        "example.com https://a/{{name}}", "example.com https://a/{}", "example.com ftp://a/{ext}",
        "example.com /a/{ext}",
        "example.com", "example.com https://a/{ext} x", "", "other.com https://a/{ext}",
        "example.com/ap https://a/{ext}",
        "example.co https://a/{ext}", "example.com/app/more https://a/{ext}", "/ https://a/{ext}",
        "example.com//  https://a/{ext}",
    ])
    func `what does not fit is left out`(content: String) { #expect(tags(content).endpoints == []) }

    @Test func `prefixes end where path elements end`() {
        #expect(isPathPrefix("example.com/app", of: "example.com/app"))
        #expect(isPathPrefix("example.com/app/", of: "example.com/app/x"))
        #expect(!isPathPrefix("example.com/app", of: "example.com/app-other"))
        #expect(!isPathPrefix("", of: "example.com"))
    }

    @Test func `values cannot leave their place`() {
        let labels = [
            (name: "version", value: "1/../..?x=#y z{os}"), (name: "ext", value: "sh"), (name: "name", value: "x"),
        ]
        #expect(
            filled("https://a/{version}.{ext}/{name}", name: "n", labels: labels, fileExtension: "aci")
                == "https://a/1/../..%3Fx=%23y%20z%7Bos%7D.aci/n")
        #expect(filled("https://a/{version}", name: "n", labels: [], fileExtension: "aci") == "https://a/latest")
    }

    @Test func `keys have no templates`() {
        let tags = DiscoveryTags(
            [
                MetaTag(name: "ac-discovery-pubkeys", content: "example.com https://a/{name}.gpg"),
                MetaTag(name: "ac-discovery-pubkeys", content: "example.com https://a/k.gpg"),
                MetaTag(name: "ac-discovery-pubkeys", content: "example.com file:///etc/passwd"),
                MetaTag(name: "ac-discovery-pubkeys", content: "example.com/ap https://a/k.gpg"),
            ], name: "example.com/app", labels: [])
        #expect(tags.publicKeys == ["https://a/{name}.gpg", "https://a/k.gpg"])
    }
}
