import AppContainer
import Glibc
import ImageStore
import LinuxSystem
import SystemPackage
import TestSupport
import Testing

@Suite(.enabled(if: Requirements.root, "needs root")) struct FullDiskTests {
    let fixture: StoreFixture
    let images: [ImageInfo]

    /// What may be left beside the index when the disk gets full.
    enum Companions: CaseIterable { case both, noLog, noSharedMemory, neither }

    init() throws {
        fixture = try StoreFixture()
        try LinuxSystem.makeDirectories(fixture.data, mode: 0o755)
        try check("mount", "'\(fixture.data)'") { [data = fixture.data] in
            Glibc.mount("tmpfs", data.string, "tmpfs", 0, "size=2m")
        }
        let content = String(repeating: "x", count: 40_000)
        images = [
            try fixture.add(content: content, latest: true), try fixture.add("example.com/b", content: content),
            try fixture.add("example.com/tiny"),
        ]
    }

    private func unmount() { umount2(fixture.data.string, CInt(MNT_DETACH)) }

    /// Leaves not one byte.
    private func fill(_ companions: Companions) throws {
        if companions == .noLog || companions == .neither { remove("-wal") }
        if companions == .noSharedMemory || companions == .neither { remove("-shm") }
        let file = try Descriptor.open(fixture.data.appending("fill"), [.writeOnly, .create, .append], mode: 0o600)
        for size in [1 << 16, 4096, 1] {
            let block = [UInt8](repeating: 1, count: size)
            while (try? file.writeAll(block)) != nil {}  // until it is full
        }
    }

    private func remove(_ suffix: String) { unlink(fixture.data.appending("cas/db/index.sqlite\(suffix)").string) }

    @Test(arguments: Companions.allCases)
    func `an image is removed from a disk that is full, and the others stay`(companions: Companions) throws {
        defer { unmount() }
        try fill(companions)

        let store = try fixture.store
        #expect(try store.best(named: imageName("example.com/a")).id == images[0].id)
        try store.remove(images[0].id)

        #expect(try fixture.store.list().map(\.id) == [images[1].id, images[2].id].sorted { "\($0)" < "\($1)" })
        #expect(try fixture.files().count == 4)
        #expect(throws: ImageStoreError.noSuchImage(try imageName("example.com/a"))) {
            try fixture.store.best(named: imageName("example.com/a"))
        }
        #expect(throws: ImageStoreError.noSuchKey(images[0].id)) { try fixture.store.remove(images[0].id) }
        try fill(.both)
        // Gives so little room back that the index may keep its row.
        try fixture.store.remove(images[2].id)
        #expect(throws: ImageStoreError.noSuchKey(images[2].id)) { try fixture.store.remove(images[2].id) }
        try fill(.both)
        try fixture.store.remove(images[1].id)
        #expect(try fixture.store.list().isEmpty)

        unlink(fixture.data.appending("fill").string)
        #expect(try fixture.add().latest == false, "nothing of the old row counts")
        #expect(try fixture.store.collectTemporaryFiles().isEmpty)
        #expect(try fixture.store.list().count == 1)
    }

    @Test(arguments: ["manifest", "manifest and blob"])
    func `a removal that was killed between files and index leaves no image, and is cleared up`(gone: String) throws {
        defer { unmount() }
        let info = images[0]
        unlink(fixture.data.appending("cas/imageManifest/sha512/\(info.id.digits.prefix(2))/\(info.id)").string)
        if gone != "manifest" { unlink(try fixture.store.blobPath(of: info.id).string) }

        let store = try fixture.store
        #expect(try !store.list().map(\.id).contains(info.id))
        #expect(throws: ImageStoreError.noImageIDsFound) { try store.resolve("\(info.id)") }
        #expect(throws: (any Error).self) { try store.best(named: imageName("example.com/a")) }
        #expect(throws: (any Error).self) { try store.best(named: imageName("example.com/a:1")) }
        #expect(throws: (any Error).self) { try store.info(of: info.id) }

        #expect(try store.collectTemporaryFiles().isEmpty)
        #expect(try fixture.files().count == 4)
        let again = try fixture.add(content: String(repeating: "x", count: 40_000))
        #expect((again.id, again.latest) == (info.id, false), "the row is gone")
        #expect(try fixture.store.list().count == 3)
        #expect(try fixture.store.openBlob(info.id).size() == info.size)
    }

    @Test func `an image that was removed half-way can be imported again at once`() throws {
        defer { unmount() }
        let info = images[0]
        unlink(fixture.data.appending("cas/imageManifest/sha512/\(info.id.digits.prefix(2))/\(info.id)").string)

        let again = try fixture.add(content: String(repeating: "x", count: 40_000))
        #expect((again.id, again.latest) == (info.id, false))
        #expect(try fixture.store.manifest(of: info.id).name == info.name)
    }

    @Test func `a full disk says so when an image is added, and nothing is left`() throws {
        defer { unmount() }
        try fill(.both)
        let before = try fixture.files()

        let error = #expect(throws: Failure.self) {
            try fixture.add("example.com/c", content: String(repeating: "x", count: 9000))
        }
        #expect(error?.description.hasSuffix("No space left on device") == true, "\(error?.description ?? "")")
        #expect(try fixture.files() == before)
    }
}
