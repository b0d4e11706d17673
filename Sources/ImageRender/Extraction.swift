package import AppContainer
import Digests
import ImageArchive
package import ImageStore
package import LinuxSystem

/// How often an archive is read again for hard links whose target its `pathWhitelist` leaves out: once per link to a
/// link to … to a file.
private let maximumLinkPasses = 8

/// Unpacks an image with all it depends on, as the tree store does, into an empty directory.
///
/// Everything stays below `root`, whoever calls; without privileges owners, devices, file capabilities and set-id bits
/// are left out. Nothing is synced. After a failure the directory holds a part of the image. `root` is open for reading,
/// and gets the attributes of the image's `rootfs`.
package func renderImage(_ image: ImageID, from store: ContentStore, to root: borrowing Descriptor) throws {
    let layers = try layers(of: image, in: store)
    try finishTree(try extract(layers, from: store, to: root, trusting: nil), root: root, seal: nil)
}

/// Unpacks the files of one image as its archive has them, without dependencies and without `pathWhitelist`, into an
/// empty directory; otherwise like ``renderImage(_:from:to:)``.
package func extractImage(_ image: ImageID, from store: ContentStore, to root: borrowing Descriptor) throws {
    try checkBlob(image, in: store)
    var builder = try TreeBuilder(root: root.raw, NewFileRules(in: root.raw))
    try add(image.key, from: store, filter: PathFilter(own: [], inherited: []), to: &builder)
    try finishTree(builder.finish(), root: root, seal: nil)
}

/// The images that make up the tree of an image; see ``layers(of:manifest:resolve:)``.
///
/// A dependency with an image ID is that image and no other; one without is the best stored image of the name.
package func layers(of image: ImageID, in store: ContentStore) throws -> [Layer] {
    try layers(
        of: image, manifest: { try store.manifest(of: $0) },
        resolve: { dependency, image in
            do {
                if let id = dependency.imageID { return try store.resolve("\(id.key)") }
                return try store.best(named: ImageName(dependency.imageName, dependency.labels)).id
            } catch {
                let name = ImageName(dependency.imageName, dependency.labels)
                throw Failure("\(ImageRenderError.missingDependency(name: "\(name)", of: image))", cause: error)
            }
        })
}

/// Unpacks layers, the lowest first, so that upper ones win, and gives what ``finishTree(_:root:seal:)`` needs.
///
/// `root` is an empty directory, open for reading. Archives are hashed before they are unpacked, but not that of
/// `trusted`.
func extract(
    _ layers: [Layer], from store: ContentStore, to root: borrowing Descriptor, trusting trusted: ImageID?
) throws -> TreeRecords {
    var builder = try TreeBuilder(root: root.raw, NewFileRules(in: root.raw))
    for layer in layers.reversed() {
        if layer.image != trusted?.key { try checkBlob(layer.image, in: store) }
        let filter = PathFilter(
            own: try store.manifest(of: layer.image).pathWhitelist,
            inherited: try layer.filter.map { try store.manifest(of: $0).pathWhitelist } ?? [])
        do {
            try add(layer.image, from: store, filter: filter, to: &builder)
        } catch {
            throw Failure("unpacking image '\(layer.image)'", cause: error)
        }
    }
    return builder.finish()
}

/// Hashes the archive of an image.
///
/// - Throws: ``ImageRenderError/blobChanged(_:)``.
///
/// Source: rkt 1.30.0, pkg/acirenderer/acirenderer.go: "image hash does not match expected".
func checkBlob(_ image: ImageID, in store: ContentStore) throws {
    let blob = try store.openBlob(image)
    var digest = SHA512Digest()
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: ContentHasher.bufferSize, alignment: 4096)
    defer { buffer.deallocate() }
    var offset: Int64 = 0
    while true {
        let count = try blob.read(into: buffer, at: offset)
        if count == 0 { break }
        digest.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        offset += Int64(count)
    }
    if ImageID(digest: digest.finish()) != image.key { throw ImageRenderError.blobChanged(image.key) }
}

private func add(
    _ image: ImageID, from store: ContentStore, filter: PathFilter, to builder: inout TreeBuilder
) throws {
    let blob = try store.openBlob(image)
    var reader = try ArchiveReader(reading: blob, limits: .stored)
    while let entry = try reader.next() {
        guard let path = pathInRootFileSystem(entry.path) else { continue }
        if filter.isOpen || filter.admits(path, isDirectory: entry.content == .directory) {
            try builder.add(entry, at: path, reader: &reader, blob: blob)
        }
    }
    try builder.closeLinks()
    if !filter.isOpen { try addLeftOutTargets(blob, filter, to: &builder) }
    if let (path, target) = builder.openLinks.min(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
        throw ImageRenderError.missingLinkTarget(path: words(path), target: words(target))
    }
}

/// Hard links to a file that the `pathWhitelist` leaves out: the first of them becomes the file.
private func addLeftOutTargets(
    _ blob: borrowing Descriptor, _ filter: PathFilter, to builder: inout TreeBuilder
) throws {
    for _ in 0..<maximumLinkPasses where !builder.openLinks.isEmpty {
        var links: [[UInt8]: [UInt8]] = [:]
        for (path, target) in builder.openLinks.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
            if links[target] == nil, !filter.admits(target, isDirectory: false) { links[target] = path }
        }
        if links.isEmpty { return }
        var reader = try ArchiveReader(reading: blob, limits: .stored)
        while let entry = try reader.next() {
            guard let path = pathInRootFileSystem(entry.path), let link = links[path] else { continue }
            if case .hardLink(let target) = entry.content {
                builder.redirectLinks(from: path, to: pathInRootFileSystem(target) ?? [])
            } else if entry.content != .directory {
                builder.redirectLinks(from: path, to: link)
                try builder.add(entry, at: link, reader: &reader, blob: blob)
            }
        }
        try builder.closeLinks()
    }
}
