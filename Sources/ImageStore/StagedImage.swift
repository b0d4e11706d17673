import AppContainer
package import ImageArchive
import JSON
package import LinuxSystem
import SystemPackage

/// An image that is complete in the store's `tmp` and that nobody can see yet.
///
/// When it is dropped instead of published, nothing of it is left.
package struct StagedImage: ~Copyable {
    package let archive: ImportedArchive
    /// SHA-256 of the bytes of the image file, 64 digits; empty for a converted image.
    package var sourceDigest: String { archive.sourceDigest }

    /// Locked as long as it has its name in `tmp`: without a lock it is taken for a leftover.
    let blob: Descriptor
    let directory: Descriptor
    let name: String

    // After `publish` the name is gone already, and nobody makes it again.
    deinit { try? directory.removeFile(name) }  // unlocked files here are collected anyway
}

/// Starts to read an archive that is about to be written into this file, and gives the end that is told how far it is;
/// or does not read it.
package typealias BlobFollower = (borrowing Descriptor) throws -> BlobGrowth?

extension ContentStore {
    /// Reads an image file from its position to its end into the store, without making it visible.
    ///
    /// `hashingSource` says whether ``StagedImage/sourceDigest`` is wanted; it comes from the same pass. `follow` starts
    /// somebody who reads the archive while it is written.
    ///
    /// - Throws: ``ArchiveError`` when the file is no image; ``Failure`` when the store cannot be written.
    package func stage(
        from source: borrowing Descriptor, limits: ArchiveLimits = .standard, hashingSource: Bool = true,
        followedBy follow: BlobFollower? = nil
    ) throws -> StagedImage {
        guard try FileStatus(of: source).kind == .file else { throw ArchiveError.notARegularFile }
        let file = try newBlob()
        do {
            let growth: BlobGrowth? = if let follow { try follow(file.blob) } else { nil }
            let archive = try importArchive(
                from: source, to: file.blob, hashingSource: hashingSource, limits: limits, growth: growth)
            growth?.complete(archive)
            return file.holding(archive)
        } catch {
            file.remove()
            guard let error = error as? SystemCallError else { throw error }
            throw unwritable(error)
        }
    }

    /// Lets `fill` write an uncompressed archive into an empty file, without making it visible.
    ///
    /// `fill` answers for what it says about the archive, and tells the other value how far it is; its errors come through
    /// as they are, but for a full disk.
    ///
    /// - Throws: ``Failure`` when the store cannot be written.
    package func stage(
        limits: ArchiveLimits = .standard, followedBy follow: BlobFollower? = nil,
        filledBy fill: (borrowing Descriptor, BlobGrowth?) throws -> ImportedArchive
    ) throws -> StagedImage {
        let file = try newBlob()
        do {
            let growth: BlobGrowth? = if let follow { try follow(file.blob) } else { nil }
            let archive = try fill(file.blob, growth)
            guard try file.blob.size() == archive.size else { throw ArchiveError.truncated }
            if archive.size > limits.maximumTotalBytes {
                throw ArchiveError.tooLarge(maximumTotalBytes: limits.maximumTotalBytes)
            }
            growth?.complete(archive)
            return file.holding(archive)
        } catch {
            file.remove()
            guard let error = error as? SystemCallError, error.errno == .noSpace else { throw error }
            throw unwritable(error)
        }
    }

    /// Makes a staged image visible: archive, then manifest, then index, each on the disk before the next.
    ///
    /// Idempotent: an image that is stored already gets a new import time. `latest` says that it was fetched without
    /// asking for a version, which a later fetch with one does not undo. Without `origin` what is remembered stays; with
    /// one that has no signers, only the signers stay.
    package func publish(
        _ staged: consuming StagedImage, latest: Bool, origin: ImageOrigin? = nil, now: Int64 = LinuxSystem.now()
    ) throws -> ImageInfo {
        do {
            try layout.share(staged.blob)
            try staged.blob.dataSync()
            return try publish(staged.archive, staged.name, in: staged.directory, latest, origin, now)
        } catch let error as SystemCallError {
            throw unwritable(error)
        } catch let error as ImageStoreError {
            throw unwritable(error)
        }
    }

    private func newBlob() throws -> NewBlob {
        do {
            try layout.create()
            let directory = try Descriptor.open(layout.temporary, [.directory])
            while true {
                let name = "blob-\(hexadecimal(try randomBytes(8)))"
                let blob = try directory.open(name, [.readWrite, .create, .exclusive], mode: 0o600)
                // Somebody who collects leftovers may be between our two calls.
                guard try blob.tryLock(.exclusive), try FileStatus(of: blob).links > 0 else { continue }
                return NewBlob(blob: blob, directory: directory, name: name)
            }
        } catch let error as SystemCallError {
            throw unwritable(error)
        }
    }

    private func publish(
        _ archive: ImportedArchive, _ name: String, in directory: borrowing Descriptor, _ latest: Bool,
        _ origin: ImageOrigin?, _ now: Int64
    ) throws -> ImageInfo {
        let key = archive.id.key
        let lock = try lock(key)
        try layout.createShard(of: key, in: layout.blobs)
        try layout.createShard(of: key, in: layout.manifests)
        // One that is missing or was cut is replaced.
        if let stored = try? FileStatus(of: layout.blob(key)), stored.size == archive.size {
            try directory.removeFile(name)
        } else {
            let target = try Descriptor.open(layout.shard(of: key, in: layout.blobs), [.directory])
            try directory.rename(name, to: target, as: "\(key)")
            try target.sync()
        }
        let isNew = !exists(layout.manifest(key))
        // What the index still says about an image that is gone does not count for this one.
        if isNew, try index.info(key) != nil { try index.remove(key, layout) }
        if isNew { try write(archive.manifest, key) }
        try index.put(
            ImageInfo(
                id: key, name: archive.manifest.name, importTime: now, lastUsed: now, latest: latest,
                size: archive.size, treeSize: 0), origin, layout)
        touch(key, now: now)
        guard let info = try index.info(key) else { throw ImageStoreError.noSuchInfo(key) }
        try lock.unlock()
        return info
    }

    private func write(_ manifest: ImageManifest, _ key: ImageID) throws {
        let directory = try Descriptor.open(layout.shard(of: key, in: layout.manifests), [.directory])
        let content = Array(manifest.json.serialized().utf8)
        try directory.writeFile(content, name: "\(key)", mode: StoreLayout.fileMode, durable: true)
        try layout.share(directory.open("\(key)", [.readOnly, .noFollow]))
    }

    /// Locks an image against being imported and removed at the same time.
    func lock(_ key: ImageID) throws -> Descriptor {
        let isNew = !exists(layout.lock(key))
        let lock = try Descriptor.open(layout.lock(key), [.readWrite, .create], mode: StoreLayout.fileMode)
        if isNew { try layout.share(lock) }
        try lock.lock(.exclusive)
        return lock
    }

    func unwritable(_ error: any Error) -> Failure {
        Failure("cannot write the image store '\(layout.top)'", cause: error)
    }
}

/// A file in `tmp` that is being filled.
private struct NewBlob: ~Copyable {
    let blob: Descriptor
    let directory: Descriptor
    let name: String

    /// Gives the file and its name to the image that is in it.
    consuming func holding(_ archive: ImportedArchive) -> StagedImage {
        StagedImage(archive: archive, blob: blob, directory: directory, name: name)
    }

    borrowing func remove() { try? directory.removeFile(name) }  // unlocked files here are collected anyway
}
