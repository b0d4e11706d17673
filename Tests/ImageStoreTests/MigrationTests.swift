import AppContainer
import ImageStore
import LinuxSystem
import SystemPackage
import TestSupport
import Testing

@Suite struct MigrationTests {
    let fixture: StoreFixture

    init() throws { fixture = try StoreFixture() }

    private func python(_ script: String) throws -> [String] {
        let start = "import sqlite3\nc = sqlite3.connect('\(fixture.data)/cas/db/index.sqlite')\n"
        let result = try Command("/usr/bin/python3", ["-c", start + script + "\nc.commit()"]).run()
        if result.status != 0 { throw Failure("\(result)") }
        return result.lines
    }

    /// Turns the index into one that version 1 would have written.
    private func downgrade() throws {
        _ = try python(
            """
            rows = c.execute('SELECT * FROM aciinfo').fetchall()
            for table in ['version', 'aciinfo', 'remote', 'origin', 'signer']: c.execute('DROP TABLE ' + table)
            c.execute('CREATE TABLE version (version INTEGER NOT NULL)')
            c.execute('INSERT INTO version VALUES (1)')
            c.execute('''CREATE TABLE aciinfo (blobkey TEXT PRIMARY KEY, name TEXT NOT NULL, importtime INTEGER NOT NULL,
            lastused INTEGER NOT NULL, latest INTEGER NOT NULL, size INTEGER NOT NULL,
            treestoresize INTEGER NOT NULL) WITHOUT ROWID''')
            c.execute('CREATE INDEX aciinfo_name ON aciinfo (name)')
            c.execute('''CREATE TABLE remote (aciurl TEXT PRIMARY KEY, sigurl TEXT NOT NULL, etag TEXT NOT NULL,
            blobkey TEXT NOT NULL, cachemaxage INTEGER NOT NULL, downloadtime INTEGER NOT NULL) WITHOUT ROWID''')
            for row in rows: c.execute('INSERT INTO aciinfo VALUES (?,?,?,?,?,?,?)', row[:4] + (row[4] != 0,) + row[5:])
            c.execute("INSERT INTO remote VALUES ('u', 's', 'e', ?, 9, 8)", (rows[0][0],))
            """)
    }

    private func version() throws -> [String] {
        try python("print(c.execute('SELECT version FROM version').fetchone()[0])")
    }

    @Test func `a store of version 1 is read as it is, and brought up to date by the first change`() throws {
        let info = try fixture.add(latest: true, now: 5)
        try downgrade()

        #expect(try fixture.store.list() == [info])
        #expect(try fixture.store.origin(of: info.id) == nil)
        #expect(try fixture.store.remote(for: "u")?.maxAge == 9)
        #expect(try version() == ["1"])

        let old = try fixture.store  // opened before somebody else brings the index up to date
        #expect(try old.list().count == 1)
        let other = try fixture.add("example.com/b", now: 6)
        #expect(try version() == ["2"])
        #expect(try old.origin(of: info.id) == nil)
        #expect(try fixture.store.list() == [info, other])
        #expect(try fixture.store.remote(for: "u")?.id == info.id)
        #expect(
            try python("print(c.execute('SELECT latest FROM aciinfo ORDER BY importtime').fetchall())") == [
                "[(5,), (0,)]"
            ])
    }

    @Test func `a change that fails half-way leaves version 1`() throws {
        let info = try fixture.add(latest: true, now: 5)
        try downgrade()
        _ = try python("c.execute('CREATE TABLE signer (x)')")

        #expect(throws: (any Error).self) { try fixture.add("example.com/b") }

        #expect(try version() == ["1"])
        #expect(try python("print(c.execute('SELECT latest FROM aciinfo').fetchall())") == ["[(1,)]"])
        #expect(try fixture.store.list() == [info])
        _ = try python("c.execute('DROP TABLE signer')")
        try fixture.add("example.com/b")
        #expect(try version() == ["2"])
    }

    @Test func `several processes' worth of changes bring a store up to date once`() async throws {
        let info = try fixture.add(latest: true, now: 5)
        try downgrade()
        let data = fixture.data
        let path = fixture.directory.path.appending("image.aci")
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    let store = try ContentStore(dataDirectory: data)
                    _ = try store.importImage(from: Descriptor.open(path), latest: false, now: 5)
                }
            }
            try await group.waitForAll()
        }
        #expect(try version() == ["2"])
        #expect(try fixture.store.list() == [info])
    }
}
