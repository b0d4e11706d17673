import CLinux
import Glibc
package import SystemPackage

extension Descriptor {
    /// Reads at most `buffer.count` bytes; 0 at the end.
    package borrowing func read(into buffer: UnsafeMutableRawBufferPointer) throws(SystemCallError) -> Int {
        let number = raw
        return try check("read", "descriptor \(number)") { Glibc.read(number, buffer.baseAddress, buffer.count) }
    }

    /// One byte, `nil` at the end.
    package borrowing func readByte() throws(SystemCallError) -> UInt8? {
        let number = raw
        var byte: UInt8 = 0
        let count = try check("read", "descriptor \(number)") { Glibc.read(number, &byte, 1) }
        return count == 1 ? byte : nil
    }

    /// Reads at an offset and leaves the file position alone.
    package borrowing func read(
        into buffer: UnsafeMutableRawBufferPointer, at offset: Int64
    ) throws(SystemCallError) -> Int {
        let number = raw
        return try check("pread", "descriptor \(number)") {
            pread(number, buffer.baseAddress, buffer.count, off_t(offset))
        }
    }

    /// Writes every byte, however often the kernel takes only a part.
    package borrowing func writeAll(_ bytes: UnsafeRawBufferPointer) throws(SystemCallError) {
        let number = raw
        var done = 0
        while done < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[done...])
            done += try check("write", "descriptor \(number)") { Glibc.write(number, rest.baseAddress, rest.count) }
        }
    }

    package borrowing func writeAll(_ bytes: [UInt8]) throws(SystemCallError) {
        let number = raw
        var done = 0
        while done < bytes.count {
            done += try check("write", "descriptor \(number)") {
                bytes.withUnsafeBytes { Glibc.write(number, $0.baseAddress.map { $0 + done }, $0.count - done) }
            }
        }
    }

    package borrowing func writeAll(_ text: String) throws(SystemCallError) { try writeAll(Array(text.utf8)) }

    /// Everything from the file position to the end; more than `limit` bytes is `EFBIG`.
    package borrowing func readAll(limit: Int = defaultReadLimit) throws(SystemCallError) -> [UInt8] {
        let number = raw
        var content: [UInt8] = []
        var capacity = 4096
        while true {
            let start = content.count
            var failed: SystemCallError?
            var got = 0
            content.append(
                contentsOf: [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
                    do throws(SystemCallError) {
                        got = try check("read", "descriptor \(number)") {
                            Glibc.read(number, buffer.baseAddress, buffer.count)
                        }
                    } catch {
                        failed = error
                    }
                    count = got
                })
            if let failed { throw failed }
            if got == 0 { return content }
            guard start + got <= limit else {
                throw SystemCallError(call: "read", subject: "more than \(limit) bytes", errno: Errno(rawValue: EFBIG))
            }
            capacity = min(max(4096, content.count), 1 << 20)
        }
    }

    /// The size in bytes of a regular file.
    package borrowing func size() throws(SystemCallError) -> UInt64 { try FileStatus(of: self).size }

    /// Moves the file position.
    @discardableResult
    package borrowing func seek(to offset: Int64) throws(SystemCallError) -> Int64 {
        let number = raw
        return Int64(try check("lseek", "descriptor \(number)") { lseek(number, off_t(offset), SEEK_SET) })
    }

    /// Content and metadata are on the disk when this returns.
    package borrowing func sync() throws(SystemCallError) {
        let number = raw
        try check("fsync", "descriptor \(number)") { fsync(number) }
    }

    /// Content, and what is needed to find it, is on the disk when this returns.
    package borrowing func dataSync() throws(SystemCallError) {
        let number = raw
        try check("fdatasync", "descriptor \(number)") { fdatasync(number) }
    }

    /// Everything of the file system that holds this file is on the disk when this returns.
    package borrowing func syncFileSystem() throws(SystemCallError) {
        let number = raw
        try check("syncfs", "descriptor \(number)") { clinux_syncfs(number) }
    }

    /// Sets owner, then mode, so that set-user-id bits survive.
    package borrowing func setOwner(_ user: UInt32, _ group: UInt32, mode: UInt32) throws(SystemCallError) {
        let number = raw
        try check("fchown", "descriptor \(number)") { fchown(number, user, group) }
        try check("fchmod", "descriptor \(number)") { fchmod(number, mode_t(mode & 0o7777)) }
    }

    package borrowing func setMode(_ mode: UInt32) throws(SystemCallError) {
        let number = raw
        try check("fchmod", "descriptor \(number)") { fchmod(number, mode_t(mode & 0o7777)) }
    }
}

