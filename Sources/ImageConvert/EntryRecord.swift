import ImageArchive

/// An entry of a layer as it is kept in a file until it is known whether it survives.
///
/// A header of 48 bytes with little-endian numbers, then path, target of a link, and extended attributes.
struct EntryRecord {
    static let headerSize = 48
    /// The longest record: path, target and attributes as long as the limits of archives allow.
    static let maximumSize = 4 << 20

    private enum Kind: UInt8 {
        case file, directory, symlink, hardLink, characterDevice, blockDevice, fifo
    }

    /// The bytes of a record.
    static func encode(_ entry: ArchiveEntry) -> [UInt8] {
        let (kind, target, place) = parts(of: entry)
        var attributes: [UInt8] = []
        for attribute in entry.extendedAttributes {
            append(UInt16(clamping: attribute.name.utf8.count), to: &attributes)
            append(UInt32(clamping: attribute.value.count), to: &attributes)
            attributes += attribute.name.utf8
            attributes += attribute.value
        }
        let (path, link) = (entry.path.utf8, target.utf8)
        let total = headerSize + path.count + link.count + attributes.count
        var record: [UInt8] = []
        record.reserveCapacity(total)
        append(UInt32(clamping: total), to: &record)
        record += [kind.rawValue, 0]
        append(UInt16(truncatingIfNeeded: entry.mode & 0o7777), to: &record)
        append(entry.user, to: &record)
        append(entry.group, to: &record)
        append(entry.modificationTime, to: &record)
        append(entry.size, to: &record)
        append(place, to: &record)
        append(UInt16(clamping: path.count), to: &record)
        append(UInt16(clamping: link.count), to: &record)
        append(UInt32(clamping: attributes.count), to: &record)
        record += path
        record += link
        record += attributes
        return record
    }

    private static func parts(of entry: ArchiveEntry) -> (Kind, target: String, place: UInt64) {
        switch entry.content {
        case .file: (.file, "", entry.dataOffset ?? 0)
        case .directory: (.directory, "", 0)
        case .symlink(let target): (.symlink, target, 0)
        case .hardLink(let target): (.hardLink, target, 0)
        case .characterDevice(let major, let minor): (.characterDevice, "", UInt64(major) << 32 | UInt64(minor))
        case .blockDevice(let major, let minor): (.blockDevice, "", UInt64(major) << 32 | UInt64(minor))
        case .fifo: (.fifo, "", 0)
        }
    }

    private static func append(_ number: some FixedWidthInteger, to bytes: inout [UInt8]) {
        withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
    }

    // Reading

    private let bytes: UnsafeRawBufferPointer
    private let kind: Kind

    /// The length of the record that starts here; `nil` when these bytes do not tell.
    static func length(at bytes: UnsafeRawBufferPointer) -> Int? {
        guard bytes.count >= 4 else { return nil }
        return Int(UInt32(littleEndian: bytes.loadUnaligned(as: UInt32.self)))
    }

    /// `nil` when the bytes are no whole record.
    init?(_ bytes: UnsafeRawBufferPointer) {
        guard let length = Self.length(at: bytes), length >= Self.headerSize, length <= bytes.count,
            let kind = Kind(rawValue: bytes[4])
        else { return nil }
        self.bytes = UnsafeRawBufferPointer(rebasing: bytes[..<length])
        self.kind = kind
        let parts = pathLength + targetLength + Int(number(44, UInt32.self))
        guard Self.headerSize + parts == length else { return nil }
    }

    private func number<Number: FixedWidthInteger>(_ offset: Int, _: Number.Type) -> Number {
        Number(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: Number.self))
    }

    private var pathLength: Int { Int(number(40, UInt16.self)) }
    private var targetLength: Int { Int(number(42, UInt16.self)) }

    var path: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: bytes[Self.headerSize..<Self.headerSize + pathLength])
    }

    var target: UnsafeRawBufferPointer {
        let start = Self.headerSize + pathLength
        return UnsafeRawBufferPointer(rebasing: bytes[start..<start + targetLength])
    }

    var layerEntryKind: LayerEntryKind {
        switch kind {
        case .file: .file
        case .directory: .directory
        case .symlink: .symlink
        case .hardLink: .hardLink(target: ArraySlice(target))
        case .characterDevice, .blockDevice, .fifo: .special
        }
    }

    /// The entry under another path.
    func entry(path: String) -> ArchiveEntry {
        var entry = ArchiveEntry(
            path: path, content: content, mode: UInt32(number(6, UInt16.self)), user: number(8, UInt32.self),
            group: number(12, UInt32.self), size: number(24, UInt64.self), modificationTime: number(16, Int64.self),
            extendedAttributes: attributes)
        if kind == .file { entry.dataOffset = number(32, UInt64.self) }
        return entry
    }

    private var content: ArchiveEntry.Content {
        let place = number(32, UInt64.self)
        let (major, minor) = (UInt32(truncatingIfNeeded: place >> 32), UInt32(truncatingIfNeeded: place))
        return switch kind {
        case .file: .file
        case .directory: .directory
        case .symlink: .symlink(target: String(decoding: target, as: UTF8.self))
        case .hardLink: .hardLink(target: String(decoding: target, as: UTF8.self))
        case .characterDevice: .characterDevice(major: major, minor: minor)
        case .blockDevice: .blockDevice(major: major, minor: minor)
        case .fifo: .fifo
        }
    }

    private var attributes: [ExtendedAttribute] {
        var found: [ExtendedAttribute] = []
        var rest = bytes[(Self.headerSize + pathLength + targetLength)...]
        while rest.count >= 6 {
            let lengths = UnsafeRawBufferPointer(rebasing: rest.prefix(6))
            let nameLength = Int(UInt16(littleEndian: lengths.loadUnaligned(as: UInt16.self)))
            let valueLength = Int(UInt32(littleEndian: lengths.loadUnaligned(fromByteOffset: 2, as: UInt32.self)))
            rest = rest.dropFirst(6)
            let name = rest.prefix(nameLength)
            rest = rest.dropFirst(nameLength)
            found.append(
                ExtendedAttribute(name: String(decoding: name, as: UTF8.self), value: Array(rest.prefix(valueLength))))
            rest = rest.dropFirst(valueLength)
        }
        return found
    }
}
