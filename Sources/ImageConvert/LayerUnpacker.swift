import CLinux
import Glibc
import ImageArchive
import LinuxSystem
import OCIImage

/// A layer that was unpacked: where its entries are described, and how much they are.
struct UnpackedLayer: Equatable {
    /// Where the records of its entries are in the table, in the order of the layer.
    var records: Range<UInt64>
    var entryCount: UInt64
    /// Bytes of all last components.
    var nameBytes: UInt64
    /// Bytes of all files as the layer declares them.
    var declaredBytes: UInt64
    /// Bytes of the layer as it came, and as it was hashed.
    var compressedBytes: UInt64
    var plainBytes: UInt64

    static let empty = UnpackedLayer(
        records: 0..<0, entryCount: 0, nameBytes: 0, declaredBytes: 0, compressedBytes: 0, plainBytes: 0)
}

/// A layer to unpack, and what it must turn out to be.
struct LayerTask {
    /// Counted from 1, for messages.
    let number: Int
    let blob: LayerBlob
    let diffID: OCIDigest
}

/// Undoes the compression of layers, one after the other, into one file, and describes their entries in another.
///
/// Each layer is read and decompressed once; its digests are checked on the way. Data of sparse files are appended with
/// their holes, so that everything is contiguous. Memory does not depend on the size of the layers.
struct LayerUnpacker: ~Copyable {
    /// Where records begin in a table, so that no reference is one of those with a meaning of its own.
    static let tableStart: UInt64 = 16

    private let data: Descriptor
    private let table: Descriptor
    private let limits: ArchiveLimits
    private var dataEnd: UInt64 = 0
    private var tableEnd = tableStart
    private var pending: [UInt8] = []
    /// Of all layers so far.
    private var total = UnpackedLayer.empty

    /// Writes into two empty files.
    init(data: consuming Descriptor, table: consuming Descriptor, limits: ArchiveLimits) {
        self.data = data
        self.table = table
        self.limits = limits
    }

    mutating func unpack(_ task: LayerTask) throws -> UnpackedLayer {
        let source = try task.blob.open()
        let range = source.range
        if let expected = task.blob.digest {
            let actual = try digest(of: source.file, range, expected.algorithm)
            if actual != expected { throw OCIImageError.digestMismatch(expected: expected, actual: actual) }
        }
        let start = dataEnd
        let compressedBytes = UInt64(range.count)
        try decompress(source.file, range, task)
        let plainBytes = dataEnd - start
        var layer = UnpackedLayer.empty
        layer.compressedBytes = compressedBytes
        layer.plainBytes = plainBytes
        let tableBefore = tableEnd
        if plainBytes > 0 { try readEntries(start..<dataEnd, into: &layer) }
        try flush()
        layer.records = tableBefore..<tableEnd
        total.compressedBytes += compressedBytes
        try total.check(limits)
        return layer
    }

    private mutating func decompress(_ file: borrowing Descriptor, _ range: Range<UInt64>, _ task: LayerTask) throws {
        let start = dataEnd
        let input = try Decompressor(file.duplicate(), .layer(range), limits: limits)
        var computation = OCIDigest.Computation(task.diffID.algorithm)
        while true {
            let block = try input.next()
            if block.isEmpty { break }
            if dataEnd == start, !TarHeader.canStartArchive(block) { throw ConversionError.notALayer(task.number) }
            total.plainBytes += UInt64(block.count)
            try total.check(limits, compressedBytes: total.compressedBytes + input.compressedBytes)
            computation.update(block)
            try data.write(block, at: dataEnd)
            dataEnd += UInt64(block.count)
        }
        let actual = computation.finish()
        if actual != task.diffID {
            throw ConversionError.wrongContent(layer: task.number, expected: task.diffID, actual: actual)
        }
    }