/// What ``Descriptor/readAll(limit:)`` and ``readFile(_:limit:)`` take without being told: 1 MiB, more than any file we keep.
package let defaultReadLimit = 1 << 20

/// The content of a small file; more than `limit` bytes is an error, so a hostile file cannot fill the memory.
///
/// Symlinks are followed; a FIFO is not waited for.
package func readFile(_ path: FilePath, limit: Int = defaultReadLimit) throws(SystemCallError) -> [UInt8] {
    do {
        return try Descriptor.open(path, [.readOnly, .nonBlocking, .noControllingTerminal]).readAll(limit: limit)
    } catch {
        throw SystemCallError(call: error.call, subject: "'\(path)'", errno: error.errno)
    }
}

/// A small file as text; bytes that are no UTF-8 are replaced.
package func readTextFile(_ path: FilePath, limit: Int = defaultReadLimit) throws(SystemCallError) -> String {
    String(decoding: try readFile(path, limit: limit), as: UTF8.self)
}

/// Puts a file in place whole: written beside its name, then renamed over it.
///
/// With `durable` the content and the name are on the disk when this returns; without, a crash of the machine may lose
/// them, a crash of this process cannot. The mode is exact, whatever the umask.
package func writeFile(
    _ content: [UInt8], to path: FilePath, mode: UInt32, durable: Bool
) throws(SystemCallError) {
    let parent = path.removingLastComponent()
    let directory = try Descriptor.open(parent.isEmpty ? "." : parent, [.directory])
    try directory.writeFile(content, name: path.lastComponent?.string ?? "", mode: mode, durable: durable)
}

extension Descriptor {
    /// As ``writeFile(_:to:mode:durable:)``, for a name in this directory.
    package borrowing func writeFile(
        _ content: [UInt8], name: String, mode: UInt32, durable: Bool
    ) throws(SystemCallError) {
        let directory = raw
        let temporary = ".\(name).\(hexadecimal(try randomBytes(6)))"
        let file = try open(temporary, [.writeOnly, .create, .exclusive], mode: 0o600)
        do throws(SystemCallError) {
            try file.writeAll(content)
            try file.setMode(mode)
            if durable { try file.dataSync() }
            try check("renameat", "'\(temporary)' to '\(name)'") { renameat(directory, temporary, directory, name) }
        } catch {
            unlinkat(directory, temporary, 0)
            throw error
        }
        if durable { try sync() }
    }

    /// Makes a file that does not exist yet, in place; for directories that nobody reads before they are complete.
    package borrowing func createFile(_ content: [UInt8], name: String, mode: UInt32) throws(SystemCallError) {
        let file = try open(name, [.writeOnly, .create, .exclusive], mode: mode)
        try file.setMode(mode)
        if !content.isEmpty { try file.writeAll(content) }
    }
}

extension Descriptor {
    /// Makes a file unless something with this name is there, be it a link that leads nowhere.
    package borrowing func createMissingFile(
        _ content: [UInt8], name: String, mode: UInt32
    ) throws(SystemCallError) {
        do {
            try createFile(content, name: name, mode: mode)
        } catch  where error.errno == .fileExists {
            return
        }
    }
}

/// Unpredictable bytes.
///
/// Source: getrandom(2).
package func randomBytes(_ count: Int) throws(SystemCallError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    try check("getrandom", "\(count) bytes") {
        bytes.withUnsafeMutableBytes { clinux_getrandom($0.baseAddress, count) }
    }
    return bytes
}

/// Lower-case hexadecimal digits, two per byte.
package func hexadecimal(_ bytes: some Collection<UInt8>) -> String {
    let digits = Array("0123456789abcdef".utf8)
    var text: [UInt8] = []
    text.reserveCapacity(bytes.count * 2)
    for byte in bytes {
        text.append(digits[Int(byte >> 4)])
        text.append(digits[Int(byte & 15)])
    }
    return String(decoding: text, as: UTF8.self)
}

/// Nanoseconds since 1970.
package func now() -> Int64 { clinux_now() }
