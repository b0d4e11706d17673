import CLinux
import ImageArchive
import LinuxSystem
import SystemPackage
import TestSupport
import Testing

@Suite struct ArchiveWriterTests {
    let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private func pack(_ tree: String, to name: String, _ compression: Compression = .none) throws -> FilePath {
        let path = directory.path.appending(name)
        let target = try Descriptor.open(path, [.writeOnly, .create, .truncate], mode: 0o600)
        var writer = try ACIWriter(writingTo: target, compression: compression)
        try writer.add(manifest: Array(minimalManifest.utf8))
        try writer.add(tree: Descriptor.open(directory.path.appending(tree), [.directory]))
        try writer.finish()
        return path
    }

    /// One of everything.
    private static let tree = """
        mkdir -p t/dir t/empty; cd t
        printf data > file; ln file dir/hard; ln -s ../../../etc/passwd link; mkfifo pipe
        chmod 4711 file; chmod 1777 empty; printf x > größe
        head -c 300000 /dev/urandom > large
        touch -d '2001-02-03 04:05:06.789 UTC' dir/hard; touch -h -d '1969-01-01 00:00:00 UTC' link
        long=dir/$(printf 'a%.0s' $(seq 120)); mkdir $long; echo y > $long/$(printf 'b%.0s' $(seq 200))
        """

    @Test func `what is written is read again, whoever reads it`() throws {
        try shell(Self.tree, in: directory.path)
        let path = try pack("t", to: "a")

        let all = try Dictionary(uniqueKeysWithValues: archiveEntries(in: path).map { ($0.path, $0) })
        #expect(all["rootfs/dir/hard"]?.mode == 0o4711)
        #expect(all["rootfs/dir/hard"]?.modificationTime == 981_173_106_789_000_000)
        #expect(all["rootfs/file"]?.content == .hardLink(target: "rootfs/dir/hard"))
        #expect(all["rootfs/link"]?.content == .symlink(target: "../../../etc/passwd"))
        #expect(all["rootfs/link"]?.modificationTime == -31_536_000_000_000_000)
        #expect(all["rootfs/pipe"]?.content == .fifo)
        #expect(all["rootfs/empty"]?.mode == 0o1777)
        try shell("mkdir out; tar -C out -xpf a; diff -r --no-dereference t/dir out/rootfs/dir", in: directory.path)
        try shell("cmp t/large out/rootfs/large; cmp t/größe out/rootfs/größe", in: directory.path)
        let list = "find . -printf '%p %y %m %U %G %n %l %T@\\n' | grep -v '^[.] ' | sort"
        #expect(
            try shell("cd t; \(list)", in: directory.path) == shell("cd out/rootfs; \(list)", in: directory.path))
    }

    @Test func `equal trees give equal bytes`() throws {
        try shell(Self.tree, in: directory.path)
        try shell("cp -a t u; mv u/large x; mv x u/large; touch -r t/. u/.", in: directory.path)

        #expect(try readBytes(pack("t", to: "a")) == readBytes(pack("u", to: "b")))
    }

    @Test func `gzip output is reproducible and unpacks to the plain archive`() throws {
        try shell(Self.tree, in: directory.path)
        let plain = try pack("t", to: "a")
        let packed = try pack("t", to: "b", .gzip)

        #expect(try readBytes(packed) == readBytes(pack("t", to: "c", .gzip)))
        #expect(try importImage(packed).blob.string.isEmpty == false)
        #expect(try readBytes(importImage(packed).blob) == readBytes(plain))
    }

    @Test func `owner and time can be set for all`() throws {
        try shell(Self.tree, in: directory.path)
        let path = directory.path.appending("a")
        let options = ACIWriter.Options(owner: (user: 3_000_000, group: 7), modificationTime: 5_000_000_000)
        var writer = try ACIWriter(
            writingTo: Descriptor.open(path, [.writeOnly, .create], mode: 0o600), options: options)
        try writer.add(manifest: Array(minimalManifest.utf8))
        try writer.add(tree: Descriptor.open(directory.path.appending("t"), [.directory]))
        try writer.finish()

        for entry in try archiveEntries(in: path) {
            #expect((entry.user, entry.group, entry.modificationTime) == (3_000_000, 7, 5_000_000_000))
        }
    }

    @Test func `extended attributes go along, those of the host stay`() throws {
        try shell("mkdir t; echo x > t/x", in: directory.path)
        for name in ["user.a", "user.overlay.opaque"] {
            try #require(clinux_lsetxattr(directory.path.appending("t/x").string, name, "b", 1, 0) == 0)
        }

        let entry = try #require(try archiveEntries(in: pack("t", to: "a")).last)
        #expect(entry.extendedAttributes == [ExtendedAttribute(name: "user.a", value: [98])])
    }

    @Test func `a size beyond eight gigabytes and a large owner are written and read`() throws {
        let path = directory.path.appending("a")
        let source = try Descriptor.open(directory.path.appending("huge"), [.readWrite, .create], mode: 0o600)
        try source.setSize(3)
        var writer = try TarWriter(writingTo: Descriptor.open(path, [.writeOnly, .create], mode: 0o600))
        var entry = ArchiveEntry(path: "rootfs/x", content: .file, mode: 0o644, user: 4_000_000_000, size: 9 << 30)
        #expect(throws: ArchiveError.sizeChanged(path: "rootfs/x")) { try writer.add(entry, data: source) }
        entry.size = 3
        var second = try TarWriter(writingTo: Descriptor.open(path, [.writeOnly, .truncate]))
        try second.add(entry, data: source)
        try second.finish()

        let found = try #require(try archiveEntries(in: path).first)
        #expect(found.user == 4_000_000_000)
        #expect(found.size == 3)
        #expect(try readBytes(path).count % 512 == 0)
    }
}
