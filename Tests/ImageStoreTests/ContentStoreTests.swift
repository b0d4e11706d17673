import AppContainer
import ImageArchive
import ImageStore
import LinuxSystem
import SystemPackage
import TestSupport
import Testing

@Suite struct ContentStoreTests {
    let fixture: StoreFixture

    init() throws { fixture = try StoreFixture() }

    @Test func `an image can be found, read and listed after its import`() throws {
        let info = try fixture.add(latest: true, now: 7_000)
        let store = try fixture.store

        #expect(try store.list() == [info])
        #expect((info.importTime, info.lastUsed, info.latest, info.treeSize) == (7_000, 7_000, true, 0))
        #expect(try store.manifest(of: info.id).name.rawValue == "example.com/a")
        #expect(try store.openBlob(info.id).size() == info.size)
        let digest = try Command("/bin/sh", ["-c", "sha512sum < '\(store.blobPath(of: info.id))'"]).run().output
        #expect("\(info.id)" == "sha512-" + digest.prefix(64))
        #expect(try fixture.files().count == 2)
    }

    @Test func `a store that does not exist is empty`() throws {
        let store = try fixture.store

        #expect(try store.list().isEmpty)
        #expect(throws: ImageStoreError.noImageIDsFound) { try store.resolve("sha512-ab") }
        #expect(throws: ImageStoreError.noSuchImage(try imageName("example.com/a"))) {
            try store.best(named: imageName("example.com/a"))
        }
        #expect(!exists(fixture.data))
        #expect(try store.collectTemporaryFiles().isEmpty)
    }

    @Test func `importing again refreshes times and latest, and keeps one copy and the tree's size`() throws {
        let first = try fixture.add(latest: false, now: 1)
        try fixture.store.setTreeSize(of: first.id, 4096)
        let second = try fixture.add(latest: true, now: 2)

        #expect(second.id == first.id)
        let all = try fixture.store.list()
        #expect(all.count == 1)
        #expect((all[0].importTime, all[0].latest, all[0].treeSize) == (2, true, 4096))
        #expect(try fixture.files().count == 2)
    }

    @Test func `using an image is remembered`() throws {
        let info = try fixture.add(now: 1)
        try fixture.store.touch(info.id, now: 5_000_000_000)

        #expect(try fixture.store.info(of: info.id).lastUsed == 5_000_000_000)
    }

    @Test func `an ID is resolved by its first digits`() throws {
        var ids: [ImageID] = []
        for number in 0..<40 { ids.append(try fixture.add(content: "\(number)").id) }
        let store = try fixture.store
        let shards = Dictionary(grouping: ids) { "\($0)".prefix(9) }
        let crowded = try #require(shards.first { $0.value.count > 1 })
        let alone = try #require(shards.first { $0.value.count == 1 })

        #expect(try store.resolve(String(alone.key)) == alone.value[0])
        #expect(try store.resolve("\(alone.value[0])".uppercased().replacing("SHA", with: "sha")) == alone.value[0])
        #expect(try store.resolve("\(alone.value[0])" + String(repeating: "0", count: 64)) == alone.value[0])
        #expect(throws: ImageStoreError.ambiguousImageID(String(crowded.key))) {
            try store.resolve(String(crowded.key))
        }
    }

    @Test(arguments: [
        ("sha256-abcd", ImageStoreError.wrongKeyPrefix), ("abcd", .wrongKeyPrefix), ("sha512-a", .imageIDTooShort),
        ("sha512-", .imageIDTooShort), ("sha512-../../etc/passwd", .noImageIDsFound), ("sha512-0123", .noImageIDsFound),
    ])
    func `an ID that is none says so`(text: String, error: ImageStoreError) throws {
        try fixture.add()
        #expect(throws: error) { try fixture.store.resolve(text) }
    }

    @Test func `by name, latest wins unless a version is asked for, then the newest import`() throws {
        let one = try fixture.add(version: "1", now: 1)
        let latest = try fixture.add(version: "2", latest: true, now: 2)
        let three = try fixture.add(version: "3", now: 3)
        let again = try fixture.add(version: "1", content: "other", now: 4)
        try fixture.add("example.com/ab", now: 5)
        let store = try fixture.store

        #expect(try store.best(named: imageName("example.com/a")).id == latest.id)
        #expect(try store.best(named: imageName("example.com/a:1")).id == again.id)
        #expect(try store.best(named: imageName("example.com/a:3,os=linux")).id == three.id)
        #expect(try store.images(named: imageName("example.com/a:1")).map(\.id) == [again.id, one.id])
        #expect(try store.images(named: imageName("example.com/a")).count == 4)
        let missing = #expect(throws: ImageStoreError.self) {
            try store.best(named: imageName("example.com/a:9,arch=amd64"))
        }
        #expect(
            missing.map { "\($0)" } == "cannot find aci satisfying name: \"example.com/a\" and labels: "
                + "[\"arch\":\"amd64\", \"version\":\"9\"] in the local store")
    }

    @Test func `a removed image leaves nothing`() throws {
        let info = try fixture.add()
        let other = try fixture.add("example.com/b")
        try fixture.store.remove(info.id)

        #expect(try fixture.store.list() == [other])
        #expect(try fixture.files().count == 2)
        #expect(throws: ImageStoreError.noSuchKey(info.id)) { try fixture.store.manifest(of: info.id) }
        #expect(throws: ImageStoreError.noSuchKey(info.id)) { _ = try fixture.store.openBlob(info.id) }
        #expect(throws: ImageStoreError.noSuchKey(info.id)) { try fixture.store.remove(info.id) }
        #expect(throws: ImageStoreError.noImageIDsFound) { try fixture.store.resolve("\(info.id)") }
    }

    @Test func `a refused image leaves nothing, and the store can be used after`() throws {
        let path = fixture.directory.path.appending("bad")
        try ACIBuilder(name: "example.com/a").manifest("{}").write(to: path)

        #expect(throws: ArchiveError.self) { try fixture.store.importImage(from: Descriptor.open(path), latest: false) }
        #expect(try fixture.files().isEmpty)
        try fixture.add()
        #expect(try fixture.store.list().count == 1)
    }

    @Test(arguments: ["/", "/dev/zero"])
    func `what is no file is refused before anything is made`(path: String) throws {
        #expect(throws: ArchiveError.notARegularFile) {
            try fixture.store.importImage(from: Descriptor.open(FilePath(path)), latest: false)
        }
        #expect(!exists(fixture.data))
    }

    @Test func `several processes' worth of imports at once agree`() async throws {
        try LinuxSystem.makeDirectories(fixture.data, mode: 0o755)
        let paths = try (0..<3).map { number in
            try ACIBuilder(name: "example.com/n\(number)").write(
                to: fixture.directory.path.appending("image-\(number)"), .gzip)
        }
        let data = fixture.data
        try await withThrowingTaskGroup(of: ImageID.self) { group in
            for number in 0..<12 {
                let path = paths[number % 3]
                group.addTask {
                    let store = try ContentStore(dataDirectory: data)
                    return try store.importImage(from: Descriptor.open(path), latest: false).id
                }
            }
            var ids: Set<ImageID> = []
            for try await id in group { ids.insert(id) }
            #expect(ids.count == 3)
        }
        #expect(try fixture.store.list().count == 3)
        #expect(try fixture.files().count == 6)
    }

    @Test func `a store of a later version is not touched`() throws {
        try fixture.add()
        let sql =
            "import sqlite3; c = sqlite3.connect('\(fixture.data)/cas/db/index.sqlite');"
            + "c.execute('UPDATE version SET version = 99'); c.commit()"
        #expect(try Command("/usr/bin/python3", ["-c", sql]).run().status == 0)

        let error = #expect(throws: ImageStoreError.self) { try fixture.store.list() }
        #expect(
            error.map { "\($0)" }
                == "current store db version: 99 (greater than the current rkt expected version: 2)")
        #expect(throws: (any Error).self) { try fixture.add() }
    }

    @Test func `a data directory that is a file is named`() throws {
        try writeText("", to: fixture.data)
        #expect(throws: ImageStoreError.notADirectory("\(fixture.data)")) { try fixture.store }
    }

    @Test func `directories and files are for root and a group, whatever the umask`() throws {
        let info = try fixture.add()
        let store = try fixture.store

        for (path, mode) in [
            ("cas", 0o770), ("cas/db", 0o770), ("cas/tmp", 0o770), ("cas/blob/sha512", 0o770),
            ("cas/db/index.sqlite", 0o660), ("cas/imagelocks/\(info.id)", 0o660),
        ] as [(String, UInt32)] {
            let facts = try FileFacts(fixture.data.appending(path))
            #expect(facts.permissions & 0o777 == mode, "\(path)")
        }
        #expect(try FileFacts(store.blobPath(of: info.id)).permissions == 0o660)
    }
}
