import CSQLite

/// One connection to an SQLite database.
final class Database {
    private var handle: OpaquePointer?

    /// Opens an existing file; read-only where the file or its file system is.
    ///
    /// With `immutable` nothing is locked and no other file is looked at; for directories that cannot be written.
    init(_ path: String, immutable: Bool = false) throws(ImageStoreError) {
        let name = immutable ? "file:\(Self.escaped(path))?immutable=1" : path
        let flags = immutable ? SQLITE_OPEN_READONLY | SQLITE_OPEN_URI : SQLITE_OPEN_READWRITE
        let status = sqlite3_open_v2(name, &handle, flags | SQLITE_OPEN_NOMUTEX, nil)
        if status != SQLITE_OK {
            let reason = error
            sqlite3_close(handle)
            handle = nil
            throw reason
        }
        sqlite3_busy_timeout(handle, Self.busyMilliseconds)
        // The log stays when the last connection goes: the next one need not make it anew, and a read-only one could not.
        var keep: CInt = 1
        sqlite3_file_control(handle, nil, SQLITE_FCNTL_PERSIST_WAL, &keep)
    }

    deinit { sqlite3_close(handle) }

    /// How long to wait for another process: its transactions take milliseconds, but its disk may be busy.
    private static let busyMilliseconds: CInt = 30_000

    enum Value {
        case text(String)
        case integer(Int64)
    }

    /// Runs one statement that gives no rows.
    func execute(_ sql: String, _ values: [Value] = []) throws(ImageStoreError) {
        _ = try rows(sql, values) { _ in }
    }

    /// Runs one statement; `decode` may use the row only while it runs.
    func rows<Result>(
        _ sql: String, _ values: [Value] = [], _ decode: (Row) throws(ImageStoreError) -> Result
    ) throws(ImageStoreError) -> [Result] {
        var statement: OpaquePointer?
        guard sqlite3_prepare_v2(handle, sql, -1, &statement, nil) == SQLITE_OK else { throw error }
        defer { sqlite3_finalize(statement) }
        for (index, value) in values.enumerated() {
            let position = CInt(index + 1)
            switch value {
            case .text(let text): sqlite3_bind_text(statement, position, text, -1, Self.transient)
            case .integer(let number): sqlite3_bind_int64(statement, position, number)
            }
        }
        var results: [Result] = []
        while true {
            switch sqlite3_step(statement) {
            case SQLITE_ROW: results.append(try decode(Row(statement: statement)))
            case SQLITE_DONE: return results
            default: throw error
            }
        }
    }

    /// Does everything in `body` or nothing; waits for other writers first.
    func transaction(_ body: () throws(ImageStoreError) -> Void) throws(ImageStoreError) {
        try execute("BEGIN IMMEDIATE")
        do throws(ImageStoreError) {
            try body()
            try execute("COMMIT")
        } catch {
            try? execute("ROLLBACK")  // it was undone already when the disk is full
            throw error
        }
    }

    /// How many rows the last statement changed.
    var changedRows: Int { Int(sqlite3_changes(handle)) }

    private var error: ImageStoreError {
        let message = sqlite3_errmsg(handle).map { String(cString: $0) } ?? "out of memory"
        // An I/O error with one of these details: there is no room for the memory that processes share.
        let sharedMemoryErrors: [CInt] = [18, 19, 20, 21].map { SQLITE_IOERR | $0 << 8 }
        let isUnavailable =
            sqlite3_errcode(handle) & 0xff == SQLITE_CANTOPEN
            || sharedMemoryErrors.contains(sqlite3_extended_errcode(handle))
        return isUnavailable ? .indexUnavailable(message) : .index(message)
    }

    /// The macro SQLITE_TRANSIENT, which casts -1 to a function: SQLite copies the text before the call returns.
    nonisolated(unsafe) private static let transient = unsafeBitCast(-1, to: sqlite3_destructor_type.self)  // constant

    private static func escaped(_ path: String) -> String {
        var text = ""
        for character in path {
            switch character {
            case "%": text += "%25"
            case "?": text += "%3f"
            case "#": text += "%23"
            default: text.append(character)
            }
        }
        return text
    }
}

/// The row a statement has come to.
struct Row {
    fileprivate let statement: OpaquePointer?

    func integer(_ column: CInt) -> Int64 { sqlite3_column_int64(statement, column) }

    func text(_ column: CInt) -> String { sqlite3_column_text(statement, column).map { String(cString: $0) } ?? "" }
}
