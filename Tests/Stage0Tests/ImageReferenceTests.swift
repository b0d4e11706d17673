import AppContainer
import ImageConvert
import SystemPackage
import TestSupport
import Testing

@testable import Stage0

@Suite struct ImageReferenceTests {
    @Test(arguments: [
        ("sha512-ab", ImageReference.hash("sha512-ab")),
        ("/srv/a.aci", .file("/srv/a.aci")),
        ("/srv/without-suffix", .file("/srv/without-suffix")),
        ("./a", .file("./a")),
        ("../images/a", .file("../images/a")),
        ("a.aci", .file("a.aci")),
        ("file:///srv/a.aci", .file("/srv/a.aci")),
        ("cimd:aci-archive:v=0:file%3A%2F%2F%2Fsrv%2Fa.aci", .file("/srv/a.aci")),
    ])
    func `a word is a hash or a file`(text: String, expected: ImageReference) throws {
        #expect(try ImageReference(parsing: text) == expected)
    }

    @Test(arguments: [
        "example.com/app", "example.com/app:1.0", "etcd:v2", "busybox", "sha512-x", "example.com/app,os=linux",
    ])
    func `other words are names`(text: String) throws {
        #expect(try ImageReference(parsing: text) == .name(ImageName(parsing: text)))
    }

    @Test(arguments: ["file:///srv/a.tar", "http://example.com/a", "file://a.aci"])
    func `URLs that end otherwise than images are refused`(text: String) {
        #expect(throws: ImageReferenceError.notAnArchive(text)) { try ImageReference(parsing: text) }
    }

    @Test(arguments: [
        ("https://example.com/a.aci", "https://example.com/a.aci", "https://example.com/a.aci.asc"),
        (
            "HTTPS://example.com:8443/b/a.aci?x=1", "https://example.com:8443/b/a.aci?x=1",
            "https://example.com:8443/b/a.aci.asc?x=1"
        ),
        (
            "cimd:aci-archive:v=0:http%3A%2F%2Fexample.com%2Fa.aci", "http://example.com/a.aci",
            "http://example.com/a.aci.asc"
        ),
    ])
    func `URLs of archives have their signature beside them`(text: String, printed: String, signature: String) throws {
        guard case .archive(let url) = try ImageReference(parsing: text) else { throw Trouble("no archive") }
        #expect(url.description == printed)
        #expect(url.signatureURL == signature)
    }

    @Test(arguments: [
        ("docker://redis", "registry-1.docker.io", "library/redis", "latest", "docker://redis"),
        ("docker:redis:6", "registry-1.docker.io", "library/redis", "6", "docker://redis:6"),
        ("docker://library/redis", "registry-1.docker.io", "library/redis", "latest", "docker://redis"),
        ("docker://docker.io/redis", "registry-1.docker.io", "library/redis", "latest", "docker://redis"),
        ("docker://index.docker.io/a/b:c", "registry-1.docker.io", "a/b", "c", "docker://a/b:c"),
        ("docker://quay.io/coreos/etcd:v3", "quay.io", "coreos/etcd", "v3", "docker://quay.io/coreos/etcd:v3"),
        ("docker://localhost:5000/x", "localhost:5000", "x", "latest", "docker://localhost:5000/x"),
        ("docker://localhost/x", "localhost", "x", "latest", "docker://localhost/x"),
        ("docker://[::1]:5000/x__y/a--b.c", "[::1]:5000", "x__y/a--b.c", "latest", "docker://[::1]:5000/x__y/a--b.c"),
        ("cimd:docker:v=0:busybox%3A1.36", "registry-1.docker.io", "library/busybox", "1.36", "docker://busybox:1.36"),
    ])
    func `references to registries`(text: String, host: String, repository: String, tag: String, printed: String) throws
    {
        guard case .registry(let reference) = try ImageReference(parsing: text) else { throw Trouble("no registry") }
        #expect(reference.host == host)
        #expect(reference.repository == repository)
        #expect(reference.tag == tag)
        #expect(reference.reference == tag)
        #expect(reference.description == printed)
        #expect(try ImageReference(parsing: printed) == .registry(reference))
    }

    @Test func `a digest wins over the tag, and there is none that nobody wrote`() throws {
        let digest = "sha256:" + String(repeating: "0a", count: 32)
        let plain = try RegistryReference(parsing: "redis@\(digest)")
        #expect((plain.tag, plain.digest, plain.reference) == (nil, digest, digest))
        #expect("\(plain)" == "docker://redis@\(digest)")
        let both = try RegistryReference(parsing: "quay.io/a:1@\(digest)")
        #expect((both.tag, both.reference) == ("1", digest))
        #expect("\(both)" == "docker://quay.io/a:1@\(digest)")
    }

