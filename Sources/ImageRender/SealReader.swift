import Glibc
import LinuxSystem

/// Why a seal cannot be read.
enum SealFault: Error {
    case damaged
}

/// Reads the records of a seal one after the other, in a fixed amount of memory.
struct SealReader: ~Copyable {
    let header: SealHeader?
    private let file: Descriptor
    private static let capacity = 1 << 18
    private let base = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 8)
    private let count: UInt64
    private var hasher = ContentHasher()
    /// The part of the buffer that is filled, from the current record on.
    private var start = 0
    private var end = 0
    private var position = SealHeader.size
    private var size = 0
    /// The number of the current record plus one.
    private var passed: UInt64 = 0

    /// Reads the header.
    ///
    /// - Throws: ``SealFault/damaged`` for a header that is none, or of another tree; what follows is only known to be
    ///   good when ``next()`` has returned `false`.
    init(_ file: consuming Descriptor, of tree: TreeID) throws {
        var bytes = [UInt8](repeating: 0, count: SealHeader.size)
        let length = try bytes.withUnsafeMutableBytes { try file.read(into: $0, at: 0) }
        guard length == SealHeader.size, let header = SealHeader(bytes), header.tree == tree.digest else {
            throw SealFault.damaged
        }
        self.header = header
        self.file = file
        count = header.recordCount
        hasher.update(header: header)
    }

    /// Records without a header, as long as a seal is being written.
    init(unchecked file: consuming Descriptor, count: UInt64) {
        header = nil
        self.file = file
        self.count = count
    }

    deinit { base.deallocate() }

    /// Goes to the next record; `false` at the end, after the checksum was found right.
    mutating func next() throws -> Bool {
        start += size
        size = 0
        if passed == count {
            try checkEnd()
            return false
        }
        passed += 1
        try fill(SealRecord.fixedSize)
        let length = SealRecord.nameLength(current(SealRecord.fixedSize))
        guard length <= 255, length > 0 || passed == 1 else { throw SealFault.damaged }
        size = SealRecord.size(nameLength: length)
        try fill(size)
        if current(size)[SealRecord.fixedSize + length] != 0 { throw SealFault.damaged }
        return true
    }

    var index: UInt32 { UInt32(truncatingIfNeeded: passed &- 1) }

    /// Where the current record is in the file.
    var offset: Int { position - (end - start) }

    var record: SealRecord { SealRecord(current(SealRecord.fixedSize)) }

    /// The name with its zero; valid until the next call of ``next()``.
    var name: UnsafePointer<CChar> {
        UnsafePointer((base + start + SealRecord.fixedSize).assumingMemoryBound(to: CChar.self))
    }

    /// The current record without inode and change time; valid until the next call of ``next()``.
    var stablePart: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: base + start + SealRecord.volatileSize, count: size - SealRecord.volatileSize)
    }

    /// All of the current record; valid until the next call of ``next()``.
    var bytes: UnsafeRawBufferPointer { current(size) }

    private func current(_ length: Int) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: base + start, count: length)
    }

    /// Makes sure that so many bytes of the current record are there.
    private mutating func fill(_ length: Int) throws {
        if end - start >= length { return }
        let left = end - start
        memmove(base, base + start, left)
        start = 0
        end = left
        while end < Self.capacity {
            let room = UnsafeMutableRawBufferPointer(start: base + end, count: Self.capacity - end)
            let got = try file.read(into: room, at: Int64(position))
            if got == 0 { break }
            if header != nil { hasher.update(UnsafeRawBufferPointer(rebasing: room[..<got])) }
            end += got
            position += got
        }
        if end < length { throw SealFault.damaged }
    }

    private mutating func checkEnd() throws {
        guard let header else { return }
        try withUnsafeTemporaryAllocation(byteCount: 1, alignment: 1) { byte in
            guard start == end, try file.read(into: byte, at: Int64(position)) == 0 else { throw SealFault.damaged }
        }
        guard hasher.finish() == header.checksum else { throw SealFault.damaged }
    }
}
