import Digests
import Glibc
import ImageArchive
import LinuxSystem

/// The SHA-256 of a file's content, of a symlink's target or of extended attributes; zero for what has none.
///
/// SHA-256 and not SHA-512 as in image IDs: processors have instructions for it, which makes it twice as fast.
struct ContentDigest: Equatable, Sendable {
    var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)

    static let byteCount = 32

    static func == (left: ContentDigest, right: ContentDigest) -> Bool { left.words == right.words }
}

/// Computes ``ContentDigest``s, one after the other.
struct ContentHasher: ~Copyable {
    /// Bytes read at once: stays in the processor's cache between reading, hashing and writing.
    static let bufferSize = 1 << 18

    private var digest = SHA256Digest()
    let base = UnsafeMutableRawPointer.allocate(byteCount: bufferSize, alignment: 4096)

    deinit { base.deallocate() }

    /// For whatever is to be hashed; nothing of it is kept.
    var buffer: UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(start: base, count: Self.bufferSize)
    }

    mutating func update(_ bytes: UnsafeRawBufferPointer) { digest.update(bytes) }

    mutating func finish() -> ContentDigest {
        var result = ContentDigest()
        withUnsafeMutableBytes(of: &result.words) { digest.finish(into: $0) }
        return result
    }

    mutating func digest(of bytes: UnsafeRawBufferPointer) -> ContentDigest {
        digest.update(bytes)
        return finish()
    }

    /// The digest of everything from the start of an open file to its end, and how many bytes that are.
    mutating func digest(ofFile descriptor: CInt) throws(SystemCallError) -> (digest: ContentDigest, size: UInt64) {
        var offset: off_t = 0
        while true {
            let count = try check("pread", "descriptor \(descriptor)") {
                pread(descriptor, buffer.baseAddress, buffer.count, offset)
            }
            if count == 0 { break }
            digest.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            offset += off_t(count)
        }
        return (finish(), UInt64(offset))
    }
}
