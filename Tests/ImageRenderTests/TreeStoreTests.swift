import AppContainer
import Glibc
import ImageRender
import ImageStore
import LinuxSystem
import SystemPackage
import TestSupport
import Testing

@Suite(.enabled(if: Requirements.root, "needs root")) struct TreeStoreTests {
    let fixture: Fixture

    init() throws { fixture = try Fixture() }

    @Test func `a tree is made once and then found`() throws {
        let id = try fixture.add(plain().file("/a", "x"))
        #expect(!fixture.trees.isRendered(try fixture.trees.treeID(of: id)))
        let tree = try fixture.trees.render(id)
        let inode = try FileFacts(fixture.trees.rootFileSystem(of: tree)).inode
        #expect(try fixture.trees.render(id) == tree)
        #expect(try FileFacts(fixture.trees.rootFileSystem(of: tree)).inode == inode)
        #expect(try fixture.trees.list() == [tree])
        #expect(
            try entries(of: fixture.cas.appending("tree/\(tree)")) == [
                "hash", "image", "manifest", "rendered", "rootfs",
            ])
        #expect(try readText(fixture.cas.appending("tree/\(tree)/image")) == "\(id)")
    }

    @Test func `only root can look into trees and seals`() throws {
        let tree = try fixture.trees.render(try fixture.add(plain()))
        for name in ["tree", "tree/\(tree)", "seals"] {
            #expect(try FileFacts(fixture.cas.appending(name)).permissions == 0o700)
        }
        #expect(try FileFacts(fixture.cas.appending("seals/\(tree)")).permissions == 0o600)
    }

    @Test func `the size counts a file with two names once`() throws {
        let tree = try fixture.trees.render(
            try fixture.add(plain().file("/a", "12345").hardLink("/b", to: "/a").file("/c", "12")))
        #expect(try fixture.trees.size(of: tree) == 7)
        #expect(try fixture.store.list().map(\.treeSize) == [7])
    }

    @Test func `the size of an image counts all its trees, and none that is gone`() throws {
        let id = try fixture.add(plain().dependency("example.com/base").file("/a", "12345"))
        let base = try fixture.add(ACIBuilder(name: "example.com/base").file("/b", "1"))
        let first = try fixture.trees.render(id)
        try fixture.store.remove(base)
        _ = try fixture.add(ACIBuilder(name: "example.com/base").file("/b", "123"))
        let second = try fixture.trees.render(id)

        #expect(first != second)
        #expect(fixture.trees.image(of: first) == id)
        #expect(try fixture.store.info(of: id).treeSize == 14)
        #expect(try fixture.trees.collectGarbage(keeping: [second]) == [first])
        #expect(try fixture.store.info(of: id).treeSize == 8)
        try fixture.trees.remove(second)
        #expect(try fixture.store.info(of: id).treeSize == 0)
    }

    @Test func `a tree without its mark or its seal is made anew`() throws {
        let id = try fixture.add(plain().file("/a", "x"))
        let tree = try fixture.trees.render(id)
        for part in ["tree/\(tree)/rendered", "seals/\(tree)"] {
            unlink(fixture.cas.appending(part).string)
            #expect(!fixture.trees.isRendered(tree))
            try fixture.trees.render(id)
            try fixture.trees.verifyFully(of: tree)
        }
    }

    @Test func `garbage collection keeps what is used and what is being made`() throws {
        let (a, b) = (try fixture.add(plain().file("/a")), try fixture.add(plain().file("/b")))
        let (used, unused) = (try fixture.trees.render(a), try fixture.trees.render(b))
        let trees = fixture.cas.appending("tree")
        for name in [".tmp-dead", ".tmp-alive"] {
            try TestSupport.makeDirectories(trees.appending(name).appending("rootfs/x"))
        }
        try writeText("", to: fixture.cas.appending("seals/deps-sha512-\(String(repeating: "0", count: 64))"))
        let maker = try Descriptor.open(trees.appending(".tmp-alive"), [.directory])
        try maker.lock(.exclusive)

        #expect(try fixture.trees.collectGarbage(keeping: [used]) == [unused])
        #expect(try entries(of: trees) == [".tmp-alive", "\(used)"])
        #expect(try entries(of: fixture.cas.appending("seals")) == ["\(used)"])
        try fixture.trees.verifySeal(of: used)
        #expect(throws: ImageRenderError.notRendered(unused)) { try fixture.trees.verifySeal(of: unused) }
        try maker.unlock()
        _ = try fixture.trees.collectGarbage(keeping: [])
        #expect(try entries(of: trees) == [])
    }

    @Test func `a failure leaves nothing behind`() throws {
        let id = try fixture.add(plain().file("/a", "x").hardLink("/b", to: "/nowhere"))
        #expect(throws: (any Error).self) { try fixture.trees.render(id) }
        #expect(try entries(of: fixture.cas.appending("tree")) == [])
        #expect(try fixture.trees.collectGarbage(keeping: []) == [])
    }

    @Test func `a tree from before a crash of the machine is read once, and made anew where it is damaged`() throws {
        let id = try fixture.add(plain().file("/a", "x").file("/b", "y"))
        let tree = try fixture.trees.render(id)
        let mark = fixture.cas.appending("tree/\(tree)/rendered")
        let inode = try FileFacts(fixture.trees.rootFileSystem(of: tree)).inode
        #expect(try readText(mark) == readText("/proc/sys/kernel/random/boot_id"))

        try writeText("an earlier boot", to: mark)
        try fixture.trees.render(id)
        #expect(try readText(mark) == "")
        #expect(try FileFacts(fixture.trees.rootFileSystem(of: tree)).inode == inode)

        try writeText("an earlier boot", to: mark)
        truncate(fixture.trees.rootFileSystem(of: tree).appending("b").string, 0)
        #expect(throws: ImageRenderError.changed(path: "/b", what: .size, in: tree)) {
            try fixture.trees.verifySeal(of: tree)
        }
        try fixture.trees.render(id)
        #expect(try readText(mark) == readText("/proc/sys/kernel/random/boot_id"))
        try fixture.trees.verifyFully(of: tree)
    }
}
