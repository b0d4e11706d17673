import Digests
import LinuxSystem

/// The file as it is, read once from front to back and checked on the way.
final class CompressedSource: ArchiveSource {
    private let descriptor: Descriptor
    private let buffer = ByteBuffer(1 << 18)
    private var check: (any CompressedFormatCheck)?
    /// How the content is compressed, by the bytes read so far.
    let compression: Compression
    /// Bytes read from the file.
    private(set) var byteCount: UInt64 = 0
    /// Whether the decoder asked for more than there is.
    private var isExhausted = false
    /// Bytes at the start of ``buffer`` that were read for detection and not handed out yet.
    private var pending: Int
    /// Of everything that was read from the file.
    private var hash: SHA256Digest?

    /// What is left of the part of the file that is read; `nil` when everything from the file position on is read.
    private var range: Range<UInt64>?

    init(
        _ descriptor: consuming Descriptor, _ content: Decompressor.Content, hashing: Bool = false,
        limits: ArchiveLimits
    ) throws {
        hash = hashing ? SHA256Digest() : nil
        if case .layer(let part) = content { range = part }
        var count = 0
        while count < Compression.detectionBytes {
            let room = UnsafeMutableRawBufferPointer(rebasing: buffer.bytes[count...])
            let got = try Self.read(descriptor, &range, into: room)
            if got == 0 { break }
            count += got
        }
        pending = count
        byteCount = UInt64(count)
        let start = buffer.prefix(count)
        compression =
            if case .image = content { try Compression(firstBytes: start) } else {
                Compression(firstBytesOfLayer: start)
            }
        switch compression {
        case .zstd: check = ZstandardFrames(limits: limits)
        case .xz: check = XZBlocks(limits: limits)
        default: check = nil
        }
        self.descriptor = descriptor
        hash?.update(buffer.prefix(count))
    }

    override func read() throws -> UnsafeRawBufferPointer {
        var count = pending
        pending = 0
        if count == 0 {
            count = try explaining("cannot read the image file") {
                try Self.read(descriptor, &range, into: buffer.bytes)
            }
            byteCount += UInt64(count)
            isExhausted = count == 0
            hash?.update(buffer.prefix(count))
        }
        let bytes = buffer.prefix(count)
        try check?.check(bytes)
        return bytes
    }

    /// SHA-256 of the file from where it was opened to its end, as hexadecimal digits; empty without hashing.
    ///
    /// Reads what is left; nothing can be decoded after that.
    func digest() throws -> String {
        if hash == nil { return "" }
        while true {
            let count = try explaining("cannot read the image file") {
                try Self.read(descriptor, &range, into: buffer.bytes)
            }
            if count == 0 { break }
            hash?.update(buffer.prefix(count))
        }
        var digest = [UInt8](repeating: 0, count: SHA256Digest.byteCount)
        digest.withUnsafeMutableBytes { hash?.finish(into: $0) }
        return hexadecimal(digest)
    }

    private static func read(
        _ descriptor: borrowing Descriptor, _ range: inout Range<UInt64>?, into room: UnsafeMutableRawBufferPointer
    ) throws(SystemCallError) -> Int {
        guard let left = range else { return try descriptor.read(into: room) }
        let piece = UnsafeMutableRawBufferPointer(rebasing: room.prefix(Int(clamping: left.count)))
        if piece.isEmpty { return 0 }
        let count = try descriptor.read(into: piece, at: Int64(clamping: left.lowerBound))
        range = left.lowerBound + UInt64(count)..<left.upperBound
        return count
    }

    /// Decoders have many words for a file that ends too early.
    override func error(of archive: OpaquePointer) -> any Error {
        failure ?? (isExhausted ? ArchiveError.truncated : super.error(of: archive))
    }
}