    private mutating func readEntries(_ part: Range<UInt64>, into layer: inout UnpackedLayer) throws {
        var reader = try ArchiveReader(reading: data, part: part, layout: .layer, limits: limits)
        while var entry = try reader.next() {
            layer.entryCount += 1
            layer.nameBytes += UInt64(splitPath(Array(entry.path.utf8)[...]).name.count)
            layer.declaredBytes += entry.size
            total.entryCount += 1
            total.declaredBytes += entry.size
            try total.check(limits)
            if case .symlink(let target) = entry.content, target.utf8.count > limits.maximumPathBytes {
                throw ArchiveError.pathTooLong(
                    path: String(target.prefix(80)), maximumPathBytes: limits.maximumPathBytes)
            }
            if entry.content == .file, entry.size > 0, entry.dataOffset == nil {
                entry.dataOffset = try unfold(&reader, size: entry.size)
            }
            pending += EntryRecord.encode(entry)
            if pending.count >= 1 << 18 { try flush() }
        }
    }

    private mutating func flush() throws {
        try pending.withUnsafeBytes { try table.write($0, at: tableEnd) }
        tableEnd += UInt64(pending.count)
        pending.removeAll(keepingCapacity: true)
    }

    /// Appends the data of a sparse file; holes stay holes.
    private mutating func unfold(_ reader: inout ArchiveReader, size: UInt64) throws -> UInt64 {
        let start = dataEnd
        try withUnsafeTemporaryAllocation(byteCount: 1 << 16, alignment: 4096) { buffer in
            var done: UInt64 = 0
            while done < size {
                let count = try reader.read(into: buffer)
                if count == 0 { throw ArchiveError.truncated }
                let block = UnsafeRawBufferPointer(rebasing: buffer[..<count])
                if block.contains(where: { $0 != 0 }) { try data.write(block, at: start + done) }
                done += UInt64(count)
            }
        }
        dataEnd = start + size
        try data.setSize(dataEnd)
        return start
    }
}

extension UnpackedLayer {
    /// Checks what several layers are together.
    func check(_ limits: ArchiveLimits, compressedBytes: UInt64? = nil) throws(ArchiveError) {
        if entryCount > UInt64(limits.maximumEntries) { throw .tooManyEntries(maximumEntries: limits.maximumEntries) }
        let bytes = max(plainBytes, declaredBytes)
        if bytes > limits.maximumTotalBytes { throw .tooLarge(maximumTotalBytes: limits.maximumTotalBytes) }
        if bytes > limits.ratioFreeBytes, bytes / limits.maximumRatio > compressedBytes ?? self.compressedBytes {
            throw .ratioTooHigh(maximumRatio: limits.maximumRatio)
        }
    }

    static func + (left: Self, right: Self) -> Self {
        UnpackedLayer(
            records: 0..<0, entryCount: left.entryCount + right.entryCount, nameBytes: left.nameBytes + right.nameBytes,
            declaredBytes: left.declaredBytes + right.declaredBytes,
            compressedBytes: left.compressedBytes + right.compressedBytes,
            plainBytes: left.plainBytes + right.plainBytes)
    }
}

/// The digest of a part of a file.
func digest(
    of file: borrowing Descriptor, _ range: Range<UInt64>, _ algorithm: OCIDigest.Algorithm
) throws -> OCIDigest {
    var computation = OCIDigest.Computation(algorithm)
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 4096)
    defer { buffer.deallocate() }
    var offset = range.lowerBound
    while offset < range.upperBound {
        let wanted = Int(clamping: min(range.upperBound - offset, UInt64(buffer.count)))
        let count = try file.read(
            into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<wanted]), at: Int64(clamping: offset))
        if count == 0 { throw ArchiveError.truncated }
        computation.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        offset += UInt64(count)
    }
    return computation.finish()
}

extension Descriptor {
    /// Writes at an offset and leaves the file position alone.
    fileprivate borrowing func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(SystemCallError) {
        let number = raw
        var done = 0
        while done < bytes.count {
            done += try check("pwrite", "descriptor \(number)") {
                pwrite(
                    number, bytes.baseAddress.map { $0 + done }, bytes.count - done,
                    off_t(clamping: offset + UInt64(done)))
            }
        }
    }
}