    @Test(arguments: [
        "", "/", "//", ":", ":a", "@", "a:", "a@", "a@sha256:", "a@sha256:../../x", "Redis", "quay.io/Redis", "a/../b",
        "quay.io/..", "a//b", "a/", "-a", "a-", "a..b", "a___b", "a._b", "a:../b", "a:-x", "a:.x", "a:x y", "a b",
        "quay.io:0/a", "quay.io:99999/a", "quay.io:+1/a", "quay.io:/a", ".io/a", "q..io/a", "-q.io/a", "[::1/a",
        "user@quay.io/a", "quay.io/a@sha512:00", "é", "a?b", "a%2f..", "https://quay.io/a",
        String(repeating: "a", count: 256), "a:" + String(repeating: "t", count: 129),
    ])
    func `hostile references to registries are refused`(text: String) {
        #expect(throws: ImageReferenceError.self) { try RegistryReference(parsing: text) }
        #expect(throws: ImageReferenceError.self) { _ = try ImageReference(parsing: "docker://\(text)") }
    }

    @Test(
        arguments: [
            ("oci:/srv/a", LocalSource.layout("/srv/a", tag: nil)),
            ("oci:b:latest", .layout("b", tag: "latest")),
            ("oci-archive:a.tar:1:2", .layoutArchive("a.tar", tag: "1:2")),
            ("docker-archive:a.tar:busybox:1", .dockerArchive("a.tar", reference: "busybox:1")),
        ])
    func `images in files`(text: String, source: LocalSource) throws {
        let reference = try ImageReference(parsing: text)
        #expect(reference == .layout(source))
        #expect(reference.description == text)
    }

    @Test(arguments: [
        ("cimd:appc:v=0:example.com%2Fapp?version=1.0&os=linux", "example.com/app:1.0,os=linux"),
        ("cimd:appc:v=0:example.com%2Fapp?a=x+y%2C", "example.com/app,a=x y,"),
        ("cimd:appc:v=0:app", "app"),
    ])
    func `URIs of names`(text: String, printed: String) throws {
        guard case .name = try ImageReference(parsing: text) else { throw Trouble("no name") }
        #expect(try ImageReference(parsing: text).description == printed)
    }

    @Test(arguments: [
        ("cimd:", "malformed distribution uri \"cimd:\""), ("cimd:appc:v=0:", "malformed distribution uri"),
        ("cimd:appc:v=1:app", "malformed distribution uri"), ("cimd:appc:0:app", "malformed distribution uri"),
        ("cimd:appc:v=0:a%2", "malformed distribution uri"), ("cimd:appc:v=0:a%+1", "malformed distribution uri"),
        ("cimd:appc:v=0:a%00", "malformed distribution uri"), ("cimd:appc:v=0:a%ff", "malformed distribution uri"),
        ("cimd:tar:v=0:a", "unknown distribution type: \"tar\""),
        ("cimd:appc:v=0:a%2F..%2Fb", "name 'a/../b' has the element '..'"),
        ("cimd:aci-archive:v=0:ftp%3A%2F%2Fa%2Fb.aci", "an unsupported URL scheme \"ftp\""),
        ("cimd:aci-archive:v=0:b.aci", "an unsupported URL scheme \"\""),
        ("", "an image reference cannot be empty"), ("a\nb", "control character 0xa"),
        ("\u{1b}[2J", "control character 0x1b"), (String(repeating: "a", count: 10_000), "more than 4095 bytes"),
        ("example.com/../app:1", "has the element '..'"), ("example.com//app", "has the element ''"),
        ("Example.com/app", "contains 'E'"), (String(repeating: "a", count: 2000), "more than 1024 characters"),
        ("https:///a.aci", "there is no host"), ("https:a.aci", "there is no host"),
        ("https://u:p@example.com/a.aci", "belong in the configuration"), ("https://a/b#c.aci", "fragment"),
        ("https://a/ b.aci", "cannot contain ' '"), ("https://:80/b.aci", "there is no host"),
        ("oci:", ""), ("oci:a:", ""),
        ("oci::a", ""),
    ])
    func `what is no reference says why`(text: String, words: String) {
        let error = #expect(throws: (any Error).self) { try ImageReference(parsing: text) }
        let message = error.map { "\($0)" } ?? ""
        #expect(message.utf8.count < 6000)
        #expect(contains(message, words), "\(message)")
    }

    private func contains(_ text: String, _ part: String) -> Bool {
        text.indices.contains { text[$0...].hasPrefix(part) }
    }

    @Test func `names get the labels of this machine`() throws {
        let image = try ImageName(parsing: "app:1").forThisMachine()
        #expect(image.labels["os"] == "linux")
        #expect(image.labels["arch"] == Platform.hostArchitecture)
        #expect(try ImageName(parsing: "app,os=linux,arch=s390x").forThisMachine().labels["arch"] == "s390x")
        #expect(throws: ManifestError.self) { try ImageName(parsing: "app,os=plan9").forThisMachine() }
    }

    @Test func `a first segment with a colon that is no scheme is refused as Go does`() {
        #expect(throws: ImageReferenceError.colonInFirstSegment("9front:1")) { try ImageReference(parsing: "9front:1") }
    }
}
