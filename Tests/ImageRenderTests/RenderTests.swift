import AppContainer
import Glibc
import ImageRender
import ImageStore
import LinuxSystem
import SystemPackage
import TestSupport
import Testing

@Suite(.enabled(if: Requirements.root, "needs root")) struct RenderTests {
    let fixture: Fixture

    init() throws { fixture = try Fixture() }

    @Test(arguments: Packing.allCases)
    func `everything of an entry is kept, whatever the compression`(packing: Packing) throws {
        let capability: [UInt8] = [1, 0, 0, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
        let root = try fixture.render(
            plain()
                .directory("/d", mode: 0o1777)
                .entry(
                    .file("rootfs/d/setuid", "s", mode: 0o4755)
                        .with { ($0.user, $0.group) = (4_294_967_294, 65534) }
                )
                .entry(.file("rootfs/d/f", "f").attribute("user.colour", [1, 2]))
                .entry(.file("rootfs/d/cap", "c").attribute("security.capability", capability))
                .entry(.file("rootfs/d/odd", "o").attribute("trusted.x", [1]).attribute("user.overlay.opaque", [121]))
                .hardLink("/d/again", to: "/d/f").symlink("/d/link", to: "../../../etc/passwd")
                .entry(.device("rootfs/null", 1, 3)).entry(.fifo("rootfs/fifo"))
                .entry(.directory("rootfs/old", mode: 0o700).with { $0.time = 12 }).file("/old/new"),
            packing)

        #expect(
            try fixture.describe(root) == [
                " 40755 0:0 1500000000000000000", "/d 41777 0:0 1500000000000000000",
                "/d/again 100644 0:0 1500000000000000000 2 f", "/d/cap 100644 0:0 1500000000000000000 1 c",
                "/d/f 100644 0:0 1500000000000000000 2 f",
                "/d/link 120777 0:0 1500000000000000000 -> ../../../etc/passwd",
                "/d/odd 100644 0:0 1500000000000000000 1 o",
                "/d/setuid 104755 4294967294:65534 1500000000000000000 1 s",
                "/fifo 10644 0:0 1500000000000000000 (major: 0, minor: 0)",
                "/null 20666 0:0 1500000000000000000 (major: 1, minor: 3)", "/old 40700 0:0 12000000000",
                "/old/new 100644 0:0 1500000000000000000 1 ",
            ])
        #expect(attribute("user.colour", of: root.appending("d/f")) == [1, 2])
        #expect(attribute("security.capability", of: root.appending("d/cap")) == capability)
        #expect(attribute("trusted.x", of: root.appending("d/odd")) == nil)
        #expect(attribute("user.overlay.opaque", of: root.appending("d/odd")) == nil)
    }

    @Test func `the last of several entries of one path wins`() throws {
        let root = try fixture.render(
            plain()
                .file("/a", "first").file("/a", "second")
                .file("/b", "file").directory("/b").file("/b/x", "inside")
                .directory("/c").file("/c/x").file("/c", "now a file")
                .symlink("/d", to: "c").directory("/d").file("/d/x", "own")
                .file("/e", "file").file("/e/x", "below a file"))
        #expect(try readText(root.appending("a")) == "second")
        #expect(try readText(root.appending("b/x")) == "inside")
        #expect(try readText(root.appending("c")) == "now a file")
        #expect(try readText(root.appending("d/x")) == "own")
        #expect(try readText(root.appending("e/x")) == "below a file")
    }

    @Test func `nothing lands outside the tree`() throws {
        let out = fixture.path.appending("outside").string
        try TestSupport.makeDirectories(FilePath(out))
        try writeText("host", to: FilePath(out).appending("victim"))
        let root = try fixture.render(
            plain()
                .symlink("/abs", to: out).file("/abs/planted", "x")
                .symlink("/up", to: "../../../../../../../../../../../..\(out)").file("/up/planted2", "x")
                .symlink("/final", to: "\(out)/victim").file("/final", "replaced")
                .entry(.file("rootfs/../../../dots", "in")).entry(.file("/rootfs/slash", "in"))
                .hardLink("/hard", to: "/../../slash")
                .symlink("/loop", to: "loop").file("/loop/x", "in a directory"))
        #expect(try entries(of: FilePath(out)) == ["victim"])
        #expect(try readText(FilePath(out).appending("victim")) == "host")
        #expect(try readText(root.appending("final")) == "replaced")
        #expect(try readText(root.appending("dots")) == "in")
        #expect(try readText(root.appending("hard")) == "in")
        #expect(try readText(root.appending("loop/x")) == "in a directory")
    }

    @Test func `a file below a symlink lands where the image's own link leads`() throws {
        let root = try fixture.render(
            plain().directory("/usr").directory("/usr/bin").symlink("/bin", to: "/usr/bin").file("/bin/sh", "shell"))
        #expect(try readText(root.appending("usr/bin/sh")) == "shell")
        #expect(try link(root.appending("bin")) == "/usr/bin")
    }

    @Test func `missing parents are made the same way every time`() throws {
        let root = try fixture.render(plain().withoutRoot().file("/a/b/c", "x"))
        #expect(
            try fixture.describe(root) == [
                " 40755 0:0 0", "/a 40755 0:0 0", "/a/b 40755 0:0 0", "/a/b/c 100644 0:0 1500000000000000000 1 x",
            ])
    }

    @Test func `hard links may come before their targets`() throws {
        let root = try fixture.render(
            plain().hardLink("/a", to: "/b").hardLink("/b", to: "/c").hardLink("/x/y", to: "/a").file("/c", "content"))
        for name in ["a", "b", "c", "x/y"] {
            #expect(try readText(root.appending(name)) == "content")
            #expect(try FileFacts(root.appending(name)).links == 4)
        }
    }

    @Test func `a hard link to a symlink is the symlink`() throws {
        let root = try fixture.render(plain().symlink("/s", to: "/etc/shadow").hardLink("/h", to: "/s"))
        #expect(try link(root.appending("h")) == "/etc/shadow")
    }

    @Test(arguments: [
        ("/nowhere", "'/a' is a hard link to '/nowhere', which does not exist"),
        ("/d", "'/a' is a hard link to '/d', which is a directory"),
        ("/b", "'/a' is a hard link to '/b', which does not exist"),
    ])
    func `hard links to nothing and to directories are refused`(target: String, reason: String) throws {
        let id = try fixture.add(plain().directory("/d").hardLink("/a", to: target).hardLink("/b", to: "/a"))
        #expect(sentence { try fixture.trees.render(id) } == "unpacking image '\(id)': \(reason)")
        #expect(try entries(of: fixture.cas.appending("tree")) == [])
        #expect(try entries(of: fixture.cas.appending("seals")) == [])
    }

    @Test func `upper images win, whatever the kinds`() throws {
        try fixture.add(
            plain("example.com/lower").file("/both", "lower").file("/lower", "lower").directory("/dir").file(
                "/dir/x", "x"
            )
            .file("/file", "x").entry(.directory("rootfs/mode", mode: 0o700)))
        let root = try fixture.render(
            plain("example.com/upper").dependency("example.com/lower").file("/both", "upper").file("/dir", "now a file")
                .directory("/file").entry(.directory("rootfs/mode", mode: 0o755)))
        #expect(try readText(root.appending("both")) == "upper")
        #expect(try readText(root.appending("lower")) == "lower")
        #expect(try readText(root.appending("dir")) == "now a file")
        #expect(try FileFacts(root.appending("file")).kind == 0o040000)
        #expect(try FileFacts(root.appending("mode")).permissions == 0o755)
    }

    @Test func `an image's own list leaves out files, a list above leaves out directories too`() throws {
        let files = plain("example.com/lower").file("/a/kept", "k").file("/a/left", "l").directory("/b").file("/c", "c")
        try fixture.add(files)
        let own = try fixture.render(files.pathWhitelist(["/a/kept"]))
        #expect(try fixture.describe(own).map { $0.prefix { $0 != " " } } == ["", "/a", "/a/kept", "/b"])
        let above = try fixture.render(
            plain("example.com/upper").dependency("example.com/lower").file("/u").pathWhitelist(["/a/kept", "/u"]))
        #expect(try fixture.describe(above).map { $0.prefix { $0 != " " } } == ["", "/a", "/a/kept", "/u"])
    }

    @Test func `a link outlives a target that the list leaves out`() throws {
        let root = try fixture.render(
            plain().file("/original", "content").hardLink("/b", to: "/original").hardLink("/c", to: "/b")
                .pathWhitelist(["/b", "/c"]))
        #expect(try entries(of: root) == ["b", "c"])
        #expect(try readText(root.appending("c")) == "content")
        #expect(try FileFacts(root.appending("b")).links == 2)
    }

    @Test func `a missing dependency is named`() throws {
        let id = try fixture.add(plain().dependency("example.com/nowhere", labels: [("version", "1")]))
        let text = sentence { try fixture.trees.render(id) }
        #expect(text.hasPrefix("image '\(id)' depends on 'example.com/nowhere:1', which is not in the store"))
    }

    @Test func `a changed archive is not unpacked`() throws {
        let id = try fixture.add(plain().file("/a", "content"))
        let blob = fixture.store.blobPath(of: id)
        let bytes = try readBytes(blob)
        let place = try #require(bytes.indices.first { bytes[$0...].starts(with: "content".utf8) })
        var changed = bytes
        changed[place] = UInt8(ascii: "X")
        try writeBytes(changed, to: blob)
        #expect(throws: ImageRenderError.blobChanged(id)) { try fixture.trees.render(id) }
    }

    @Test func `a hole stays a hole`() throws {
        let image = plain().entry(.file("rootfs/hole").with { $0.content = .zeros(8 << 20) })
        let root = try fixture.render(image)
        #expect(try FileStatus(of: root.appending("hole")).blocks == 0)
        #expect(try FileFacts(root.appending("hole")).size == 8 << 20)
        let copy = try fixture.emptyDirectory("copy")
        try copyTree(from: Descriptor.open(root, [.directory]), to: copy)
        #expect(try FileStatus(of: fixture.path.appending("copy/hole")).blocks == 0)
        #expect(try FileFacts(fixture.path.appending("copy/hole")).size == 8 << 20)
    }

    @Test func `a copy is equal to its source`() throws {
        let root = try fixture.render(
            plain().directory("/d", mode: 0o1711).file("/d/f", String(repeating: "x", count: 300_000), mode: 0o4755)
                .hardLink("/h", to: "/d/f").symlink("/s", to: "/etc/passwd").entry(.device("rootfs/null", 1, 3))
                .entry(.fifo("rootfs/fifo")).entry(.file("rootfs/x", "x").attribute("user.a", [7])))
        let copy = try fixture.emptyDirectory("copy")
        try copyTree(from: Descriptor.open(root, [.directory]), to: copy)
        #expect(try fixture.describe(fixture.path.appending("copy")) == fixture.describe(root))
        #expect(attribute("user.a", of: fixture.path.appending("copy/x")) == [7])
    }

    @Test func `an image is unpacked with and without what it depends on`() throws {
        try fixture.add(plain("example.com/lower").file("/lower"))
        let id = try fixture.add(plain().dependency("example.com/lower").file("/upper").pathWhitelist(["/lower"]))
        let alone = try fixture.emptyDirectory("alone")
        try extractImage(id, from: fixture.store, to: alone)
        #expect(try entries(of: fixture.path.appending("alone")) == ["upper"])
        let whole = try fixture.emptyDirectory("whole")
        try renderImage(id, from: fixture.store, to: whole)
        #expect(try entries(of: fixture.path.appending("whole")) == ["lower"])
    }
}
