import AppContainer
import CLinux
import Glibc
import ImageArchive
import ImageStore
import LinuxSystem
import SystemPackage
import TestSupport
import Testing

@Suite struct StoreCrashTests {
    let fixture: StoreFixture

    init() throws { fixture = try StoreFixture() }

    private var later: Int64 { LinuxSystem.now() + 120_000_000_000 }

    @Test func `what a killed import left is collected, what is in use is not`() throws {
        let info = try fixture.add()
        let temporary = fixture.data.appending("cas/tmp")
        try writeText("half", to: temporary.appending("blob-0000"))
        try writeText("", to: temporary.appending("import-1"))
        try writeText("half", to: temporary.appending("blob-1111"))
        let used = try Descriptor.open(temporary.appending("blob-1111"))
        try used.lock(.exclusive)

        #expect(try fixture.store.collectTemporaryFiles().isEmpty)

        #expect(try listDirectory(temporary) == ["blob-1111"])
        #expect(try fixture.store.list() == [info])
        #expect(try fixture.store.openBlob(info.id).size() == info.size)
        try used.unlock()
    }

    @Test func `downloads that nobody went on with are collected, others and what they point to are not`() throws {
        try fixture.add()
        let downloads = fixture.data.appending("cas/download")
        try mkdirAll(downloads.appending("old-home"))
        let outside = fixture.directory.path.appending("outside")
        try writeText("keep", to: outside)
        for name in ["old", "old-locked", "old-home/key", "young"] {
            try writeText("half", to: downloads.appending(name))
        }
        symlink(outside.string, downloads.appending("old-link").string)
        mkfifo(downloads.appending("old-fifo").string, 0o600)
        for name in try listDirectory(downloads) where name != "young" {
            setTimes(downloads.appending(name), modification: 1_500_000_000_000_000_000)
        }
        let used = try Descriptor.open(downloads.appending("old-locked"))
        try used.lock(.exclusive)
        let limit = Duration.seconds(1_600_000_000)

        #expect(try fixture.store.collectDownloads(unchangedSince: limit).isEmpty)

        #expect(try listDirectory(downloads) == ["old-locked", "young"])
        #expect(try readText(outside) == "keep")
        try used.unlock()
        #expect(try fixture.store.collectDownloads(unchangedSince: limit).isEmpty)
        #expect(try listDirectory(downloads) == ["young"])
    }

    @Test func `a link in the place of the download directory is not followed`() throws {
        try fixture.add()
        let elsewhere = fixture.directory.path.appending("elsewhere")
        try mkdirAll(elsewhere)
        try writeText("keep", to: elsewhere.appending("file"))
        symlink(elsewhere.string, fixture.data.appending("cas/download").string)

        #expect(throws: SystemCallError.self) { try fixture.store.collectDownloads(unchangedSince: .seconds(1 << 40)) }
        #expect(exists(elsewhere.appending("file")))
    }

    @Test func `an image that was stored but not indexed is collected, and can be imported again`() throws {
        let info = try fixture.add()
        let other = try fixture.add("example.com/b")
        let sql =
            "import sqlite3; c = sqlite3.connect('\(fixture.data)/cas/db/index.sqlite');"
            + "c.execute('DELETE FROM aciinfo WHERE blobkey = \"\(info.id)\"'); c.commit()"
        #expect(try Command("/usr/bin/python3", ["-c", sql]).run().status == 0)
        let manifests = fixture.data.appending("cas/imageManifest/sha512/\(info.id.digits.prefix(2))")
        try writeText("{", to: manifests.appending(".\(info.id).abcdef"))

        #expect(try fixture.store.collectTemporaryFiles(now: later).isEmpty)

        #expect(try fixture.files().count == 2)
        #expect(try fixture.store.list() == [other])
        #expect(try fixture.add().id == info.id)
        #expect(try fixture.store.list().count == 2)
    }

    @Test func `an image in the store that was cut is replaced by its import`() throws {
        let info = try fixture.add()
        try fixture.store.openBlob(info.id).setSizeThroughPath(10)
        try fixture.add()

        #expect(try fixture.store.openBlob(info.id).size() == info.size)
    }

