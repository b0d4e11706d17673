import Glibc
import ImageArchive
import LinuxSystem
import OCIImage
import SystemPackage

/// All layers of an image, unpacked into files without names; gone with this value.
///
/// Large images are unpacked by this process and a copy of it: what one of them unpacks shares two files.
struct UnpackedLayers: ~Copyable {
    /// What one process unpacked.
    private struct Share: ~Copyable {
        let data: Descriptor
        let table: Descriptor

        init(in directory: borrowing Descriptor) throws {
            let data = try directory.open(".", [.readWrite, .temporary], mode: 0o600)
            let table = try directory.open(".", [.readWrite, .temporary], mode: 0o600)
            self.data = data
            self.table = table
        }
    }

    /// Compressed bytes from which on a second process pays.
    private static let splitThreshold: UInt64 = 1 << 20
    /// Larger layers than this are all the same for who does what; their sum is a number.
    private static let maximumLoad: UInt64 = 1 << 50

    private let first: Share
    private let second: Share
    /// In the order of the image; who unpacked each, 0 or 1.
    let layers: [(share: UInt64, layer: UnpackedLayer)]

    private init(_ first: consuming Share, _ second: consuming Share, _ layers: [(UInt64, UnpackedLayer)]) {
        self.first = first
        self.second = second
        self.layers = layers
    }

    /// Unpacks into files of a directory that nobody else sees.
    static func unpack(
        _ tasks: [LayerTask], in directory: borrowing Descriptor, limits: ArchiveLimits
    ) throws -> UnpackedLayers {
        let first = try Share(in: directory)
        let second = try Share(in: directory)
        let sizes = try tasks.map { min(UInt64(try $0.blob.open().range.count), maximumLoad) }
        let isSplit = tasks.count > 1 && sizes.reduce(0, +) >= splitThreshold && canForkForSpeed()
        let shares = isSplit ? divide(sizes) : Array(repeating: 0, count: tasks.count)
        var results = [UnpackedLayer](repeating: .empty, count: tasks.count)
        let (mine, others) = (
            shares.indices.filter { shares[$0] == 0 }, shares.indices.filter { shares[$0] == 1 }
        )
        if others.isEmpty {
            results = try unpack(tasks, first, limits)
        } else {
            let helper = try UnpackingProcess(others.map { tasks[$0] }, second.data, second.table, limits)
            for (place, layer) in zip(mine, try unpack(mine.map { tasks[$0] }, first, limits)) {
                results[place] = layer
            }
            for (place, layer) in zip(others, try helper.finish(count: others.count)) { results[place] = layer }
        }
        try results.reduce(.empty, +).check(limits)
        return UnpackedLayers(first, second, zip(shares, results).map { (UInt64($0), $1) })
    }

    /// All layers together.
    var total: UnpackedLayer { layers.reduce(.empty) { $0 + $1.layer } }

    private static func unpack(
        _ tasks: [LayerTask], _ share: borrowing Share, _ limits: ArchiveLimits
    ) throws -> [UnpackedLayer] {
        var unpacker = LayerUnpacker(
            data: try share.data.duplicate(), table: try share.table.duplicate(), limits: limits)
        return try unpackAll(tasks, with: &unpacker)
    }

    /// Gives each layer, the largest one first, to whom has less to do.
    static func divide(_ sizes: [UInt64]) -> [Int] {
        var load: [UInt64] = [0, 0]
        var shares = [Int](repeating: 0, count: sizes.count)
        for index in sizes.indices.sorted(by: { (sizes[$1], $0) < (sizes[$0], $1) }) {
            let share = load[0] <= load[1] ? 0 : 1
            shares[index] = share
            load[share] += sizes[index]
        }
        return shares
    }
}

// Reading what was unpacked.
extension UnpackedLayers {
    /// Calls `body` with every entry of a layer, in the order of the layer.
    func forEachRecord(of index: Int, _ body: (EntryRecord, EntryReference) throws -> Void) throws {
        let (share, layer) = layers[index]
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: EntryRecord.maximumSize, alignment: 8)
        defer { buffer.deallocate() }
        var offset = layer.records.lowerBound
        // What was read and not used yet.
        var window = 0..<0
        while offset < layer.records.upperBound {
            var bytes = UnsafeRawBufferPointer(rebasing: buffer[window])
            while EntryRecord.length(at: bytes).map({ $0 > bytes.count }) ?? true {
                buffer.copyMemory(from: bytes)
                let missing = max((EntryRecord.length(at: bytes) ?? 0) - bytes.count, 1 << 16)
                let left = layer.records.upperBound - offset - UInt64(bytes.count)
                let wanted = min(missing, Int(clamping: left), buffer.count - bytes.count)
                let room = UnsafeMutableRawBufferPointer(rebasing: buffer[bytes.count..<bytes.count + wanted])
                let count = try read(share, into: room, at: offset + UInt64(bytes.count))
                if count == 0 { throw ArchiveError.truncated }
                window = 0..<bytes.count + count
                bytes = UnsafeRawBufferPointer(rebasing: buffer[window])
            }
            guard let record = EntryRecord(bytes), let length = EntryRecord.length(at: bytes) else {
                throw ArchiveError.truncated
            }
            try body(record, EntryReference(rawValue: offset << 1 | share))
            window = window.lowerBound + length..<window.upperBound
            offset += UInt64(length)
        }
    }

    /// Calls `body` with one entry.
    func withRecord<Result>(
        _ reference: EntryReference, _ buffer: UnsafeMutableRawBufferPointer, _ body: (EntryRecord) throws -> Result
    ) throws -> Result {
        let offset = reference.rawValue >> 1
        var count = 0
        var wanted = min(512, buffer.count)
        while count < wanted {
            let room = UnsafeMutableRawBufferPointer(rebasing: buffer[count..<wanted])
            let got = try read(reference.rawValue & 1, into: room, at: offset + UInt64(count))
            count += got
            guard let length = EntryRecord.length(at: UnsafeRawBufferPointer(rebasing: buffer[..<count])) else {
                if got == 0 { throw ArchiveError.truncated }
                continue
            }
            if count >= length { break }
            if got == 0 || length > buffer.count { throw ArchiveError.truncated }
            wanted = length
        }
        guard let record = EntryRecord(UnsafeRawBufferPointer(rebasing: buffer[..<count])) else {
            throw ArchiveError.truncated
        }
        return try body(record)
    }

    private func read(_ share: UInt64, into room: UnsafeMutableRawBufferPointer, at offset: UInt64) throws -> Int {
        share == 0
            ? try first.table.read(into: room, at: Int64(clamping: offset))
            : try second.table.read(into: room, at: Int64(clamping: offset))
    }

    /// Adds a file of a layer to an archive.
    func add(_ entry: ArchiveEntry, _ reference: EntryReference, to writer: inout TarWriter) throws {
        guard entry.content == .file, entry.size > 0, let offset = entry.dataOffset else {
            return try writer.add(entry)
        }
        if reference.rawValue & 1 == 0 {
            try writer.add(entry, from: first.data, at: offset)
        } else {
            try writer.add(entry, from: second.data, at: offset)
        }
    }
}

func unpackAll(_ tasks: [LayerTask], with unpacker: inout LayerUnpacker) throws -> [UnpackedLayer] {
    try tasks.map { task in
        try explaining("cannot unpack layer \(task.number)") { try unpacker.unpack(task) }
    }
}
