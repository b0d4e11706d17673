import AppContainer
import ImageArchive
import ImageStore
import LinuxSystem
import SystemPackage
import TestSupport
import Testing

@Suite struct StagedImageTests {
    let fixture: StoreFixture

    init() throws { fixture = try StoreFixture() }

    private func image(_ name: String = "example.com/a", _ compression: Packing = .gzip) throws -> FilePath {
        let path = fixture.directory.path.appending("staged.aci")
        try ACIBuilder(name: name).label("version", "1").file("/x", "staged").write(to: path, compression)
        return path
    }

    private func sha256(_ path: FilePath) throws -> String {
        String(try Command("/bin/sh", ["-c", "sha256sum < '\(path)'"]).run().output.prefix(64))
    }

    @Test(arguments: Packing.allCases)
    func `a staged image knows the digest of the file as it came, with what follows the archive`(
        compression: Packing
    ) throws {
        let path = try image("example.com/a", compression)
        if compression == .plain { try Command("/bin/sh", ["-c", "printf tail >> '\(path)'"]).run() }

        let staged = try fixture.store.stage(from: Descriptor.open(path))

        #expect(staged.sourceDigest == (try sha256(path)))
        #expect(staged.archive.manifest.name.rawValue == "example.com/a")
    }

    @Test func `a staged image is not visible, and leaves nothing when it is dropped`() throws {
        do {
            let staged = try fixture.store.stage(from: Descriptor.open(try image()))
            #expect(try fixture.files().count == 1)
            #expect(try fixture.store.list().isEmpty)
            #expect(throws: ImageStoreError.noImageIDsFound) { try fixture.store.resolve("\(staged.archive.id)") }
            // Whoever collects leftovers meanwhile does not touch it.
            #expect(try fixture.store.collectTemporaryFiles().isEmpty)
            #expect(try fixture.files().count == 1)
        }
        #expect(try fixture.files().isEmpty)
    }

    @Test func `a published image is visible with who vouched for it`() throws {
        let origin = ImageOrigin(
            signers: [
                .init(fingerprint: "ab12", identity: "A <a@example.com>"), .init(fingerprint: "cd", identity: ""),
            ],
            insecureOptions: ["http", "tls"], reference: "example.com/a:1", fetchTime: 7)
        let staged = try fixture.store.stage(from: Descriptor.open(try image()))
        let info = try fixture.store.publish(staged, latest: true, origin: origin, now: 5)

        #expect(try fixture.store.list() == [info])
        #expect((info.latest, info.importTime) == (true, 5))
        #expect(try fixture.store.origin(of: info.id) == origin)
        #expect(try fixture.files().count == 2)
        #expect(try fixture.store.openBlob(info.id).size() == info.size)
    }

    @Test func `a later fetch without a look at signatures keeps the signers and remembers its options`() throws {
        let signer = ImageOrigin.Signer(fingerprint: "ab12", identity: "A")
        let first = ImageOrigin(signers: [signer], insecureOptions: [], reference: "a", fetchTime: 1)
        let second = ImageOrigin(signers: [], insecureOptions: ["image"], reference: "b", fetchTime: 2)
        let other = ImageOrigin.Signer(fingerprint: "99", identity: "B")
        let third = ImageOrigin(signers: [other], insecureOptions: [], reference: "c", fetchTime: 3)
        func publish(_ origin: ImageOrigin?) throws -> ImageOrigin? {
            let staged = try fixture.store.stage(from: Descriptor.open(try image()))
            return try fixture.store.origin(of: fixture.store.publish(staged, latest: false, origin: origin).id)
        }

        #expect(try publish(first) == first)
        #expect(
            try publish(second)
                == ImageOrigin(
                    signers: [signer], insecureOptions: ["image"], reference: "b", fetchTime: 2))
        #expect(try publish(nil)?.reference == "b")
        #expect(try publish(third) == third)
    }

    @Test func `that an image was fetched without a version is not forgotten, and the last one fetched so wins`() throws
    {
        let one = try fixture.add(version: "1", latest: true, now: 1)
        let two = try fixture.add(version: "2", latest: true, now: 2)
        let again = try fixture.add(version: "1", latest: false, now: 3)

        #expect((again.id, again.latest, again.importTime) == (one.id, true, 3))
        #expect(try fixture.store.best(named: imageName("example.com/a")).id == two.id)
        try fixture.add(version: "1", latest: true, now: 4)
        #expect(try fixture.store.best(named: imageName("example.com/a")).id == one.id)
    }

    @Test func `a converted image is written by whoever converts it`() throws {
        let path = try image("example.com/converted", .plain)
        let limits = ArchiveLimits.standard
        let staged = try fixture.store.stage { blob, _ in
            try importArchive(from: Descriptor.open(path), to: blob, limits: limits)
        }
        #expect(staged.sourceDigest.isEmpty)
        let info = try fixture.store.publish(staged, latest: false)

        #expect(info.name.rawValue == "example.com/converted")
        #expect(try fixture.store.openBlob(info.id).size() == info.size)
    }

    @Test func `a conversion that fails leaves nothing`() throws {
        let error = #expect(throws: Failure.self) {
            _ = try fixture.store.stage { _, _ throws -> ImportedArchive in throw Failure("no layers") }
        }
        #expect(error?.description == "no layers")
        #expect(try fixture.files().isEmpty)
    }

    @Test func `a conversion that wrote less than it says is refused`() throws {
        let path = try image("example.com/a", .plain)
        #expect(throws: ArchiveError.truncated) {
            _ = try fixture.store.stage { blob, _ in
                let archive = try importArchive(from: Descriptor.open(path), to: blob)
                try blob.setSize(archive.size - 512)
                return archive
            }
        }
        #expect(try fixture.files().isEmpty)
    }
}

@Suite struct RemoteRowTests {
    let fixture: StoreFixture

    init() throws { fixture = try StoreFixture() }

    @Test func `what a server said is remembered by URL, and goes with the image`() throws {
        let store = try fixture.store
        #expect(try store.remote(for: "https://example.com/a.aci") == nil)
        let info = try fixture.add()
        var row = RemoteRow(
            url: "https://example.com/a.aci", signatureURL: "https://example.com/a.aci.asc", etag: "\"x\"", id: info.id,
            maxAge: 60, downloadTime: 1_000)
        try store.remember(row)
        #expect(try store.remote(for: row.url) == row)
        #expect(try store.remote(for: "https://example.com/b.aci") == nil)

        row.downloadTime = 2_000
        row.etag = ""
        try store.remember(row)
        #expect(try store.remote(for: row.url) == row)

        try store.remove(info.id)
        #expect(try store.remote(for: row.url) == nil)
        #expect(throws: ImageStoreError.noSuchInfo(info.id)) { try store.remember(row) }
        try fixture.add()
        #expect(try store.remote(for: row.url) == nil)
        #expect(try store.origin(of: info.id) == nil)
    }

    @Test(
        arguments: [
            (0, 0, false), (60, 0, true), (60, 59, true), (60, 60, false), (60, -1, false), (Int64.max, 1 << 30, true),
        ] as [(Int64, Int64, Bool)])
    func `an image is fresh for as long as the server said`(maxAge: Int64, age: Int64, isFresh: Bool) throws {
        let id = try ImageID(parsing: "sha512-" + String(repeating: "a", count: 64))
        let row = RemoteRow(url: "u", id: id, maxAge: maxAge, downloadTime: 5_000_000_000)

        #expect(row.isFresh(now: 5_000_000_000 + age * 1_000_000_000) == isFresh)
    }
}