    @Test func `a waiting import takes over the result of the first`() throws {
        let path = fixture.directory.path.appending("image.aci")
        let info = try fixture.add()
        let status = try FileStatus(of: path)
        // What another process holds while it imports the same file.
        let name =
            "import-\(status.deviceMajor).\(status.deviceMinor)-\(status.inode)-\(status.size)"
            + "-\(status.modificationTime)-\(status.changeTime)"
        let lockPath = fixture.data.appending("cas/tmp/\(name)")
        let script = "exec 9>'\(lockPath)'; flock 9; echo locked; sleep 1; printf '\(info.id)' >&9; rm '\(lockPath)'"
        let other = try Command("/bin/sh", ["-c", script]).start()
        try other.waitForOutput("locked")
        // A file that cannot be read tells that it was not read.
        let unreadable = try Descriptor.open(path, [.path])

        let taken = try fixture.store.importImage(from: unreadable, latest: true, now: 99)

        #expect((taken.id, taken.importTime, taken.latest) == (info.id, 99, true))
        #expect(other.wait().status == 0)
    }

    @Test func `when the first import failed, the waiting one does the work`() throws {
        let path = fixture.directory.path.appending("image.aci")
        let info = try fixture.add()
        let status = try FileStatus(of: path)
        let name =
            "import-\(status.deviceMajor).\(status.deviceMinor)-\(status.inode)-\(status.size)"
            + "-\(status.modificationTime)-\(status.changeTime)"
        let lockPath = fixture.data.appending("cas/tmp/\(name)")
        let other = try Command("/bin/sh", ["-c", "exec 9>'\(lockPath)'; flock 9; echo locked; sleep 1"]).start()
        try other.waitForOutput("locked")

        #expect(try fixture.store.importImage(from: Descriptor.open(path), latest: false).id == info.id)
        #expect(try listDirectory(fixture.data.appending("cas/tmp")).isEmpty)
    }

    @Test(.enabled(if: Requirements.root, "needs root"))
    func `a full disk leaves nothing half-made, and the store can be used after`() throws {
        try mkdirAll(fixture.data)
        try mount("tmpfs", fixture.data, "size=3m")
        defer { umount2(fixture.data.string, CInt(MNT_DETACH)) }
        let small = try fixture.add()
        let path = fixture.directory.path.appending("large")
        let entry = TarEntry("rootfs/zeros", type: "0").with { $0.content = .zeros(20 << 20) }
        try ACIBuilder(name: "example.com/large").entry(entry).write(to: path, .gzip)

        let error = #expect(throws: Failure.self) {
            try fixture.store.importImage(from: Descriptor.open(path), latest: false)
        }

        #expect(error?.description.contains("No space left on device") == true)
        #expect(try fixture.files().count == 2)
        #expect(try fixture.store.list() == [small])
        try fixture.add("example.com/b")
        #expect(try fixture.store.list().count == 2)
    }

    @Test(.enabled(if: Requirements.root, "needs root"))
    func `a read-only data directory can be read, and says in one line why it is not written`() throws {
        try mkdirAll(fixture.data)
        try mount("tmpfs", fixture.data, "size=30m")
        defer { umount2(fixture.data.string, CInt(MNT_DETACH)) }
        let info = try fixture.add()
        for suffix in ["-wal", "-shm"] {
            unlink(fixture.data.appending("cas/db/index.sqlite\(suffix)").string)
        }
        _ = Glibc.mount("", fixture.data.string, "", UInt(MS_REMOUNT | MS_RDONLY), nil)

        #expect(try fixture.store.list() == [info])
        #expect(try fixture.store.best(named: imageName("example.com/a:1")) == info)
        #expect(try fixture.store.manifest(of: info.id).name.rawValue == "example.com/a")
        let error = #expect(throws: Failure.self) { try fixture.add("example.com/b") }
        #expect(
            error?.description.hasPrefix("cannot write the image store '\(fixture.data)/cas': ") == true
                && error?.description.hasSuffix("Read-only file system") == true)
        let removal = #expect(throws: ImageStoreError.self) { try fixture.store.remove(info.id) }
        #expect(removal.map { "\($0)" }?.hasPrefix("cannot remove image with ID: \(info.id) from db: ") == true)
        fixture.touchQuietly(info.id)
    }

    private func mkdirAll(_ path: FilePath) throws { try LinuxSystem.makeDirectories(path, mode: 0o755) }

    private func mount(_ type: String, _ target: FilePath, _ options: String) throws {
        try check("mount", "'\(target)'") { Glibc.mount(type, target.string, type, 0, options) }
    }
}

extension Descriptor {
    /// Cuts the file although this descriptor is for reading only.
    fileprivate borrowing func setSizeThroughPath(_ bytes: UInt64) throws {
        try Descriptor.open(FilePath(procPath), [.writeOnly]).setSize(bytes)
    }
}

extension StoreFixture {
    /// Must not fail where nothing can be written.
    fileprivate func touchQuietly(_ id: ImageID) { try? store.touch(id) }
}
