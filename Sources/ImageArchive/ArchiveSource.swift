import CArchive
import LinuxSystem

/// The bytes that libarchive reads, and what went wrong on our side of its callbacks.
///
/// libarchive holds an unretained pointer: whoever opens an archive on a source keeps the source until the archive is
/// freed.
class ArchiveSource {
    /// Why ``read()`` or ``skip(_:)`` failed; libarchive only learns that it did.
    var failure: (any Error)?

    /// The next bytes, valid until the next call; empty at the end.
    func read() throws -> UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: nil, count: 0) }

    /// Jumps over at most `count` bytes and returns how many; 0 makes libarchive read instead.
    func skip(_ count: Int64) -> Int64 { 0 }

    /// Opens a libarchive reader, whose formats and filters are chosen already, on this source.
    func open(_ archive: OpaquePointer) throws {
        archive_read_set_skip_callback(archive) { _, data, count in
            guard let data else { return 0 }
            return Unmanaged<ArchiveSource>.fromOpaque(data).takeUnretainedValue().skip(count)
        }
        let status = archive_read_open(
            archive, Unmanaged.passUnretained(self).toOpaque(), nil,
            { _, data, buffer in
                guard let data, let buffer else { return Int(ARCHIVE_FATAL) }
                let source = Unmanaged<ArchiveSource>.fromOpaque(data).takeUnretainedValue()
                do {
                    let bytes = try source.read()
                    buffer.pointee = bytes.baseAddress
                    return bytes.count
                } catch {
                    source.failure = error
                    return Int(ARCHIVE_FATAL)
                }
            }, nil)
        if status != ARCHIVE_OK { throw error(of: archive) }
    }

    /// The error behind a failed libarchive call.
    func error(of archive: OpaquePointer) -> any Error {
        if let failure { return failure }
        guard let text = archive_error_string(archive) else { return ArchiveError.truncated }
        let message = String(cString: text)
        let isTruncated = message.lowercased().split(separator: " ").contains { $0.hasPrefix("truncated") }
        return isTruncated ? ArchiveError.truncated : ArchiveError.damaged(message)
    }
}

/// Whether a status of libarchive means that there is nothing to go on with.
///
/// Warnings, about names in another character set for one, do not count. "Retry" does: it means a damaged header.
func hasFailed(_ status: CInt) -> Bool { status < ARCHIVE_WARN || status == ARCHIVE_RETRY }

/// Memory of fixed size that goes away with its owner.
final class ByteBuffer {
    let bytes: UnsafeMutableRawBufferPointer

    init(_ count: Int) { bytes = .allocate(byteCount: count, alignment: 4096) }

    deinit { bytes.deallocate() }

    func prefix(_ count: Int) -> UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: bytes[..<count]) }
}

/// An uncompressed archive in a file: what is skipped is never read.
final class BlobSource: ArchiveSource {
    let descriptor: Descriptor
    /// Where the archive begins in the file.
    let start: UInt64
    /// Bytes of the archive, as far as they are known to be there.
    private var size: Int64
    private let growth: GrowingBlob?
    private let buffer = ByteBuffer(1 << 18)
    private var offset: Int64 = 0
    /// Grows while the reading is sequential and starts small after a skip: headers lie far apart or close together.
    private var window = smallestWindow
    private static let smallestWindow = 4096
    /// How many bytes libarchive may still ask for; keeps headers from filling the memory.
    var budget = Int.max
    /// The error when ``budget`` is used up.
    var overBudget = ArchiveError.truncated

    init(_ descriptor: consuming Descriptor, part: Range<UInt64>? = nil, growth: GrowingBlob? = nil) throws {
        self.growth = growth
        start = part?.lowerBound ?? 0
        size = growth == nil ? Int64(clamping: try part.map { UInt64($0.count) } ?? descriptor.size()) : 0
        self.descriptor = descriptor
    }

    /// Whether the file has this many bytes, now or later.
    func has(atLeast bytes: UInt64) throws -> Bool {
        if let growth, UInt64(size) < bytes { size = Int64(clamping: try growth.wait(for: bytes)) }
        return bytes <= UInt64(size)
    }

    /// Bytes of the whole file.
    func finalSize() throws -> Int64 {
        if let growth { size = Int64(clamping: try growth.waitForEnd()) }
        return size
    }

    override func read() throws -> UnsafeRawBufferPointer {
        if budget <= 0 { throw overBudget }
        if growth != nil, try !has(atLeast: UInt64(offset) + 1) { return UnsafeRawBufferPointer(start: nil, count: 0) }
        let wanted = growth == nil ? Int(clamping: min(Int64(window), size - offset)) : window
        let target = UnsafeMutableRawBufferPointer(rebasing: buffer.bytes[..<wanted])
        let count = try descriptor.read(into: target, at: Int64(clamping: start) + offset)
        offset += Int64(count)
        budget -= count
        window = min(window * 2, buffer.bytes.count)
        return UnsafeRawBufferPointer(rebasing: target[..<count])
    }

    override func skip(_ count: Int64) -> Int64 {
        let skipped = growth == nil ? min(count, max(0, size - offset)) : count
        offset += skipped
        window = Self.smallestWindow
        return skipped
    }
}

/// A libarchive reader, and the source that must outlive it.
final class ReadHandle {
    let archive: OpaquePointer
    private let source: ArchiveSource

    init(_ source: ArchiveSource) throws {
        guard let archive = archive_read_new() else { throw Failure("no memory for an archive reader") }
        self.archive = archive
        self.source = source
    }

    deinit { archive_read_free(archive) }
}
