import AppContainer
package import ImageArchive
package import LinuxSystem
import SystemPackage

extension ContentStore {
    /// Reads an image file from its position to its end and puts it into the store.
    ///
    /// Idempotent: an image that is stored already gets a new import time. On return, archive, manifest and index are on
    /// the disk; after a failure nothing is left but an unlocked file in `tmp` if the process was killed. Of several
    /// processes that import the same file at once one does the work and the others wait for it.
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
            throw unwritable(error)
        } catch ImageStoreError.index(let reason) {
            throw unwritable(ImageStoreError.index(reason))
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
                let staged = try stage(from: source, limits: limits, hashingSource: false)
                let info = try publish(staged, latest: latest, now: now)
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
        let again = ImageInfo(
            id: info.id, name: info.name, importTime: now, lastUsed: now, latest: latest, size: info.size,
            treeSize: info.treeSize)
        try index.put(again, nil, layout)
        return try index.info(info.id) ?? again  // removed in this moment
    }
}
