import CZlib
import LinuxSystem

/// Undoes gzip, and checks the length and the check sum at the end of each member, which libarchive does not.
///
/// Members may follow each other, and zero bytes the last one; anything else after it is damage.
///
/// Source: RFC 1952; zlib.h, "inflateInit2".
final class GzipDecoder {
    private static let blockSize = 1 << 18
    private let source: CompressedSource
    private let output = ByteBuffer(blockSize)
    private var stream = z_stream()
    private var isBetweenMembers = false
    private var isAtEnd = false

    init(_ source: CompressedSource) throws {
        self.source = source
        // 15 is the largest window, 16 asks for the gzip format with its check sums.
        let status = inflateInit2_(&stream, 15 + 16, ZLIB_VERSION, CInt(MemoryLayout<z_stream>.size))
        if status != Z_OK { throw ArchiveError.damaged("zlib cannot start: \(status)") }
    }

    deinit { inflateEnd(&stream) }

    /// The next bytes, valid until the next call; empty at the end.
    func next() throws -> UnsafeRawBufferPointer {
        stream.next_out = output.bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
        stream.avail_out = UInt32(Self.blockSize)
        while !isAtEnd, stream.avail_out > 0 {
            if stream.avail_in == 0, try !refill() { break }
            if isBetweenMembers, try !startMember() { continue }
            let status = inflate(&stream, Z_NO_FLUSH)
            switch status {
            case Z_OK: continue
            case Z_STREAM_END: isBetweenMembers = true
            case Z_BUF_ERROR where stream.avail_in == 0: continue
            default: throw ArchiveError.damaged(stream.msg.map { String(cString: $0) } ?? "gzip error \(status)")
            }
        }
        return output.prefix(Self.blockSize - Int(stream.avail_out))
    }

    /// `false` at the end of the file.
    private func refill() throws -> Bool {
        let bytes = try source.read()
        if bytes.isEmpty {
            if !isBetweenMembers { throw ArchiveError.truncated }
            isAtEnd = true
            return false
        }
        stream.next_in = UnsafeMutablePointer(mutating: bytes.baseAddress?.assumingMemoryBound(to: UInt8.self))
        stream.avail_in = UInt32(bytes.count)
        return true
    }

    /// Skips padding; `false` when there is nothing else in what was read.
    private func startMember() throws -> Bool {
        while stream.avail_in > 0, stream.next_in.pointee == 0 {
            stream.next_in += 1
            stream.avail_in -= 1
        }
        guard stream.avail_in > 0 else { return false }
        guard stream.next_in.pointee == 0x1f else { throw ArchiveError.damaged("bytes after the end of the gzip data") }
        inflateReset(&stream)
        isBetweenMembers = false
        return true
    }
}
