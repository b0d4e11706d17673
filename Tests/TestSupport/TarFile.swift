import Glibc
package import SystemPackage

/// Writes tar archives for tests; knows nothing of the code under test, and refuses nothing.
package struct TarFile {
    private let descriptor: CInt

    /// Writes `entries` to `path`, with two zero blocks at the end unless `cutOff`.
    package static func write(_ entries: [TarEntry], to path: FilePath, cutOff: Bool = false) throws {
        let descriptor = open(path.string, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        if descriptor == -1 { throw Trouble("create \(path): errno \(errno)") }
        defer { close(descriptor) }
        let file = TarFile(descriptor: descriptor)
        for entry in entries { try file.write(entry) }
        if !cutOff { try writeAll([UInt8](repeating: 0, count: 1024), to: descriptor) }
    }

    private func write(_ entry: TarEntry) throws {
        var records = entry.records
        if entry.name.count > 100 { records.insert((key: "path", value: entry.name), at: 0) }
        if entry.link.count > 100 { records.insert((key: "linkpath", value: entry.link), at: 0) }
        if entry.user >= 1 << 21 { records.append((key: "uid", value: Array(String(entry.user).utf8))) }
        if entry.group >= 1 << 21 { records.append((key: "gid", value: Array(String(entry.group).utf8))) }
        if !records.isEmpty { try writeRecords(records) }

        let size = try self.size(of: entry.content)
        try writeAll(header(entry, size: entry.claimedSize ?? size), to: descriptor)
        try writeContent(entry.content)
        try writeAll([UInt8](repeating: 0, count: Int((512 - size % 512) % 512)), to: descriptor)
    }

    private func writeRecords(_ records: [(key: String, value: [UInt8])]) throws {
        var bytes: [UInt8] = []
        for (key, value) in records {
            let rest = 1 + key.utf8.count + 1 + value.count + 1
            var total = rest + String(rest).utf8.count
            if String(total).utf8.count != String(rest).utf8.count { total = rest + String(total).utf8.count }
            bytes += Array("\(total) \(key)=".utf8) + value + [10]
        }
        var entry = TarEntry("PaxHeaders/x", type: "x")
        entry.content = .bytes(bytes)
        try write(entry)
    }

    private func size(of content: TarEntry.Content) throws -> UInt64 {
        switch content {
        case .bytes(let bytes): UInt64(bytes.count)
        case .file(let path): try FileFacts(path).size
        case .zeros(let count): count
        }
    }

    private func writeContent(_ content: TarEntry.Content) throws {
        switch content {
        case .bytes(let bytes): try writeAll(bytes, to: descriptor)
        case .file(let path): try writeAll(readBytes(path), to: descriptor)
        case .zeros(let count):
            let end = lseek(descriptor, 0, SEEK_END) + off_t(count)
            if ftruncate(descriptor, end) == -1 { throw Trouble("ftruncate: errno \(errno)") }
            lseek(descriptor, end, SEEK_SET)
        }
    }

    private func header(_ entry: TarEntry, size: UInt64) -> [UInt8] {
        var block = [UInt8](repeating: 0, count: 512)
        func put(_ bytes: some Collection<UInt8>, at offset: Int, _ width: Int) {
            for (index, byte) in bytes.prefix(width).enumerated() { block[offset + index] = byte }
        }
        func put(number: UInt64, at offset: Int, _ width: Int) {
            let digits = String(number, radix: 8)
            let padding = String(repeating: "0", count: max(0, width - 1 - digits.count))
            if digits.count < width { return put((padding + digits).utf8, at: offset, width) }
            block[offset] = 0x80  // too large for octal: base 256, as GNU tar does
            for index in 0..<min(8, width - 1) {
                block[offset + width - 1 - index] = UInt8(truncatingIfNeeded: number >> (8 * index))
            }
        }
        put(entry.name, at: 0, 100)
        put(number: UInt64(entry.mode), at: 100, 8)
        put(number: entry.user, at: 108, 8)
        put(number: entry.group, at: 116, 8)
        put(number: size, at: 124, 12)
        put(number: entry.time, at: 136, 12)
        put(String(entry.type).utf8, at: 156, 1)
        put(entry.link, at: 157, 100)
        put("ustar\u{0}00".utf8, at: 257, 8)
        put(number: UInt64(entry.device.major), at: 329, 8)
        put(number: UInt64(entry.device.minor), at: 337, 8)
        put("        ".utf8, at: 148, 8)
        let sum = block.reduce(0) { $0 + UInt64($1) }
        put(number: sum, at: 148, 7)
        block[155] = 32
        return block
    }
}

/// How an archive is packed.
package enum Packing: String, CaseIterable, Sendable, CustomStringConvertible {
    case plain, gzip, bzip2, xz, zstd

    package var description: String { rawValue }

    /// Packs `path` in place.
    package func apply(to path: FilePath, options: [String] = []) throws {
        guard self != .plain else { return }
        let target = "\(path.string).packed"
        var command = Command("/bin/sh", ["-c", "\"$0\" \"$@\" < '\(path)' > '\(target)'", rawValue, "-c"] + options)
        command.timeLimit = .seconds(300)
        let result = try command.run()
        if result.status != 0 { throw Trouble("\(result)") }
        if rename(target, path.string) == -1 { throw Trouble("rename \(target): errno \(errno)") }
    }
}
