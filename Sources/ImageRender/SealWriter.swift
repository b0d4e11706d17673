import Digests
import Glibc
import ImageArchive
import LinuxSystem
import SystemPackage

/// Writes the records of a seal one after the other; the header comes last, so a seal that is not whole has none.
final class SealWriter {
    private let file: Descriptor
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 8)
    private var used = 0
    /// Where the first byte of the buffer belongs in the file.
    private var start = SealHeader.size
    private(set) var count: UInt32 = 0

    /// - Parameter file: empty, open for reading and writing.
    init(_ file: consuming Descriptor) { self.file = file }

    deinit { buffer.deallocate() }

    /// Adds a record; its place in the file is for ``replace(at:_:)``.
    func append(_ record: SealRecord, name: UnsafeRawBufferPointer) throws(SystemCallError) -> Int {
        let size = SealRecord.size(nameLength: name.count)
        if used + size > buffer.count { try flush() }
        let bytes = UnsafeMutableRawBufferPointer(rebasing: buffer[used..<(used + size)])
        record.store(into: bytes)
        SealRecord.storeName(name, into: bytes)
        used += size
        count += 1
        return start + used - size
    }

    /// Changes everything but the name of a record.
    func replace(at offset: Int, _ record: SealRecord) throws(SystemCallError) {
        if offset >= start {
            record.store(into: UnsafeMutableRawBufferPointer(rebasing: buffer[(offset - start)..<used]))
            return
        }
        var bytes = [UInt8](repeating: 0, count: SealRecord.fixedSize)
        bytes.withUnsafeMutableBytes { record.store(into: $0) }
        // Directories are the only ones that are changed, and their flags and the length of their name are not.
        let done = try check("pwrite", "the seal") {
            bytes.withUnsafeBytes { pwrite(file.raw, $0.baseAddress, SealRecord.nameLengthOffset, off_t(offset)) }
        }
        if done != SealRecord.nameLengthOffset {
            throw SystemCallError(call: "pwrite", subject: "the seal", errno: Errno(rawValue: EIO))
        }
    }

    /// Writes the header and gives the tree's digest, 32 bytes.
    ///
    /// The seal holds from here on, and is not yet synced.
    func finish(_ tree: TreeID, device: UInt64) throws -> [UInt8] {
        try flush()
        var digest = SHA512Digest()
        var reader = try SealReader(unchecked: file.duplicate(), count: UInt64(count))
        while try reader.next() { digest.update(reader.stablePart) }
        var header = SealHeader(
            recordCount: UInt64(count), device: device, tree: tree, treeDigest: Array(digest.finish().prefix(32)))
        header.checksum = try checksum(of: header, records: file.raw)
        try header.bytes.withUnsafeBytes { try write($0, at: 0) }
        return header.treeDigest
    }

    /// The seal is on the disk when this returns.
    func sync() throws(SystemCallError) { try file.dataSync() }

    private func flush() throws(SystemCallError) {
        try write(UnsafeRawBufferPointer(rebasing: buffer[..<used]), at: start)
        start += used
        used = 0
    }

    private func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(SystemCallError) {
        var done = 0
        while done < bytes.count {
            done += try check("pwrite", "the seal") {
                pwrite(file.raw, bytes.baseAddress.map { $0 + done }, bytes.count - done, off_t(offset + done))
            }
        }
    }
}

/// The checksum that belongs into a header, over the records that follow it in a file.
func checksum(of header: SealHeader, records file: CInt) throws(SystemCallError) -> ContentDigest {
    var hasher = ContentHasher()
    hasher.update(header: header)
    var offset = SealHeader.size
    while true {
        let count = try check("pread", "the seal") {
            pread(file, hasher.buffer.baseAddress, hasher.buffer.count, off_t(offset))
        }
        if count == 0 { return hasher.finish() }
        hasher.update(UnsafeRawBufferPointer(rebasing: hasher.buffer[..<count]))
        offset += count
    }
}

extension ContentHasher {
    /// Starts a checksum with the part of the header that it covers.
    mutating func update(header: SealHeader) {
        header.bytes.withUnsafeBytes { update(UnsafeRawBufferPointer(rebasing: $0[..<SealHeader.checkedSize])) }
    }
}
