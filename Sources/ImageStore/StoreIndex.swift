import AppContainer
import LinuxSystem
import SystemPackage

/// Which images there are and where they came from: the tables of the store.
///
/// Source: rkt 1.30.0, store/imagestore/schema.go; the database is another one and counts its versions by itself.
final class StoreIndex {
    /// The format of the whole store, not only of the tables.
    static let version: Int64 = 2
    /// The first version that remembers signers.
    private static let originVersion: Int64 = 2

    private let path: FilePath
    private var connection: Database?

    init(_ path: FilePath) { self.path = path }

    /// The same index, opened again when it is needed: what failed to open or was read-only may be better now.
    func afresh() -> StoreIndex {
        connection = nil
        return self
    }

    /// The connection for reading; `nil` when there is no index yet.
    func reader() throws -> Database? {
        if let connection { return connection }
        do {
            _ = try FileStatus(of: path)
        } catch  where error.errno == .noSuchFileOrDirectory {
            return nil
        }
        connection = try open()
        return connection
    }

    private func open() throws(ImageStoreError) -> Database {
        do {
            let database = try Database(path.string)
            try checkVersion(of: database)
            return database
        } catch .indexUnavailable {
            // A directory that cannot be written: the lock files of SQLite cannot be made there.
            let database = try Database(path.string, immutable: true)
            try checkVersion(of: database)
            return database
        }
    }

    /// An older version can be read as it is; ``writer(_:)`` brings it up to date.
    @discardableResult
    private func checkVersion(of database: Database) throws(ImageStoreError) -> Int64 {
        let versions = try database.rows("SELECT version FROM version") { $0.integer(0) }
        guard let version = versions.first, version > 0 else { throw .indexDamaged("it has no version") }
        if version > Self.version { throw .indexTooNew(version: version, expected: Self.version) }
        return version
    }

    /// The connection for changes; makes the tables when they are missing.
    ///
    /// What is committed is on the disk.
    func writer(_ layout: StoreLayout) throws -> Database {
        if !exists(path) { try create(layout) }
        guard let database = try reader() else { throw ImageStoreError.indexUnavailable("no such file") }
        try database.execute("PRAGMA synchronous=FULL")
        _ = try database.rows("PRAGMA journal_size_limit=0") { $0.integer(0) }
        try migrate(database)
        return database
    }

    /// Brings tables of an older version up to date, all at once or not at all.
    private func migrate(_ database: Database) throws(ImageStoreError) {
        if try checkVersion(of: database) == Self.version { return }
        try database.transaction { () throws(ImageStoreError) in
            // Another process may have been faster.
            var version = try checkVersion(of: database)
            while version < Self.version {
                for statement in Self.migrations[Int(version) - 1] { try database.execute(statement) }
                version += 1
            }
            try database.execute("UPDATE version SET version = ?", [.integer(version)])
        }
    }

    /// Made beside its name and renamed, so that nobody sees an index without tables.
    private func create(_ layout: StoreLayout) throws {
        let directory = try Descriptor.open(path.removingLastComponent(), [.directory])
        try directory.lock(.exclusive)
        if exists(path) { return try directory.unlock() }
        let name = ".new-\(hexadecimal(try randomBytes(6)))"
        let temporary = path.removingLastComponent().appending(name)
        do {
            let file = try directory.open(name, [.readWrite, .create, .exclusive], mode: 0o600)
            try layout.share(file)
            try fill(Database(temporary.string))
            for suffix in ["-wal", "-shm"] { try directory.removeFile(name + suffix) }
            try file.sync()
            try directory.rename(name, to: directory, as: path.lastComponent?.string ?? "")
            try directory.sync()
        } catch {
            for suffix in ["", "-wal", "-shm", "-journal"] {
                try? directory.removeFile(name + suffix)  // the first error counts
            }
            throw error
        }
        try directory.unlock()
    }

    private func fill(_ database: consuming Database) throws(ImageStoreError) {
        _ = try database.rows("PRAGMA journal_mode=WAL") { $0.text(0) }
        try database.transaction { () throws(ImageStoreError) in
            for statement in Self.schema { try database.execute(statement) }
            for statement in Self.migrations.joined() { try database.execute(statement) }
            try database.execute("INSERT INTO version VALUES (?)", [.integer(Self.version)])
        }
    }

    /// Version 1.
    private static let schema = [
        "CREATE TABLE version (version INTEGER NOT NULL)",
        """
        CREATE TABLE aciinfo (blobkey TEXT PRIMARY KEY, name TEXT NOT NULL, importtime INTEGER NOT NULL,
        lastused INTEGER NOT NULL, latest INTEGER NOT NULL, size INTEGER NOT NULL,
        treestoresize INTEGER NOT NULL) WITHOUT ROWID
        """,
        "CREATE INDEX aciinfo_name ON aciinfo (name)",
        """
        CREATE TABLE remote (aciurl TEXT PRIMARY KEY, sigurl TEXT NOT NULL, etag TEXT NOT NULL, blobkey TEXT NOT NULL,
        cachemaxage INTEGER NOT NULL, downloadtime INTEGER NOT NULL) WITHOUT ROWID
        """,
    ]

