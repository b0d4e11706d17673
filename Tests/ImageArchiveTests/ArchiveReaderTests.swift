import ImageArchive
import LinuxSystem
import SystemPackage
import TestSupport
import Testing

@Suite struct ArchiveReaderTests {
    let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private func read(_ extra: [TarEntry]) throws -> [ArchiveEntry] {
        let path = directory.path.appending("a")
        try TarFile.write([.file("manifest", "{}"), .directory("rootfs")] + extra, to: path)
        return Array(try archiveEntries(in: path).dropFirst(2))
    }

    private func onlyEntry(_ entry: TarEntry) throws -> ArchiveEntry { try #require(try read([entry]).first) }

    @Test func `owners, modes, times, links, devices and attributes come through`() throws {
        let suid = TarEntry("rootfs/suid", type: "0", mode: 0o4755).with {
            ($0.user, $0.group, $0.content) = (1000, 70_000, .bytes([1, 2, 3]))
            $0.records = [(key: "mtime", value: Array("1500000000.123456789".utf8))]
        }
        let found = try read([
            suid.attribute("user.note", [0, 255]).attribute("security.capability", [1, 0, 0, 2]),
            .symlink("rootfs/link", to: "../../../etc/passwd"), .hardLink("rootfs/hard", to: "rootfs/suid"),
            .device("rootfs/null", 1, 3), .device("rootfs/disk", block: true, 8, 0), .fifo("rootfs/pipe"),
        ])

        #expect(found[0].mode == 0o4755)
        #expect((found[0].user, found[0].group) == (1000, 70_000))
        #expect(found[0].size == 3)
        #expect(found[0].modificationTime == 1_500_000_000_123_456_789)
        #expect(
            found[0].extendedAttributes.sorted { $0.name < $1.name } == [
                ExtendedAttribute(name: "security.capability", value: [1, 0, 0, 2]),
                ExtendedAttribute(name: "user.note", value: [0, 255]),
            ])
        #expect(found[1].content == .symlink(target: "../../../etc/passwd"))
        #expect(found[2].content == .hardLink(target: "rootfs/suid"))
        #expect(found[3].content == .characterDevice(major: 1, minor: 3))
        #expect(found[4].content == .blockDevice(major: 8, minor: 0))
        #expect(found[5].content == .fifo)
    }

    @Test(arguments: [
        ("./rootfs/a", "rootfs/a"), ("/rootfs/a", "rootfs/a"), ("rootfs//a/./b/", "rootfs/a/b"),
        ("rootfs/../../../a", "rootfs/a"), ("rootfs/a/../../b", "rootfs/b"), ("x/../rootfs/a", "rootfs/a"),
        ("rootfs/..a", "rootfs/..a"), ("rootfs/...", "rootfs/..."), ("rootfs/größe", "rootfs/größe"),
    ])
    func `paths are cleaned and stay below the root`(raw: String, path: String) throws {
        #expect(try onlyEntry(.file(raw)).path == path)
    }

    @Test(arguments: [
        ("/etc/passwd", "rootfs/etc/passwd"), ("../../etc/passwd", "rootfs/etc/passwd"), ("./rootfs/a", "rootfs/a"),
    ])
    func `hard links that point outside mean the same name inside`(raw: String, target: String) throws {
        #expect(try onlyEntry(.hardLink("rootfs/x", to: raw)).content == .hardLink(target: target))
    }

    @Test(arguments: [(UInt64(1) << 32, UInt32(65534)), (4_294_967_295, 65534), (4_294_967_294, 4_294_967_294)])
    func `owners no system call takes do not become root`(raw: UInt64, owner: UInt32) throws {
        let entry = try onlyEntry(TarEntry("rootfs/x", type: "0").with { ($0.user, $0.group) = (raw, raw) })
        #expect((entry.user, entry.group) == (owner, owner))
    }

    @Test(arguments: ["trusted.overlay.opaque", "user.overlay.redirect", "security.selinux", "system.posix_acl_access"])
    func `attributes that steer the host are left out`(name: String) throws {
        #expect(try onlyEntry(TarEntry("rootfs/x", type: "0").attribute(name, [121])).extendedAttributes.isEmpty)
    }

    @Test func `names that are not UTF-8 are refused`() throws {
        let entry = TarEntry("rootfs/x", type: "0").with { $0.name = Array("rootfs/".utf8) + [0xff, 0xfe] }
        #expect(throws: ArchiveError.nameNotUTF8("rootfs/\u{fffd}\u{fffd}")) { try read([entry]) }
    }

    @Test func `data can be read, copied and found`() throws {
        let text = String(repeating: "0123456789abcdef", count: 50_000)
        let path = directory.path.appending("a")
        let all: [TarEntry] = [
            .file("manifest", "{}"), .file("rootfs/first", "first"), .file("rootfs/large", text),
            .file("rootfs/last", "l"),
        ]
        try TarFile.write(all, to: path)
        let bytes = try readBytes(path)
        var reader = try ArchiveReader(reading: Descriptor.open(path))
        var found: [String: [UInt8]] = [:]
        while let entry = try reader.next() {
            let copy = directory.path.appending("copy")
            let file = try Descriptor.open(copy, [.readWrite, .create, .truncate], mode: 0o600)
            try reader.copyData(to: file)
            found[entry.path] = try readBytes(copy)
            let offset = try #require(entry.dataOffset)
            #expect(Array(bytes[Int(offset)..<Int(offset + entry.size)]) == found[entry.path])
            #expect(try reader.readAll(limit: 1 << 20) == found[entry.path])
        }
        #expect(found["rootfs/first"] == Array("first".utf8))
        #expect(found["rootfs/large"] == Array(text.utf8))
        #expect(found["rootfs/last"] == [108])
    }

    @Test(arguments: ["--format=gnu", "--format=posix --sparse-version=0.0", "--format=posix --sparse-version=1.0"])
    func `sparse files come out as they went in`(format: String) throws {
        try shell(
            """
            mkdir d d/rootfs; echo '{}' > d/manifest; cd d/rootfs
            printf start > s; truncate -s 3M s; printf middle >> s; truncate -s 5M s
            cd ..; tar \(format) -S -cf ../a manifest rootfs
            """, in: directory.path)
        var reader = try ArchiveReader(reading: Descriptor.open(directory.path.appending("a")))
        while let entry = try reader.next(), entry.path != "rootfs/s" {}
        let copy = directory.path.appending("copy")
        try reader.copyData(to: Descriptor.open(copy, [.readWrite, .create], mode: 0o600))

        #expect(try readBytes(copy) == readBytes(directory.path.appending("d/rootfs/s")))
        #expect(try shell("stat -c %b copy", in: directory.path) != "0")
        #expect(try #require(Int(try shell("stat -c %b copy", in: directory.path))) < 1000)
        #expect(try reader.next() == nil)
    }
}
