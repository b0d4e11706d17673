import AppContainer
import Glibc
package import ImageArchive
import JSON
package import LinuxSystem
import SystemPackage

extension ContentStore {
    /// Reads an image file from its position to its end and puts it into the store.
    ///
    /// Idempotent: an image that is stored already gets a new import time and `latest`. On return, archive, manifest and
    /// index are on the disk; after a failure nothing is left but an unlocked file in `tmp` if the process was killed. Of
    /// several processes that import the same file at once one does the work and the others wait for it.
    ///
    /// - Throws: ``ArchiveError`` when the file is no image; ``Failure`` when the store cannot be written.
    package func importImage(
        from source: borrowing Descriptor, latest: Bool, now: Int64 = LinuxSystem.now(),
        limits: ArchiveLimits = .standard
    ) throws -> ImageInfo {
        let status = try FileStatus(of: source)
        guard status.kind == .file else { throw ArchiveError.notARegularFile }
        do {
            try layout.create()
            return try importOnce(from: source, status, latest: latest, now: now, limits: limits)
        } catch let error as SystemCallError {
            throw Failure("cannot write the image store '\(layout.top)'", cause: error)
        } catch ImageStoreError.index(let reason) {
            throw Failure("cannot write the image store '\(layout.top)'", cause: ImageStoreError.index(reason))
        }
    }

    private func importOnce(
        from source: borrowing Descriptor, _ status: FileStatus, latest: Bool, now: Int64, limits: ArchiveLimits
    ) throws -> ImageInfo {
        let name = sourceLockName(status)
        let directory = try Descriptor.open(layout.temporary, [.directory])
        while true {
            let lock = try directory.open(name, [.readWrite, .create], mode: StoreLayout.fileMode)
            if try lock.tryLock(.exclusive) {
                // Whoever had the lock before may have removed the file after we opened it.
                let current = try? FileStatus(of: name, below: directory).inode  // gone: try again
                if try current != FileStatus(of: lock).inode { continue }
                try layout.share(lock)
                defer { try? directory.removeFile(name) }  // unlocked files here are collected anyway
                let info = try importAlways(from: source, latest, now, limits)
                try lock.writeAll("\(info.id)")
                return info
            }
            try lock.lock(.exclusive)
            // The other process leaves the ID in the file, also when it has removed its name.
            let text = String(decoding: try lock.readAll(), as: UTF8.self)
            if let id = try? ImageID(parsing: text), let info = try index.info(id) {  // else it failed: do it ourselves
                return try reimported(info, latest: latest, now: now)
            }
        }
    }

    /// One name for one content: a file that is changed gets another one.
    private func sourceLockName(_ status: FileStatus) -> String {
        "import-\(status.deviceMajor).\(status.deviceMinor)-\(status.inode)-\(status.size)-\(status.modificationTime)"
            + "-\(status.changeTime)"
    }

    private func reimported(_ info: ImageInfo, latest: Bool, now: Int64) throws -> ImageInfo {
        let info = ImageInfo(
            id: info.id, name: info.name, importTime: now, lastUsed: now, latest: latest, size: info.size,
            treeSize: info.treeSize)
        try index.put(info, layout)
        return info
    }

    private func importAlways(
        from source: borrowing Descriptor, _ latest: Bool, _ now: Int64, _ limits: ArchiveLimits
    ) throws -> ImageInfo {
        let directory = try Descriptor.open(layout.temporary, [.directory])
        while true {
            let name = "blob-\(hexadecimal(try randomBytes(8)))"
            let blob = try directory.open(name, [.readWrite, .create, .exclusive], mode: 0o600)
            // Held while the file has this name: without a lock it is taken for a leftover, even between these calls.
            guard try blob.tryLock(.exclusive), try FileStatus(of: blob).links > 0 else { continue }
            return try importAlways(from: source, to: blob, name, in: directory, latest, now, limits)
        }
    }

    private func importAlways(
        from source: borrowing Descriptor, to blob: borrowing Descriptor, _ name: String,
        in directory: borrowing Descriptor, _ latest: Bool, _ now: Int64, _ limits: ArchiveLimits
    ) throws -> ImageInfo {
        do {
            let archive = try importArchive(from: source, to: blob, limits: limits)
            try layout.share(blob)
            try blob.dataSync()
            return try publish(archive, blob: name, in: directory, latest: latest, now: now)
        } catch {
            try? directory.removeFile(name)  // the first error counts
            throw error
        }
    }

    /// Archive, then manifest, then index, each on the disk before the next.
    private func publish(
        _ archive: ImportedArchive, blob name: String, in directory: borrowing Descriptor, latest: Bool, now: Int64
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
        if !exists(layout.manifest(key)) { try write(archive.manifest, key) }
        let info = ImageInfo(
            id: key, name: archive.manifest.name, importTime: now, lastUsed: now, latest: latest, size: archive.size,
            treeSize: (try index.info(key))?.treeSize ?? 0)
        try index.put(info, layout)
        touch(key, now: now)
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
}
