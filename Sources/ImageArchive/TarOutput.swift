import CArchive
import CLinux
import Digests
import LinuxSystem

/// Where the bytes of an archive go: buffered into a file, or through libarchive's gzip.
final class TarOutput {
    let descriptor: Descriptor
    private let buffer = ByteBuffer(1 << 18)
    private var used = 0
    private var gzip: OpaquePointer?
    private var failure: (any Error)?
    /// What was written, unless nobody wants to know.
    private var digest = SHA512Digest()
    private let isHashing: Bool
    private(set) var size: UInt64 = 0
    private var syncedSize: UInt64 = 0
    private let growth: BlobGrowth?

    init(
        _ descriptor: consuming Descriptor, compression: Compression, isHashing: Bool = false,
        growth: BlobGrowth? = nil
    ) throws {
        self.isHashing = isHashing
        self.growth = growth
        self.descriptor = descriptor
        switch compression {
        case .none: break
        case .gzip: try openGzip()
        default: throw Failure("archives are written as plain tar or with gzip, not with \(compression)")
        }
    }

    deinit { if let gzip { archive_write_free(gzip) } }

    /// Whether data may be copied straight into ``descriptor`` after ``flush()``.
    var isPlain: Bool { gzip == nil && !isHashing }

    func write(_ bytes: UnsafeRawBufferPointer) throws {
        if used + bytes.count > buffer.bytes.count { try flush() }
        if bytes.count > buffer.bytes.count {
            try emit(bytes)
        } else {
            UnsafeMutableRawBufferPointer(rebasing: buffer.bytes[used...]).copyMemory(from: bytes)
            used += bytes.count
        }
    }

    func write(_ bytes: [UInt8]) throws { try bytes.withUnsafeBytes { try write($0) } }

    func writeZeros(_ count: Int) throws { try write([UInt8](repeating: 0, count: count)) }

    func flush() throws {
        let bytes = buffer.prefix(used)
        used = 0
        if !bytes.isEmpty { try emit(bytes) }
    }

    /// Copies a part of a file through the buffer.
    func copy(from file: borrowing Descriptor, at offset: UInt64, count: UInt64) throws {
        var done: UInt64 = 0
        while done < count {
            if used == buffer.bytes.count { try flush() }
            let wanted = Int(clamping: min(count - done, UInt64(buffer.bytes.count - used)))
            let room = UnsafeMutableRawBufferPointer(rebasing: buffer.bytes[used..<used + wanted])
            let got = try file.read(into: room, at: Int64(clamping: offset + done))
            if got == 0 { throw ArchiveError.truncated }
            used += got
            done += UInt64(got)
        }
    }

    /// The SHA-512 digest of everything that was written.
    func finishDigest() -> [UInt8] { digest.finish() }

    /// Lets the disk work while more is written, so that little is left to do when the file is synced.
    private func startWriting() {
        let step: UInt64 = 8 << 20
        guard size - syncedSize >= step else { return }
        // Only a hint: the sync at the end is what counts.
        _ = clinux_start_writing(descriptor.raw, Int64(clamping: syncedSize), Int64(clamping: size - syncedSize))
        syncedSize = size
    }

    func finish() throws {
        try flush()
        if let gzip {
            let status = archive_write_close(gzip)
            if status != ARCHIVE_OK { throw error(of: gzip) }
        }
    }

    private func emit(_ bytes: UnsafeRawBufferPointer) throws {
        guard let gzip else {
            try descriptor.writeAll(bytes)
            size += UInt64(bytes.count)
            growth?.reach(size)
            if isHashing {
                digest.update(bytes)
                startWriting()
            }
            return
        }
        var done = 0
        while done < bytes.count {
            let count = archive_write_data(gzip, bytes.baseAddress.map { $0 + done }, bytes.count - done)
            if count <= 0 { throw error(of: gzip) }
            done += count
        }
    }

    private func openGzip() throws {
        guard let archive = archive_write_new() else { throw Failure("no memory for gzip") }
        gzip = archive
        archive_write_set_format_raw(archive)
        archive_write_add_filter_gzip(archive)
        archive_write_set_options(archive, "gzip:!timestamp")
        archive_write_set_bytes_in_last_block(archive, 1)
        let status = archive_write_open(
            archive, Unmanaged.passUnretained(self).toOpaque(), nil,
            { _, data, bytes, count in
                guard let data else { return -1 }
                let output = Unmanaged<TarOutput>.fromOpaque(data).takeUnretainedValue()
                do {
                    try output.descriptor.writeAll(UnsafeRawBufferPointer(start: bytes, count: count))
                    return count
                } catch {
                    output.failure = error
                    return -1
                }
            }, nil)
        if status != ARCHIVE_OK { throw error(of: archive) }
        guard let entry = archive_entry_new() else { throw Failure("no memory for gzip") }
        defer { archive_entry_free(entry) }
        archive_entry_set_filetype(entry, 0o100000)
        if archive_write_header(archive, entry) != ARCHIVE_OK { throw error(of: archive) }
    }

    private func error(of archive: OpaquePointer) -> any Error {
        failure ?? Failure(archive_error_string(archive).map { String(cString: $0) } ?? "cannot compress")
    }
}
