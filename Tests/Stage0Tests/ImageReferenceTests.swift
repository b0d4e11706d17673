import AppContainer
import Stage0
import SystemPackage
import Testing

@Suite struct ImageReferenceTests {
    @Test(arguments: [
        ("sha512-ab", ImageReference.hash("sha512-ab")),
        ("/srv/a.aci", .file("/srv/a.aci")),
        ("/srv/without-suffix", .file("/srv/without-suffix")),
        ("./a", .file("./a")),
        ("../images/a", .file("../images/a")),
        ("a.aci", .file("a.aci")),
        ("file:///srv/a.aci", .file("/srv/a.aci")),
        ("https://example.com/a.aci", .remote("https://example.com/a.aci")),
        ("docker://busybox", .remote("docker://busybox")),
        ("docker:busybox", .remote("docker:busybox")),
    ])
    func `a word is a hash, a file or something to download`(text: String, expected: ImageReference) throws {
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

    @Test func `a first segment with a colon that is no scheme is refused as Go does`() {
        #expect(throws: ImageReferenceError.colonInFirstSegment("9front:1")) { try ImageReference(parsing: "9front:1") }
    }
}