    /// What each version adds to the one before, from version 2 on.
    ///
    /// Version 2: where images came from, who signed them, and `aciinfo.latest` says when and not only whether.
    private static let migrations: [[String]] = [
        [
            """
            CREATE TABLE origin (blobkey TEXT PRIMARY KEY, reference TEXT NOT NULL, insecureoptions TEXT NOT NULL,
            fetchtime INTEGER NOT NULL) WITHOUT ROWID
            """,
            """
            CREATE TABLE signer (blobkey TEXT NOT NULL, position INTEGER NOT NULL, fingerprint TEXT NOT NULL,
            identity TEXT NOT NULL, PRIMARY KEY (blobkey, position)) WITHOUT ROWID
            """,
            "UPDATE aciinfo SET latest = importtime WHERE latest <> 0",
        ]
    ]
}

extension StoreIndex {
    /// `latest` is when the image was fetched without a version last, 0 for never.
    private static let columns = "blobkey, name, importtime, lastused, latest, size, treestoresize"

    /// All images, the oldest import first.
    func all() throws -> [ImageInfo] {
        try reader()?.rows("SELECT \(Self.columns) FROM aciinfo ORDER BY importtime, blobkey", [], Self.info) ?? []
    }

    func info(_ key: ImageID) throws -> ImageInfo? {
        try reader()?.rows(
            "SELECT \(Self.columns) FROM aciinfo WHERE blobkey = ?", [.text("\(key)")], Self.info
        ).first
    }

    /// Images with exactly this name: where `preferringLatest`, those fetched without a version first; then by import,
    /// the newest first.
    func images(named name: ACIdentifier, preferringLatest: Bool) throws -> [ImageInfo] {
        let order = preferringLatest ? "latest DESC, importtime DESC" : "importtime DESC"
        return try reader()?.rows(
            "SELECT \(Self.columns) FROM aciinfo WHERE name = ? ORDER BY \(order)", [.text(name.rawValue)], Self.info)
            ?? []
    }

    /// Adds an image, or says that it was imported again: the size of its tree stays, and that it was fetched without a
    /// version does.
    func put(_ info: ImageInfo, _ origin: ImageOrigin?, _ layout: StoreLayout) throws {
        let database = try writer(layout)
        try database.transaction { () throws(ImageStoreError) in
            try database.execute(
                """
                INSERT INTO aciinfo (\(Self.columns)) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (blobkey) DO UPDATE SET
                importtime = excluded.importtime, lastused = excluded.lastused, size = excluded.size,
                latest = MAX(latest, excluded.latest)
                """,
                [
                    .text("\(info.id)"), .text(info.name.rawValue), .integer(info.importTime),
                    .integer(info.lastUsed), .integer(info.latest ? max(info.importTime, 1) : 0),
                    .integer(Int64(clamping: info.size)), .integer(Int64(clamping: info.treeSize)),
                ])
            if let origin { try Self.put(origin, of: info.id, database) }
        }
    }

    /// - Returns: whether the image was there.
    func setTreeSize(of key: ImageID, _ bytes: UInt64, _ layout: StoreLayout) throws -> Bool {
        let database = try writer(layout)
        try database.execute(
            "UPDATE aciinfo SET treestoresize = ? WHERE blobkey = ?",
            [.integer(Int64(clamping: bytes)), .text("\(key)")])
        return database.changedRows > 0
    }

    /// Forgets an image and where it came from.
    func remove(_ key: ImageID, _ layout: StoreLayout) throws {
        let database = try writer(layout)
        try database.transaction { () throws(ImageStoreError) in
            for table in ["aciinfo", "remote", "origin", "signer"] {
                try database.execute("DELETE FROM \(table) WHERE blobkey = ?", [.text("\(key)")])
            }
        }
    }

    /// The connection for reading what version 1 does not have; `nil` for an index of version 1.
    func originReader() throws -> Database? {
        guard let database = try reader() else { return nil }
        return try checkVersion(of: database) >= Self.originVersion ? database : nil
    }

    private static func info(_ row: Row) throws(ImageStoreError) -> ImageInfo {
        do {
            return ImageInfo(
                id: try ImageID(parsing: row.text(0)), name: try ACIdentifier(row.text(1)), importTime: row.integer(2),
                lastUsed: row.integer(3), latest: row.integer(4) != 0, size: UInt64(clamping: row.integer(5)),
                treeSize: UInt64(clamping: row.integer(6)))
        } catch {
            throw .indexDamaged("\(error)")
        }
    }
}
