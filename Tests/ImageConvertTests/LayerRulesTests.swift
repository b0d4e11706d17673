import ImageArchive
import TestSupport
import Testing

@testable import ImageConvert

/// What layers make together; sizes tell versions of a file apart.
struct LayerRulesTests {
    @Test func `the upper file wins`() throws {
        #expect(try tree([.file("a", "1"), .file("b", "1")], [.file("a", "22")]) == ["/a 2", "/b 1"])
    }

    @Test func `the last one of a layer wins`() throws {
        #expect(try tree([.file("a", "1"), .file("a", "22"), .file("./a", "333")]) == ["/a 3"])
        #expect(try tree([.directory("a"), .file("a/x"), .file("a", "22")]) == ["/a 2"])
        #expect(try tree([.file("a", "1"), .directory("a"), .file("a/x")]) == ["/a/", "/a/x 0"])
    }

    @Test func `a whiteout removes what lower layers have`() throws {
        #expect(try tree([.file("a"), .file("b")], [.file(".wh.a")]) == ["/b 0"])
        #expect(
            try tree([.directory("d"), .directory("d/e"), .file("d/e/f"), .file("x")], [.file(".wh.d")]) == ["/x 0"])
        #expect(try tree([.file("d/x"), .file("d/y")], [.file("d/.wh.x")]) == ["/d/", "/d/y 0"])
        #expect(try tree([.file("a")], [.file(".wh.nothing"), .file("none/.wh.x")]) == ["/a 0"])
    }

    @Test(arguments: [true, false])
    func `a whiteout leaves what the same layer has`(isFirst: Bool) throws {
        func order(_ whiteout: TarEntry, _ others: [TarEntry]) -> [TarEntry] {
            isFirst ? [whiteout] + others : others + [whiteout]
        }
        #expect(try tree([.file("a", "1")], order(.file(".wh.a"), [.file("a", "22")])) == ["/a 2"])
        let lower: [TarEntry] = [.directory("d", mode: 0o700), .file("d/x", "1"), .file("d/e/y", "1")]
        #expect(try tree(lower, order(.file(".wh.d"), [.file("d/n", "22")])) == ["/d/", "/d/n 2"])
        #expect(try tree(lower, order(.file("d/.wh..wh..opq"), [.file("d/e/n")])) == ["/d/", "/d/e/", "/d/e/n 0"])
        // A directory that only the path of an entry mentions is a new one.
        let entries = try converted([lower, order(.file(".wh.d"), [.file("d/n")])]).entries
        #expect(entries.first { $0.path == "rootfs/d" }?.mode == 0o755)
        #expect(entries.first { $0.path == "rootfs/d" }?.modificationTime == 0)
        // One that is described keeps its description.
        let described = try converted([lower, order(.file(".wh.d"), [.directory("d", mode: 0o711)])]).entries
        #expect(described.first { $0.path == "rootfs/d" }?.mode == 0o711)
    }

    @Test func `an opaque directory has nothing of lower layers`() throws {
        let lower: [TarEntry] = [.directory("d", mode: 0o700), .file("d/x"), .directory("d/e"), .file("d/e/y")]
        #expect(try tree(lower, [.file("d/.wh..wh..opq")]) == ["/d/"])
        #expect(
            try tree(lower, [.file("d/e/.wh..wh..opq"), .file("d/e/z")]) == ["/d/", "/d/e/", "/d/e/z 0", "/d/x 0"])
        #expect(try tree(lower, [.file(".wh..wh..opq")]) == [])
        let entries = try converted([lower, [.file("d/.wh..wh..opq")]]).entries
        #expect(entries.first { $0.path == "rootfs/d" }?.mode == 0o700)
        // The layer above adds again.
        #expect(try tree(lower, [.file("d/.wh..wh..opq")], [.file("d/x", "1")]) == ["/d/", "/d/x 1"])
        // Not over a symlink: it is the directory of this layer that is opaque.
        #expect(
            try tree(
                [.file("e/kept"), .symlink("d", to: "e")], [.directory("d"), .file("d/.wh..wh..opq"), .file("d/new")])
                == ["/d/", "/d/new 0", "/e/", "/e/kept 0"])
    }

    @Test func `directories and other things replace each other`() throws {
        #expect(try tree([.directory("d"), .file("d/x")], [.file("d", "1")]) == ["/d 1"])
        #expect(try tree([.directory("d"), .file("d/x")], [.symlink("d", to: "e")]) == ["/d -> e"])
        #expect(try tree([.file("d", "1")], [.directory("d"), .file("d/x")]) == ["/d/", "/d/x 0"])
        #expect(try tree([.symlink("d", to: "e"), .file("e/x")], [.directory("d")]) == ["/d/", "/e/", "/e/x 0"])
        #expect(try tree([.file("d", "1")], [.file("d/x")]) == ["/d/", "/d/x 0"])
        #expect(try tree([.fifo("p")], [.device("p", 1, 3)], [.device("p", block: true, 8, 1)]) == ["/p b8,1"])
    }

    @Test func `a directory keeps what is in it`() throws {
        let entries = try converted([
            [.directory("d", mode: 0o700), .file("d/x")], [.directory("d", mode: 0o1777).with { $0.user = 5 }],
            [.file("d/y")],
        ]).entries
        let directory = entries.first { $0.path == "rootfs/d" }
        #expect(directory?.mode == 0o1777)
        #expect(directory?.user == 5)
        #expect(entries.contains { $0.path == "rootfs/d/x" })
    }

    @Test func `a hard link keeps its content`() throws {
        let lower: [TarEntry] = [.file("a", "1")]
        #expect(try tree(lower, [.hardLink("b", to: "a")]) == ["/a 1", "/b = /a"])
        #expect(try tree(lower, [.hardLink("b", to: "./a")], [.file(".wh.a")]) == ["/b 1"])
        #expect(try tree(lower, [.hardLink("b", to: "/a")], [.file("a", "22")]) == ["/a 2", "/b 1"])
        #expect(try tree([.file("z", "1")], [.hardLink("b", to: "z")]) == ["/b 1", "/z = /b"])
        #expect(
            try tree([.file("a", "1")], [.hardLink("b", to: "a")], [.hardLink("c", to: "b")], [.file(".wh.a")])
                == ["/b 1", "/c = /b"])
        #expect(try tree([.symlink("a", to: "x")], [.hardLink("b", to: "a")]) == ["/a -> x", "/b = /a"])
        #expect(try tree([.directory("d"), .file("d/f", "1")], [.hardLink("d", to: "d/f")]) == ["/d 1"])
        #expect(try tree(lower, [.hardLink("a", to: "a")]) == ["/a 1"])
    }

    @Test func `a hard link needs its target`() {
        #expect(
            sentence { _ = try tree([.hardLink("b", to: "a")]) }
                == "invalid layer: '/b' is a hard link to '/a', which is missing")
        #expect(
            sentence { _ = try tree([.directory("a"), .hardLink("b", to: "a")]) }
                == "invalid layer: '/b' is a hard link to the directory '/a'")
    }

    @Test func `symlinks on the way lead where they lead inside the image`() throws {
        let lower: [TarEntry] = [.directory("real"), .symlink("link", to: "real"), .file("real/x", "1")]
        #expect(try tree(lower, [.file("link/y")]) == ["/link -> real", "/real/", "/real/x 1", "/real/y 0"])
        #expect(try tree(lower, [.file("link/.wh.x")]) == ["/link -> real", "/real/"])
        #expect(
            try tree(lower, [.hardLink("z", to: "link/x")]) == ["/link -> real", "/real/", "/real/x 1", "/z = /real/x"])
        for target in ["/real", "../../../real", "./real/.", "other/../real", "/../real/"] {
            #expect(
                try tree([.directory("real"), .symlink("link", to: target)], [.file("link/y")])
                    == ["/link -> \(target)", "/real/", "/real/y 0"])
        }
        #expect(try tree([.symlink("l", to: "/etc")], [.file("l/passwd")]) == ["/etc/", "/etc/passwd 0", "/l -> /etc"])
        #expect(
            try tree([.symlink("a", to: "b"), .symlink("b", to: "c"), .directory("c")], [.file("a/x")])
                == ["/a -> b", "/b -> c", "/c/", "/c/x 0"])
    }

    @Test func `symlinks that lead in circles are an error`() {
        let lower: [TarEntry] = [.symlink("a", to: "b"), .symlink("b", to: "a")]
        #expect(
            sentence { _ = try tree(lower, [.file("a/x")]) } == "invalid layer: too many symlinks on the way to '/a'")
    }

    @Test func `missing directories are made`() throws {
        let entries = try converted([[.file("a/b/c")]]).entries
        let directory = entries.first { $0.path == "rootfs/a/b" }
        #expect(directory?.mode == 0o755)
        #expect(directory?.user == 0)
        #expect(directory?.modificationTime == 0)
    }

    @Test func `names cannot leave the image`() throws {
        #expect(
            try tree([.file("../x"), .file("/y"), .file("a/../../z"), .file("./w/./v//u")])
                == ["/w/", "/w/v/", "/w/v/u 0", "/x 0", "/y 0", "/z 0"])
    }

    @Test func `reserved names`() throws {
        #expect(
            try tree([.file("x")], [.file(".wh..wh.aufs"), .directory(".wh..wh.plnk"), .file(".wh..wh.plnk/1.2")]) == [
                "/x 0"
            ])
        for name in [".wh.", ".wh..", ".wh...", "d/.wh...", ".wh.d/x"] {
            let lower: [TarEntry] = [.directory("d"), .file("d/x"), .file("y")]
            #expect(sentence { _ = try tree(lower, [.file(name)]) } == "invalid layer: '/\(name)' is no valid whiteout")
        }
        // As it is below a directory: no whiteout.
        #expect(try tree([.file("x.wh.y")]) == ["/x.wh.y 0"])
        // A whiteout is what its name says, whatever it is.
        #expect(try tree([.file("x")], [.directory(".wh.x")]) == [])
    }

    @Test func `the root has the last description`() throws {
        let entries = try converted([[.directory("./", mode: 0o700)], [.directory("/", mode: 0o711)], []]).entries
        #expect(entries[0].path == "manifest")
        #expect(entries[1].path == "rootfs")
        #expect(entries[1].mode == 0o711)
        #expect(sentence { _ = try tree([.symlink("./", to: "/etc")]) } == "invalid layer: \"/\" is not a directory")
    }

    @Test func `empty layers`() throws {
        #expect(try tree([], [.file("x")], []) == ["/x 0"])
    }

    @Test func `standard links`() throws {
        let entries = try converted([[.file("dev/stdin", "mine")]]).entries.filter { $0.path.hasPrefix("rootfs/dev/") }
        #expect(entries.map(\.path) == ["fd", "stderr", "stdin", "stdout"].map { "rootfs/dev/\($0)" })
        #expect(entries[0].content == .symlink(target: "/proc/self/fd"))
        #expect(entries[1].content == .symlink(target: "/dev/console"))
        #expect(entries[2].content == .file)
        #expect(entries[3].content == .symlink(target: "/dev/console"))
        #expect(sentence { _ = try tree([.file("dev")]) } == "invalid layer: \"/dev\" is not a directory")
    }
}
