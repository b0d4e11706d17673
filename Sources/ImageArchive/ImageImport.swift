package import AppContainer
import CLinux
import Digests
package import LinuxSystem

/// An image file turned into what the store keeps: the uncompressed archive, checked, and what it is called.
package struct ImportedArchive: Equatable, Sendable {
    /// From the SHA-512 digest of the uncompressed archive with everything behind its last entry.
    package let id: ImageID
    package let manifest: ImageManifest
    /// Bytes of the uncompressed archive.
    package let size: UInt64
    package let compression: Compression
    /// SHA-256 of every byte of the image file as it came, 64 digits; empty where nobody asked for it.
    package let sourceDigest: String

    package init(
        id: ImageID, manifest: ImageManifest, size: UInt64, compression: Compression = .none, sourceDigest: String = ""
    ) {
        self.id = id
        self.manifest = manifest
        self.size = size
        self.compression = compression
        self.sourceDigest = sourceDigest
    }
}

/// Copies an image file into an empty blob file, undoing its compression, and checks that it is an image.
///
/// One pass over `source`, from its position to its end: each block is hashed and written while it is in the cache. Then
/// the entries of the blob are walked, without reading the data. Memory does not depend on the size of the image. Nothing
/// is synced, but writing to the disk is under way. After a failure the blob holds something unusable. With
/// `hashingSource` the bytes of the file are hashed in the same pass, those that the decoder does not want included;
/// `growth` hears how far the blob is.
///
/// - Throws: ``ArchiveError``; ``SystemCallError`` from `read` and `write`.
///
/// Source: appc spec 0.8.11, aci.md, "Image ID" and "Image Archives".
package func importArchive(
    from source: borrowing Descriptor, to blob: borrowing Descriptor, hashingSource: Bool = false,
    limits: ArchiveLimits = .standard, growth: BlobGrowth? = nil
) throws -> ImportedArchive {
    let input = try Decompressor(source.duplicate(), hashingSource: hashingSource, limits: limits)
    var copy = BlobCopy(limits: limits)
    while true {
        let block = try input.next()
        if block.isEmpty { break }
        try copy.take(block, compression: input.compression, compressedBytes: input.compressedBytes)
        try blob.writeAll(block)
        copy.startWriting(to: blob)
        growth?.reach(copy.size)
    }
    if copy.size < UInt64(TarHeader.blockSize) { throw ArchiveError.notAnArchive(input.compression) }
    let manifest = try parsed(checkedManifest(in: blob, limits: limits))
    return ImportedArchive(
        id: ImageID(digest: copy.digest.finish()), manifest: manifest, size: copy.size, compression: input.compression,
        sourceDigest: try input.sourceDigest())
}

/// What is known about the blob while it grows.
private struct BlobCopy: ~Copyable {
    var digest = SHA512Digest()
    var size: UInt64 = 0
    private var syncedSize: UInt64 = 0
    private let limits: ArchiveLimits

    init(limits: ArchiveLimits) { self.limits = limits }

    mutating func take(
        _ block: UnsafeRawBufferPointer, compression: Compression, compressedBytes: UInt64
    ) throws(ArchiveError) {
        if size == 0, !TarHeader.canStartArchive(block) { throw .notAnArchive(compression) }
        size += UInt64(block.count)
        if size > limits.maximumTotalBytes { throw .tooLarge(maximumTotalBytes: limits.maximumTotalBytes) }
        if size > limits.ratioFreeBytes, size / limits.maximumRatio > compressedBytes {
            throw .ratioTooHigh(maximumRatio: limits.maximumRatio)
        }
        digest.update(block)
    }

    /// Lets the disk work while the next blocks are decoded, so that little is left to do when the blob is synced.
    mutating func startWriting(to blob: borrowing Descriptor) {
        let step: UInt64 = 8 << 20
        guard size - syncedSize >= step else { return }
        // Only a hint: the sync at the end is what counts.
        _ = clinux_start_writing(blob.raw, Int64(syncedSize), Int64(size - syncedSize))
        syncedSize = size
    }
}

/// Walks the entries of an uncompressed archive and gives the bytes of its manifest.
///
/// Duplicates of files are accepted, the last one wins when the image is rendered; two manifests are not.
private func checkedManifest(in blob: borrowing Descriptor, limits: ArchiveLimits) throws -> [UInt8] {
    var reader = try ArchiveReader(reading: blob, limits: limits)
    var manifest: [UInt8]?
    var hasRoot = false
    while let entry = try reader.next() {
        if entry.path == manifestName {
            if entry.content != .file { throw ArchiveError.manifestNotAFile }
            if manifest != nil { throw ArchiveError.duplicate(manifestName) }
            guard let content = try reader.readAll(limit: limits.maximumManifestBytes) else {
                throw ArchiveError.manifestTooLarge(maximumManifestBytes: limits.maximumManifestBytes)
            }
            manifest = content
        } else {
            if entry.path == rootFileSystemName, entry.content != .directory {
                throw ArchiveError.rootFileSystemNotADirectory
            }
            hasRoot = true
        }
    }
    guard let manifest else { throw ArchiveError.missingManifest }
    if !hasRoot { throw ArchiveError.missingRootFileSystem }
    return manifest
}

private func parsed(_ manifest: [UInt8]) throws(ArchiveError) -> ImageManifest {
    do {
        return try ImageManifest(parsing: manifest)
    } catch {
        throw .invalidManifest("\(error)")
    }
}
