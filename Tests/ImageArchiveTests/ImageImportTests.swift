import AppContainer
import ImageArchive
import LinuxSystem
import SystemPackage
import TestSupport
import Testing

@Suite struct ImageImportTests {
    let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    @Test(arguments: Packing.allCases)
    func `every compression gives the same blob, digest and manifest`(packing: Packing) throws {
        let plain = try image.write(to: directory.path.appending("plain.aci"))
        let packed = try image.write(to: directory.path.appending("packed.aci"), packing)

        let (archive, blob) = try importImage(packed)

        #expect(try readBytes(blob) == readBytes(plain))
        #expect(try "\(archive.id)" == "sha512-" + shell("sha512sum < plain.aci | cut -c1-64", in: directory.path))
        #expect(try archive.manifest == ImageManifest(parsing: Array(image.manifestText.utf8)))
        #expect(archive.size == UInt64(try readBytes(plain).count))
    }

    @Test func `an image made by tar in any order and with leading dots is accepted`() throws {
        try shell(
            "mkdir -p d/rootfs/bin; echo x > d/rootfs/bin/x; echo '\(minimalManifest)' > d/manifest; tar -C d -czf a.aci .",
            in: directory.path)

        let (archive, blob) = try importImage(directory.path.appending("a.aci"))

        #expect(archive.manifest.name.rawValue == "example.com/minimal")
        #expect(
            try archiveEntries(in: blob).map(\.path).sorted() == ["manifest", "rootfs", "rootfs/bin", "rootfs/bin/x"])
    }

    @Test func `several gzip members are one image`() throws {
        try image.write(to: directory.path.appending("a"))
        try shell("head -c 700 a | gzip > b; tail -c +701 a | gzip >> b", in: directory.path)

        let (archive, _) = try importImage(directory.path.appending("b"))

        #expect(archive.manifest.name.rawValue == "example.com/a")
    }

    @Test(arguments: [Packing.gzip, .bzip2, .xz, .zstd])
    func `only one layer of compression is undone`(packing: Packing) throws {
        let path = try image.write(to: directory.path.appending("a"), .gzip)
        try packing.apply(to: path)

        let compression = try #require(Compression(rawValue: packing.rawValue))
        #expect(throws: ArchiveError.notAnArchive(compression)) { try importImage(path) }
    }

    @Test(arguments: [
        ("empty", "", ArchiveError.empty),
        ("text", String(repeating: "no archive\n", count: 100), .unknownFileType),
        ("short", "x", .unknownFileType),
    ])
    func `what is not an image says so`(name: String, content: String, error: ArchiveError) throws {
        let path = directory.path.appending(name)
        try writeText(content, to: path)

        #expect(throws: error) { try importImage(path) }
    }

    @Test(arguments: Packing.allCases)
    func `a truncated image is refused`(packing: Packing) throws {
        let text = (0..<50_000).map { String($0 &* 2_654_435_761 % 1_000_003) }.joined()
        let path = try image.file("/large", text).write(to: directory.path.appending("a"), packing)
        let size = try FileFacts(path).size
        try shell("truncate -s \(size * 2 / 3) a", in: directory.path)

        let error = #expect(throws: ArchiveError.self) { try importImage(path) }
        #expect(error == .truncated, "\(error.map { "\($0)" } ?? "none")")
    }

    @Test func `an archive cut off between two entries is refused`() throws {
        let path = directory.path.appending("a")
        try TarFile.write(image.entries, to: path, cutOff: true)

        #expect(throws: ArchiveError.truncated) { try importImage(path) }
    }

    @Test func `bytes that change inside a compressed file are noticed`() throws {
        let path = try image.write(to: directory.path.appending("a"), .gzip)
        var bytes = try readBytes(path)
        bytes[bytes.count - 5] ^= 0xff
        bytes[bytes.count / 2] ^= 0x55
        try writeBytes(bytes, to: path)

        #expect(throws: (any Error).self) { try importImage(path) }
    }

    @Test(arguments: [
        ("no manifest", [TarEntry.directory("rootfs")], ArchiveError.missingManifest),
        ("no root", [.file("manifest", minimalManifest)], .missingRootFileSystem),
        ("root is a file", [.file("manifest", minimalManifest), .file("rootfs")], .rootFileSystemNotADirectory),
        (
            "root is a symlink", [.file("manifest", minimalManifest), .symlink("rootfs", to: "/")],
            .rootFileSystemNotADirectory
        ),
        ("manifest is a directory", [.directory("manifest"), .directory("rootfs")], .manifestNotAFile),
        (
            "two manifests",
            [.file("manifest", minimalManifest), .directory("rootfs"), .file("./manifest", minimalManifest)],
            .duplicate("manifest")
        ),
        (
            "something beside",
            [.file("manifest", minimalManifest), .directory("rootfs"), .file("../../etc/passwd", "x")],
            .unrecognizedPath("etc/passwd")
        ),
        (
            "a long name",
            [
                .file("manifest", minimalManifest), .directory("rootfs"),
                .file("rootfs/" + String(repeating: "n", count: 256)),
            ],
            .nameTooLong(
                path: "rootfs/" + String(repeating: "n", count: 73), maximumNameBytes: 255)
        ),
    ])
    func `a layout that is no image is refused`(name: String, entries: [TarEntry], error: ArchiveError) throws {
        let path = directory.path.appending("a")
        try TarFile.write(entries, to: path)

        #expect(throws: error) { try importImage(path) }
    }

    @Test(arguments: [
        ("{", "invalid image manifest: "), (#"{"acKind":"PodManifest","acVersion":"0.8.11","name":"a"}"#, "acKind"),
        (#"{"acKind":"ImageManifest","acVersion":"0.8.11","name":"A b"}"#, "name"),
        (String(repeating: "[", count: 200), "invalid image manifest: "),
    ])
    func `a manifest that is none says why`(manifest: String, part: String) throws {
        let path = try image.manifest(manifest).write(to: directory.path.appending("a"))

        let error = #expect(throws: ArchiveError.self) { try importImage(path) }
        #expect(error.map { "\($0)" }?.contains(part) == true)
    }

    @Test func `limits are named when they are passed`() throws {
        let path = try image.file("/deep/a/b/c", "x").write(to: directory.path.appending("a"))
        var limits = ArchiveLimits()
        limits.maximumManifestBytes = 10
        #expect(throws: ArchiveError.manifestTooLarge(maximumManifestBytes: 10)) {
            try importImage(path, limits: limits)
        }
        limits = ArchiveLimits()
        limits.maximumEntries = 2
        #expect(throws: ArchiveError.tooManyEntries(maximumEntries: 2)) { try importImage(path, limits: limits) }
        limits = ArchiveLimits()
        limits.maximumDepth = 4
        #expect(throws: ArchiveError.tooDeep(path: "rootfs/deep/a/b/c", maximumDepth: 4)) {
            try importImage(path, limits: limits)
        }
        limits = ArchiveLimits()
        limits.maximumTotalBytes = 1000
        #expect(throws: ArchiveError.tooLarge(maximumTotalBytes: 1000)) { try importImage(path, limits: limits) }
    }

    @Test func `a bomb is refused by its ratio`() throws {
        let entry = TarEntry("rootfs/zeros", type: "0").with { $0.content = .zeros(20 << 20) }
        let path = try image.entry(entry).write(to: directory.path.appending("a"), .gzip)
        var limits = ArchiveLimits()
        limits.ratioFreeBytes = 1 << 20

        #expect(throws: ArchiveError.ratioTooHigh(maximumRatio: 200)) { try importImage(path, limits: limits) }
    }

    @Test func `a size that lies cannot reach beyond the archive`() throws {
        let liar = TarEntry("rootfs/x", type: "0").with { $0.claimedSize = 1 << 32 }
        let path = try image.entry(liar).write(to: directory.path.appending("a"))

        #expect(throws: ArchiveError.truncated) { try importImage(path) }
    }

    @Test func `a header that never ends does not fill the memory`() throws {
        let entry = TarEntry("rootfs/x", type: "0").with {
            $0.records = [(key: "comment", value: [UInt8](repeating: 65, count: 3 << 20))]
        }
        let path = try image.entry(entry).write(to: directory.path.appending("a"))

        #expect(throws: ArchiveError.self) { try importImage(path) }
    }
}
