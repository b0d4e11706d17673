import AppContainer
import CLinux
import Glibc
import LinuxSystem
import SystemPackage
import TestSupport
import Testing

@testable import ImageRender

@Suite(.enabled(if: Requirements.root, "needs root")) struct SealTests {
    let fixture: Fixture
    let image: ImageID
    let tree: TreeID
    let root: FilePath

    init() throws {
        fixture = try Fixture()
        image = try fixture.add(
            plain().directory("/d").file("/d/f", "content").file("/d/g").symlink("/d/s", to: "f").directory("/d/e")
                .hardLink("/h", to: "/d/f").entry(.device("rootfs/null", 1, 3)).file("/x/y/z", "deep"))
        tree = try fixture.trees.render(image)
        root = fixture.trees.rootFileSystem(of: tree)
    }

    private func refusal(_ path: String, _ what: Change) -> ImageRenderError {
        .changed(path: path, what: what, in: tree)
    }

    @Test func `a tree that nobody touched passes, fast and in full`() throws {
        try fixture.trees.verifySeal(of: tree)
        try fixture.trees.verifyFully(of: tree)
        let sealed = try readBytes(fixture.cas.appending("seals/\(tree)"))
        try fixture.trees.verifySeal(of: tree)
        #expect(try readBytes(fixture.cas.appending("seals/\(tree)")) == sealed)
    }

    @Test func `a changed file with its old size and time is refused`() throws {
        let file = root.appending("d/f")
        let before = try FileFacts(file)
        let descriptor = open(file.string, O_WRONLY)
        #expect(write(descriptor, "CONTENT", 7) == 7)
        close(descriptor)
        setTimes(file, modification: before.modificationTime)
        #expect(try FileFacts(file) == before)
        #expect(throws: refusal("/d/f", .content)) { try fixture.trees.verifySeal(of: tree) }
        #expect(
            sentence { try fixture.trees.verifySeal(of: tree) }
                == "'/d/f' in tree '\(tree)' was changed after the image was rendered; "
                + "'rkt image verify' renders the image again")
    }

    @Test func `everything about an entry is looked at`() throws {
        func check(_ path: String, _ what: Change, _ change: () throws -> Void, undo: () throws -> Void) throws {
            try change()
            #expect(throws: refusal(path, what)) { try fixture.trees.verifySeal(of: tree) }
            #expect(throws: refusal(path, what)) { try fixture.trees.verifyFully(of: tree) }
            try undo()
            try fixture.trees.verifySeal(of: tree)
        }
        let file = root.appending("d/f").string
        try check("/d/f", .mode, { chmod(file, 0o4644) }, undo: { chmod(file, 0o644) })
        try check("/d/f", .owner, { chown(file, 1, 0) }, undo: { chown(file, 0, 0) })
        try check(
            "/d", .mode, { chmod(root.appending("d").string, 0o777) },
            undo: { chmod(root.appending("d").string, 0o755) })
        try check(
            "/x/y/z", .extendedAttributes,
            { _ = clinux_lsetxattr(root.appending("x/y/z").string, "user.a", "b", 1, 0) },
            undo: {
                unlink(root.appending("x/y/z").string)
                try writeText("deep", to: root.appending("x/y/z"))
            })
        try check("/d/f", .size, { truncate(file, 3) }, undo: { try writeText("content", to: root.appending("d/f")) })
        try check(
            "/d/new", .unexpected, { try writeText("", to: root.appending("d/new")) },
            undo: { unlink(root.appending("d/new").string) })
        try check(
            "/d/e/new", .unexpected, { try writeText("", to: root.appending("d/e/new")) },
            undo: { unlink(root.appending("d/e/new").string) })
        try check(
            "/d/g", .missing, { unlink(root.appending("d/g").string) },
            undo: { try writeText("", to: root.appending("d/g")) })
        try check(
            "/d/s", .content,
            {
                unlink(root.appending("d/s").string)
                symlink("g", root.appending("d/s").string)
            },
            undo: {
                unlink(root.appending("d/s").string)
                symlink("f", root.appending("d/s").string)
            })
        try check(
            "/d/e", .kind,
            {
                rmdir(root.appending("d/e").string)
                symlink("/etc", root.appending("d/e").string)
            },
            undo: {
                unlink(root.appending("d/e").string)
                mkdir(root.appending("d/e").string, 0o755)
                chmod(root.appending("d/e").string, 0o755)
            })
        try check(
            "/null", .size,
            {
                unlink(root.appending("null").string)
                _ = clinux_mknodat(CInt(CLINUX_AT_FDCWD), root.appending("null").string, 0o020666, clinux_makedev(1, 5))
                chmod(root.appending("null").string, 0o666)
            },
            undo: {
                unlink(root.appending("null").string)
                _ = clinux_mknodat(CInt(CLINUX_AT_FDCWD), root.appending("null").string, 0o020666, clinux_makedev(1, 3))
                chmod(root.appending("null").string, 0o666)
            })
    }

    @Test func `a tree restored from a backup passes, and the seal is brought up to date`() throws {
        try TestSupport.makeDirectories(fixture.path.appending("backup"))
        try copyTree(
            from: Descriptor.open(root, [.directory]),
            to: Descriptor.open(fixture.path.appending("backup"), [.directory]))
        TestSupport.removeTree(root)
        rename(fixture.path.appending("backup").string, root.string)
        let old = try readBytes(fixture.cas.appending("seals/\(tree)"))
        try fixture.trees.verifySeal(of: tree)
        let new = try readBytes(fixture.cas.appending("seals/\(tree)"))
        #expect(new != old)
        try fixture.trees.verifySeal(of: tree)
        #expect(try readBytes(fixture.cas.appending("seals/\(tree)")) == new)
        try fixture.trees.verifyFully(of: tree)
        #expect(try entries(of: fixture.cas.appending("seals")) == ["\(tree)"])
    }

    @Test func `a mount in the tree is refused`() throws {
        // Mounts are made by a program of its own: the test process has threads.
        let mounted = try Command("/bin/mount", ["-t", "tmpfs", "tmpfs", root.appending("d/e").string]).run()
        try #require(mounted.status == 0)
        defer { umount2(root.appending("d/e").string, CInt(MNT_DETACH)) }
        #expect(throws: ImageRenderError.self) { try fixture.trees.verifySeal(of: tree) }
    }

    @Test func `a damaged, cut, foreign or missing seal is refused`() throws {
        let path = fixture.cas.appending("seals/\(tree)")
        let good = try readBytes(path)
        for place in stride(from: 0, to: good.count, by: 7) where !(12..<16).contains(place) {
            var bad = good
            bad[place] ^= 0x41
            try writeBytes(bad, to: path)
            #expect(throws: ImageRenderError.self) { try fixture.trees.verifySeal(of: tree) }
        }
        for length in [0, 1, 127, 128, 200, good.count - 8, good.count - 1] {
            try writeBytes(Array(good.prefix(length)), to: path)
            #expect(throws: ImageRenderError.self) { try fixture.trees.verifySeal(of: tree) }
        }
        try writeBytes(good + [0], to: path)
        #expect(throws: ImageRenderError.sealDamaged(tree)) { try fixture.trees.verifySeal(of: tree) }
        let other = try fixture.trees.render(try fixture.add(plain("example.com/other")))
        try writeBytes(try readBytes(fixture.cas.appending("seals/\(other)")), to: path)
        #expect(throws: ImageRenderError.sealDamaged(tree)) { try fixture.trees.verifySeal(of: tree) }
        unlink(path.string)
        #expect(throws: ImageRenderError.sealMissing(tree)) { try fixture.trees.verifySeal(of: tree) }
    }

    @Test func `a hash that was changed with the tree is refused in full`() throws {
        try writeText("sha512-" + String(repeating: "0", count: 64), to: fixture.cas.appending("tree/\(tree)/hash"))
        #expect(throws: ImageRenderError.sealDamaged(tree)) { try fixture.trees.verifyFully(of: tree) }
    }

    @Test func `the same image always gets the same hash`() throws {
        let first = try readText(fixture.cas.appending("tree/\(tree)/hash"))
        #expect(try fixture.trees.render(image, rebuilding: true) == tree)
        #expect(try readText(fixture.cas.appending("tree/\(tree)/hash")) == first)
        try fixture.trees.verifyFully(of: tree)
    }

    @Test func `a tree can be looked at in two parts, cut anywhere`() throws {
        let seal = try Descriptor.open(fixture.cas.appending("seals/\(tree)"))
        let top = try Descriptor.open(root, [.directory, .path])
        let count = try #require(try SealReader(seal.duplicate(), of: tree).header).recordCount
        #expect(count == 11)
        for middle in 0...count {
            #expect(try QuickSealCheck.check(tree, seal, top, 0..<middle))
            #expect(try QuickSealCheck.check(tree, seal, top, middle..<count))
        }
        // One file is changed; it is in one of the parts.
        chmod(root.appending("d/g").string, 0o600)
        for middle in 0...count {
            let parts = [
                try QuickSealCheck.check(tree, seal, top, 0..<middle),
                try QuickSealCheck.check(tree, seal, top, middle..<count),
            ]
            #expect(parts.filter { !$0 }.count == 1)
        }
    }
}
