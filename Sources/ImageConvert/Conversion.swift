import AppContainer
import Glibc
package import ImageArchive
import JSON
package import LinuxSystem
import SystemPackage

/// Layers of one image: a thousand times what a registry's tools make.
package let maximumLayers = 1_000
/// Entries of all layers of one image, at about 60 bytes of memory each.
package let maximumTreeEntries = 1_500_000

/// Writes an OCI or Docker image as an app container image into an empty file: `manifest`, then `rootfs` with what the
/// layers make together.
///
/// The same layers, config and name give the same bytes. Layers are unpacked into files without names in the directory
/// of `blob`, as large as the layers; they are gone when this returns. What the layers contain must be what the config
/// says. `growth` hears how far the blob is. Nothing is synced. After a failure the blob holds something unusable.
///
/// - Throws: ``ConversionError``, ``ArchiveError`` and ``SystemCallError``, behind a ``Failure`` that names the layer.
///
/// Source: OCI image-spec 1.1, layer.md and config.md; rkt 1.30.0 and docker2aci 0.17 for the result.
package func convert(
    _ image: LayeredImage, to blob: borrowing Descriptor, limits: ArchiveLimits = .standard, growth: BlobGrowth? = nil
) throws -> ImportedArchive {
    let config = try ImageConfig(parsing: image.config)
    if image.layers.count > maximumLayers { throw ConversionError.tooManyLayers(limit: maximumLayers) }
    if config.diffIDs.count != image.layers.count {
        throw ConversionError.layerCountDiffers(config: config.diffIDs.count, manifest: image.layers.count)
    }
    let manifest = try manifest(for: config, of: image)
    let tasks = zip(image.layers, config.diffIDs).enumerated().map { index, layer in
        LayerTask(number: index + 1, blob: layer.0, diffID: layer.1)
    }
    let layers = try UnpackedLayers.unpack(tasks, in: directory(of: blob), limits: limits)
    return try write(manifest, layers, to: blob, limits: limits, growth)
}

/// The directory that holds an open file, which may have no name any more.
private func directory(of file: borrowing Descriptor) throws -> Descriptor {
    var buffer = [CChar](repeating: 0, count: 4097)
    let path = file.procPath
    let count = try check("readlink", "'\(path)'") { readlink(path, &buffer, buffer.count - 1) }
    let name = FilePath(String(decoding: buffer.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self))
    return try Descriptor.open(name.removingLastComponent(), [.directory])
}

private func write(
    _ manifest: ImageManifest, _ layers: borrowing UnpackedLayers, to blob: borrowing Descriptor, limits: ArchiveLimits,
    _ growth: BlobGrowth?
) throws -> ImportedArchive {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: EntryRecord.maximumSize, alignment: 8)
    defer { buffer.deallocate() }
    var tree = try tree(of: layers, limits: limits, buffer)
    try tree.addStandardLinks()
    var writer = try TarWriter(hashing: blob.duplicate(), growth: growth)
    let bytes = manifest.json.serializedBytes()
    try writer.add(ArchiveEntry(path: manifestName, content: .file, mode: 0o644), data: bytes)
    try tree.visit(prefix: Array(rootFileSystemName.utf8), maximumDepth: limits.maximumDepth) { item, path in
        if path.count > limits.maximumPathBytes {
            throw ArchiveError.pathTooLong(
                path: String(text(path[...]).prefix(80)), maximumPathBytes: limits.maximumPathBytes)
        }
        let path = String(decoding: path, as: UTF8.self)
        switch item {
        case .directory(.implied):
            try writer.add(ArchiveEntry(path: path, content: .directory, mode: 0o755))
        case .leaf(let reference) where reference.rawValue < EntryReference.first:
            try writer.add(ArchiveEntry(path: path, content: StandardLink.content(of: reference), mode: 0o777))
        case .directory(let reference), .leaf(let reference):
            let entry = try layers.withRecord(reference, buffer) { $0.entry(path: path) }
            try layers.add(entry, reference, to: &writer)
        case .hardLink(let reference, let target):
            var entry = try layers.withRecord(reference, buffer) { $0.entry(path: path) }
            entry.content = .hardLink(target: String(decoding: target, as: UTF8.self))
            entry.extendedAttributes = []
            try writer.add(entry)
        }
    }
    let (digest, size) = try writer.finishHashed()
    return ImportedArchive(id: ImageID(digest: digest), manifest: manifest, size: size, compression: .none)
}

/// Applies all layers.
private func tree(
    of layers: borrowing UnpackedLayers, limits: ArchiveLimits, _ buffer: UnsafeMutableRawBufferPointer
) throws -> LayerTree {
    let total = layers.total
    let maximum = min(limits.maximumEntries, maximumTreeEntries)
    var tree = LayerTree(
        expectedEntries: min(Int(clamping: total.entryCount), maximum),
        expectedNameBytes: Int(clamping: total.nameBytes),
        maximumEntries: maximum)
    for index in layers.layers.indices {
        try tree.beginLayer()
        try layers.forEachRecord(of: index) { record, reference in
            try tree.apply(record.layerEntryKind, at: ArraySlice(record.path), reference: reference) { symlink in
                try layers.withRecord(symlink, buffer) { Array($0.target) }
            }
        }
    }
    return tree
}
