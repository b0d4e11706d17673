import CArchive
import CLinux
package import LinuxSystem

/// What the paths of an archive have to be.
package enum ArchiveLayout: Sendable {
    /// `manifest`, `rootfs` and what is below it.
    case image
    /// Anything; `..` does not lead above the top. The top itself, as in `./`, comes with an empty path.
    case layer
}

/// Reads an uncompressed image archive entry by entry, in the order of the archive.
///
/// Only tar, with the pax and GNU forms. Every entry that comes out keeps to the limits; paths are cleaned; owners that
/// no system call takes become 65534; attributes that an image may not set are left out (see
/// ``ExtendedAttribute/isAllowed(_:)``). The same bytes always give the same entries.
package struct ArchiveReader: ~Copyable {
    private let handle: ReadHandle
    private let source: BlobSource
    private let limits: ArchiveLimits
    private let layout: ArchiveLayout
    private var entryCount = 0
    private var declaredBytes: UInt64 = 0
    private var current: ArchiveEntry?

    /// Starts at the first byte of the file, or of a part of it; its position is neither used nor moved.
    ///
    /// With `growth` the file is still being written, and what is not there yet is waited for.
    package init(
        reading blob: borrowing Descriptor, part: Range<UInt64>? = nil, layout: ArchiveLayout = .image,
        limits: ArchiveLimits = .standard, growth: GrowingBlob? = nil
    ) throws {
        let source = try BlobSource(blob.duplicate(), part: part, growth: growth)
        let handle = try ReadHandle(source)
        archive_read_support_format_tar(handle.archive)
        // Naming the one filter keeps libarchive from looking for more.
        archive_read_append_filter(handle.archive, ARCHIVE_FILTER_NONE)
        if try source.has(atLeast: 1) == false { throw ArchiveError.empty }
        try source.open(handle.archive)
        self.handle = handle
        self.source = source
        self.limits = limits
        self.layout = layout
    }

    private var archive: OpaquePointer { handle.archive }

    /// The next entry; `nil` after the last one.
    ///
    /// Data of the entry before that was not read is skipped.
    package mutating func next() throws -> ArchiveEntry? {
        current = nil
        while true {
            guard let header = try nextHeader() else { return nil }
            entryCount += 1
            if entryCount > limits.maximumEntries {
                throw ArchiveError.tooManyEntries(maximumEntries: limits.maximumEntries)
            }
            guard let entry = try decode(header) else { continue }
            current = entry
            return entry
        }
    }

    /// Reads data of the current entry; 0 at its end.
    ///
    /// Holes of sparse files read as zeros.
    package mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        let count = archive_read_data(archive, buffer.baseAddress, buffer.count)
        if count < 0 { throw source.error(of: archive) }
        return count
    }

    /// Writes the data of the current entry from the start of `file`, inside the kernel where that can be; holes stay
    /// holes.
    package mutating func copyData(to file: borrowing Descriptor) throws {
        guard let entry = current, entry.size > 0 else { return }
        if let offset = entry.dataOffset {
            try copyRange(from: source.descriptor, at: offset, count: entry.size, to: file)
        } else {
            try copySparse(entry, to: file)
        }
    }

    /// The whole data of the current entry, for small files.
    package mutating func readAll(limit: Int) throws -> [UInt8]? {
        guard let entry = current, let size = Int(exactly: entry.size), size <= limit else { return nil }
        var done = 0
        var content = [UInt8](repeating: 0, count: size)
        while done < size {
            let count = try content.withUnsafeMutableBytes {
                try read(into: UnsafeMutableRawBufferPointer(rebasing: $0[done...]))
            }
            if count == 0 { throw ArchiveError.truncated }
            done += count
        }
        return content
    }

    private mutating func copySparse(_ entry: ArchiveEntry, to file: borrowing Descriptor) throws {
        while true {
            var block: UnsafeRawPointer?
            var count = 0
            var offset: Int64 = 0
            let status = archive_read_data_block(archive, &block, &count, &offset)
            if status == ARCHIVE_EOF { break }
            if hasFailed(status) { throw source.error(of: archive) }
            guard offset >= 0, UInt64(offset) + UInt64(count) <= entry.size else {
                throw ArchiveError.damaged("data of '\(entry.path)' lies behind its end")
            }
            try file.seek(to: offset)
            try file.writeAll(UnsafeRawBufferPointer(start: block, count: count))
        }
        try file.setSize(entry.size)
    }
}

// What libarchive gives, and what becomes of it.
extension ArchiveReader {
    private mutating func nextHeader() throws -> OpaquePointer? {
        source.budget = .max
        if entryCount > 0, hasFailed(archive_read_data_skip(archive)) { throw source.error(of: archive) }
        source.budget = limits.maximumHeaderBytes
        source.overBudget = .headerTooLarge(maximumHeaderBytes: limits.maximumHeaderBytes)
        defer { source.budget = .max }
        var header: OpaquePointer?
        let status = archive_read_next_header(archive, &header)
        if status == ARCHIVE_EOF {
            // Some programs leave the end of layers out; whether a layer is whole is seen from its digest.
            if layout == .image { try checkEnd() }
            return nil
        }
        if hasFailed(status) { throw source.error(of: archive) }
        return header
    }

