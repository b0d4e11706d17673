package import AppContainer
import CLinux
import ImageArchive
package import LinuxSystem
package import SystemPackage

/// The images on this machine: archives, manifests, and an index of them, below `<data>/cas`.
///
/// Opening costs nothing; the index is opened when it is first needed. Looking things up by a whole image ID does not
/// need it at all. Any number of processes may use a store at once. An image is visible when all of it is on the disk.
package struct ContentStore {
    let layout: StoreLayout
    let index: StoreIndex

    /// Nothing is made or read yet; a store that does not exist is empty until something is imported.
    package init(dataDirectory: FilePath) throws {
        layout = StoreLayout(dataDirectory: dataDirectory)
        index = StoreIndex(layout.index)
        if let status = try? FileStatus(of: dataDirectory), status.kind != .directory {  // missing is fine
            throw ImageStoreError.notADirectory("\(dataDirectory)")
        }
    }

    /// Whatever else lives below `<data>/cas`, the tree store for one, goes below this.
    package var directory: FilePath { layout.top }

    /// Where the uncompressed archive of an image is.
    package func blobPath(of id: ImageID) -> FilePath { layout.blob(id.key) }

    /// Opens the uncompressed archive of an image for reading, which counts as a use.
    package func openBlob(_ id: ImageID) throws -> Descriptor {
        do {
            touch(id.key)
            return try Descriptor.open(layout.blob(id.key))
        } catch  where error.errno == .noSuchFileOrDirectory {
            throw ImageStoreError.noSuchKey(id.key)
        }
    }

    package func manifest(of id: ImageID) throws -> ImageManifest {
        try ImageManifest(parsing: manifestBytes(of: id))
    }

    /// The manifest as the store wrote it: compact JSON of what ``ImageManifest`` knows.
    package func manifestBytes(of id: ImageID) throws -> [UInt8] {
        do {
            return try readFile(layout.manifest(id.key), limit: ArchiveLimits.standard.maximumManifestBytes)
        } catch  where error.errno == .noSuchFileOrDirectory {
            throw ImageStoreError.noSuchKey(id.key)
        }
    }

    /// Remembers that an image was used.
    ///
    /// Best effort: who may only read changes nothing. Not synced.
    package func touch(_ id: ImageID, now: Int64 = LinuxSystem.now()) {
        _ = clinux_set_times(CInt(CLINUX_AT_FDCWD), layout.lock(id.key).string, now, now, 0)
    }

    /// Stores how much room the rendered tree of an image takes; 0 when there is none any more.
    package func setTreeSize(of id: ImageID, _ bytes: UInt64) throws {
        guard try index.setTreeSize(of: id.key, bytes, layout) else { throw ImageStoreError.noSuchInfo(id.key) }
    }
}

// Looking up.
extension ContentStore {
    /// All images, the oldest import first.
    package func list() throws -> [ImageInfo] { try index.all().filter(isPresent).map(withLastUse) }

    package func info(of id: ImageID) throws -> ImageInfo {
        guard let info = try index.info(id.key), isPresent(info) else { throw ImageStoreError.noSuchInfo(id.key) }
        return withLastUse(info)
    }

    /// Without a manifest, an image is just being removed, or was by somebody who could not change the index.
    private func isPresent(_ info: ImageInfo) -> Bool { exists(layout.manifest(info.id)) }

    /// The image whose ID begins like this: `sha512-` and at least two digits; digits behind the 64th do not count.
    ///
    /// Source: rkt 1.30.0, store/imagestore/store.go, ResolveKey.
    package func resolve(_ abbreviated: String) throws -> ImageID {
        guard abbreviated.hasPrefix(ImageID.prefix) else { throw ImageStoreError.wrongKeyPrefix }
        guard abbreviated.utf8.count >= ImageID.prefix.utf8.count + 2 else { throw ImageStoreError.imageIDTooShort }
        guard let wanted = try? ImageID(parsing: abbreviated).key else {  // no image has an ID with other characters
            throw ImageStoreError.noImageIDsFound
        }
        if !wanted.isAbbreviated {
            guard exists(layout.manifest(wanted)) else { throw ImageStoreError.noImageIDsFound }
            return wanted
        }
        let names = try listDirectory(layout.shard(of: wanted, in: layout.manifests))
        // Other names are temporary.
        let found = names.compactMap { try? ImageID(parsing: $0) }.filter { wanted.isPrefix(of: $0) }
        if found.count > 1 { throw ImageStoreError.ambiguousImageID(abbreviated) }
        guard let only = found.first else { throw ImageStoreError.noImageIDsFound }
        return only
    }

    /// All images with this name and at least these labels, the best first: unless a version is asked for, those that
    /// were fetched without a version; then the newest import.
    ///
    /// Source: rkt 1.30.0, store/imagestore/store.go, GetACI.
    package func images(named image: ImageName) throws -> [ImageInfo] {
        try candidates(for: image).filter { try fits($0, image) }.map(withLastUse)
    }

    /// The image that a user means by this name.
    ///
    /// - Throws: ``ImageStoreError/noSuchImage(_:)``
    package func best(named image: ImageName) throws -> ImageInfo {
        guard let info = try candidates(for: image).first(where: { try fits($0, image) }) else {
            throw ImageStoreError.noSuchImage(image)
        }
        return withLastUse(info)
    }

    private func candidates(for image: ImageName) throws -> [ImageInfo] {
        try index.images(named: image.name, preferringLatest: image.labels["version"] == nil)
    }

    private func fits(_ info: ImageInfo, _ image: ImageName) throws -> Bool {
        if image.labels.isEmpty { return isPresent(info) }
        do {
            return image.labels.isSubset(of: try manifest(of: info.id).labels)
        } catch ImageStoreError.noSuchKey {
            return false  // removed in this moment
        }
    }

    private func withLastUse(_ info: ImageInfo) -> ImageInfo {
        var info = info
        if let status = try? FileStatus(of: layout.lock(info.id)) {  // without it, the import was the last use
            info.lastUsed = max(info.lastUsed, status.modificationTime)
        }
        return info
    }
}
