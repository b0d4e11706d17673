package import LinuxSystem

/// Writes a tar archive: ustar, with pax headers only where ustar is too small.
///
/// The same entries in the same order give the same bytes. Paths are written as they are. ``finish()`` must be the last
/// call; without it the archive is incomplete. Nothing is synced.
package struct TarWriter: ~Copyable {
    private let output: TarOutput

    /// Starts at the position of the file.
    ///
    /// `compression` is `.none` or `.gzip`.
    package init(writingTo file: consuming Descriptor, compression: Compression = .none) throws {
        output = try TarOutput(file, compression: compression)
    }

    /// Starts a plain archive at the beginning of an empty file; ``finishHashed()`` gives its digest.
    ///
    /// `growth` hears how far the file is.
    package init(hashing file: consuming Descriptor, growth: BlobGrowth? = nil) throws {
        output = try TarOutput(file, compression: .none, isHashing: true, growth: growth)
    }

    /// Adds an entry with data from memory.
    ///
    /// `entry.size` is set to the size of the data.
    package mutating func add(_ entry: ArchiveEntry, data: [UInt8] = []) throws {
        var entry = entry
        entry.size = UInt64(data.count)
        try begin(entry)
        try output.write(data)
        try output.writeZeros(TarHeader.padding(after: entry.size))
    }

    /// Adds a regular file with `entry.size` bytes from the start of `data`.
    ///
    /// - Throws: ``ArchiveError/sizeChanged(path:)`` when there are fewer.
    package mutating func add(_ entry: ArchiveEntry, data: borrowing Descriptor) throws {
        try begin(entry)
        do {
            try copy(data, count: entry.size)
        } catch ArchiveError.truncated {
            throw ArchiveError.sizeChanged(path: entry.path)
        }
        try output.writeZeros(TarHeader.padding(after: entry.size))
    }

    /// Adds a regular file with `entry.size` bytes from `offset` of another file, which must have them.
    package mutating func add(_ entry: ArchiveEntry, from file: borrowing Descriptor, at offset: UInt64) throws {
        try begin(entry)
        try output.copy(from: file, at: offset, count: entry.size)
        try output.writeZeros(TarHeader.padding(after: entry.size))
    }

    /// Ends an archive that was started by ``init(hashing:)``: its SHA-512 digest, and its bytes.
    package mutating func finishHashed() throws -> (digest: [UInt8], size: UInt64) {
        try finish()
        return (output.finishDigest(), output.size)
    }

    /// Ends the archive and hands everything to the file.
    package mutating func finish() throws {
        try output.writeZeros(2 * TarHeader.blockSize)
        try output.finish()
    }

    private func begin(_ entry: ArchiveEntry) throws {
        switch entry.content {
        case .characterDevice(let major, let minor), .blockDevice(let major, let minor):
            if max(major, minor) > 0o7_777_777 {
                throw ArchiveError.notRepresentable(path: entry.path, "device number too large")
            }
        default: break
        }
        try output.write(TarHeader.blocks(for: entry))
    }

    private func copy(_ data: borrowing Descriptor, count: UInt64) throws {
        if output.isPlain && count > 1 << 16 {
            try output.flush()
            return try copyRange(from: data, at: 0, count: count, to: output.descriptor)
        }
        try data.seek(to: 0)
        let buffer = ByteBuffer(Int(clamping: min(max(count, 1), 1 << 18)))
        var left = count
        while left > 0 {
            let piece = UnsafeMutableRawBufferPointer(rebasing: buffer.bytes[..<Int(clamping: min(left, 1 << 18))])
            let got = try data.read(into: piece)
            if got == 0 { throw ArchiveError.truncated }
            try output.write(UnsafeRawBufferPointer(rebasing: piece[..<got]))
            left -= UInt64(got)
        }
    }
}
