import CArchive
package import LinuxSystem

/// Undoes the one layer of compression of an image file, block by block.
package final class Decompressor {
    /// What is to be read, and what it may be.
    package enum Content: Sendable {
        /// An image archive, from the position of the file to its end; what is no archive is an error.
        case image
        /// A layer of an OCI or Docker image in this part of the file, whose position does not matter: what is not
        /// compressed comes out as it is.
        case layer(Range<UInt64>)
    }

    private let source: CompressedSource
    /// `nil` for files that are not compressed, or with gzip.
    private let handle: ReadHandle?
    private let gzip: GzipDecoder?
    /// libarchive answers `ARCHIVE_EOF` for an empty stream before there is an entry to read.
    private var isAtEnd = false

    package var compression: Compression { source.compression }
    /// Bytes of the file read so far.
    package var compressedBytes: UInt64 { source.byteCount }

    package init(
        _ file: consuming Descriptor, _ content: Content = .image, hashingSource: Bool = false, limits: ArchiveLimits
    ) throws {
        source = try CompressedSource(file, content, hashing: hashingSource, limits: limits)
        gzip = source.compression == .gzip ? try GzipDecoder(source) : nil
        guard let filter = source.compression.filter else {
            handle = nil
            return
        }
        let handle = try ReadHandle(source)
        self.handle = handle
        archive_read_support_format_raw(handle.archive)
        // One filter, named: libarchive does not look for another one inside.
        archive_read_append_filter(handle.archive, filter)
        try source.open(handle.archive)
        var entry: OpaquePointer?
        let status = archive_read_next_header(handle.archive, &entry)
        if status == ARCHIVE_EOF {
            isAtEnd = true
        } else if hasFailed(status) {
            throw source.error(of: handle.archive)
        }
    }

    /// SHA-256 of the whole file, also of what follows the compressed data; empty where it was not asked for.
    func sourceDigest() throws -> String { try source.digest() }

    /// The next bytes, valid until the next call; empty at the end.
    package func next() throws -> UnsafeRawBufferPointer {
        if let gzip { return try gzip.next() }
        guard let handle else { return try source.read() }
        var block: UnsafeRawPointer?
        var count = 0
        var offset: Int64 = 0
        while !isAtEnd {
            let status = archive_read_data_block(handle.archive, &block, &count, &offset)
            if status == ARCHIVE_EOF { isAtEnd = true }
            if hasFailed(status) { throw source.error(of: handle.archive) }
            if count > 0 { return UnsafeRawBufferPointer(start: block, count: count) }
        }
        return UnsafeRawBufferPointer(start: nil, count: 0)
    }
}

extension Compression {
    /// libarchive's number for the decoder; `nil` where there is nothing to decode, or somebody else does.
    fileprivate var filter: CInt? {
        switch self {
        case .none, .gzip: nil
        case .bzip2: ARCHIVE_FILTER_BZIP2
        case .xz: ARCHIVE_FILTER_XZ
        case .zstd: ARCHIVE_FILTER_ZSTD
        }
    }
}