    /// An archive ends with zeros.
    ///
    /// One that was cut between two entries looks sound to libarchive.
    private func checkEnd() throws {
        let size = try source.finalSize()
        guard archive_filter_bytes(archive, 0) >= size else { return }
        var isZero = false
        try withUnsafeTemporaryAllocation(byteCount: 512, alignment: 8) { block in
            let start = max(0, size - 512)
            let count = try source.descriptor.read(into: block, at: Int64(clamping: source.start) + start)
            isZero = count == 512 && block.allSatisfy { $0 == 0 }
        }
        if !isZero { throw ArchiveError.truncated }
    }

    /// `nil` for the archive's own root, which is nothing in an image.
    private mutating func decode(_ header: OpaquePointer) throws -> ArchiveEntry? {
        let raw = try text(archive_entry_pathname(header))
        guard let path = try ArchivePath.clean(raw, layout, limits: limits) else { return nil }
        guard layout == .layer || path == manifestName || ArchivePath.isBelowRoot(path) else {
            throw ArchiveError.unrecognizedPath(path)
        }
        var entry = ArchiveEntry(
            path: path, content: try content(header, path: path), mode: UInt32(archive_entry_perm(header)) & 0o7777,
            user: owner(archive_entry_uid(header)), group: owner(archive_entry_gid(header)),
            modificationTime: nanoseconds(archive_entry_mtime(header), archive_entry_mtime_nsec(header)))
        if entry.content == .file {
            entry.size = UInt64(max(0, archive_entry_size(header)))
            let (sum, overflow) = declaredBytes.addingReportingOverflow(entry.size)
            if overflow || sum > limits.maximumTotalBytes {
                throw ArchiveError.tooLarge(maximumTotalBytes: limits.maximumTotalBytes)
            }
            declaredBytes = sum
            if archive_entry_sparse_count(header) == 0 { try setDataOffset(of: &entry) }
        }
        if archive_entry_xattr_reset(header) > 0 { entry.extendedAttributes = try attributes(header, path: path) }
        return entry
    }

    private func setDataOffset(of entry: inout ArchiveEntry) throws {
        let offset = archive_filter_bytes(archive, 0)
        guard offset >= 0, try source.has(atLeast: UInt64(offset) + entry.size) else { throw ArchiveError.truncated }
        entry.dataOffset = source.start + UInt64(offset)
    }

    private func content(_ header: OpaquePointer, path: String) throws -> ArchiveEntry.Content {
        if let target = archive_entry_hardlink(header) {
            return .hardLink(target: try ArchivePath.cleanLinkTarget(text(target), layout, limits: limits))
        }
        let device = (
            UInt32(truncatingIfNeeded: archive_entry_rdevmajor(header)),
            UInt32(truncatingIfNeeded: archive_entry_rdevminor(header))
        )
        switch FileKind(mode: UInt32(archive_entry_filetype(header))) {
        case .file: return .file
        case .directory: return .directory
        case .symlink: return .symlink(target: try text(archive_entry_symlink(header)))
        case .characterDevice: return .characterDevice(major: device.0, minor: device.1)
        case .blockDevice: return .blockDevice(major: device.0, minor: device.1)
        case .fifo: return .fifo
        case .socket, nil: throw ArchiveError.unsupportedEntry(path: path)
        }
    }

    private func attributes(_ header: OpaquePointer, path: String) throws -> [ExtendedAttribute] {
        var found: [ExtendedAttribute] = []
        var name: UnsafePointer<CChar>?
        var value: UnsafeRawPointer?
        var size = 0
        while archive_entry_xattr_next(header, &name, &value, &size) == ARCHIVE_OK {
            let name = try text(name)
            guard ExtendedAttribute.isAllowed(name) else { continue }
            if name.utf8.count > limits.maximumAttributeNameBytes {
                throw ArchiveError.attributeNameTooLong(
                    path: path, maximumAttributeNameBytes: limits.maximumAttributeNameBytes)
            }
            if size > limits.maximumAttributeBytes {
                throw ArchiveError.attributeTooLarge(
                    name: name, path: path, maximumAttributeBytes: limits.maximumAttributeBytes)
            }
            found.append(
                ExtendedAttribute(name: name, value: [UInt8](UnsafeRawBufferPointer(start: value, count: size))))
        }
        return found
    }

    private func text(_ pointer: UnsafePointer<CChar>?) throws(ArchiveError) -> String {
        guard let pointer else { throw .damaged("an entry without a name") }
        if let text = String(validatingCString: pointer) { return text }
        throw .nameNotUTF8(String(String(cString: pointer).prefix(80)))
    }

    /// 0 only for 0: a number that is too large for the kernel must not turn into root by overflow.
    private func owner(_ id: Int64) -> UInt32 {
        guard let id = UInt32(exactly: id), id != .max else { return 65534 }
        return id
    }

    private func nanoseconds(_ seconds: Int, _ fraction: Int) -> Int64 {
        let (whole, overflow) = Int64(seconds).multipliedReportingOverflow(by: 1_000_000_000)
        if overflow { return seconds < 0 ? .min : .max }
        let (sum, carry) = whole.addingReportingOverflow(Int64(fraction))
        return carry ? .max : sum
    }
}
