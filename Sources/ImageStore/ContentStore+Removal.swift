package import AppContainer
import Glibc
import LinuxSystem
import SystemPackage

extension ContentStore {
    /// Forgets an image and deletes its files.
    ///
    /// Its rendered tree is not touched.
    ///
    /// - Throws: ``ImageStoreError/noSuchKey(_:)``; ``ImageStoreError/notRemovedFromIndex(_:reason:)``, nothing is changed
    ///   then; ``ImageStoreError/staleFiles(_:)``, the image is gone but not its files.
    package func remove(_ id: ImageID) throws {
        let key = id.key
        guard try index.info(key) != nil || exists(layout.manifest(key)) else {
            throw ImageStoreError.noSuchKey(key)
        }
        let lock = try forget(key)
        try removeFiles(of: key)
        try lock.unlock()
    }

    /// Takes an image out of the index and gives the lock on it.
    private func forget(_ key: ImageID) throws -> Descriptor {
        do {
            let lock = try lock(key)
            try index.remove(key, layout)
            return lock
        } catch {
            throw ImageStoreError.notRemovedFromIndex(key, reason: "\(error)")
        }
    }

    private func removeFiles(of key: ImageID) throws {
        var reasons: [String] = []
        for path in [layout.manifest(key), layout.blob(key)] {
            do throws(SystemCallError) {
                try check("unlink", "'\(path)'") { unlink(path.string) }
            } catch {
                if error.errno != .noSuchFileOrDirectory { reasons.append("\(error)") }
            }
        }
        if !reasons.isEmpty { throw ImageStoreError.staleFiles(reasons) }
    }

    /// Deletes what processes that were killed have left: temporary files, and images that did not get into the index.
    ///
    /// What is in use is locked and stays. A manifest that is being written has no lock: it counts as left after a minute.
    ///
    /// - Returns: what could not be deleted and why.
    @discardableResult
    package func collectTemporaryFiles(now: Int64 = LinuxSystem.now()) throws -> [String] {
        guard exists(layout.temporary) else { return [] }
        var problems: [String] = []
        let directory = try Descriptor.open(layout.temporary, [.directory])
        for name in try listDirectory(layout.temporary) {
            do {
                try collect(name, in: directory)
            } catch {
                problems.append("\(error)")
            }
        }
        for key in try unindexedKeys(now: now) {
            do {
                try collectImage(key)
            } catch {
                problems.append("\(error)")
            }
        }
        return problems
    }

    /// How long writing a manifest may take, in nanoseconds.
    private static let graceTime: Int64 = 60_000_000_000

    private func collect(_ name: String, in directory: borrowing Descriptor) throws(SystemCallError) {
        do throws(SystemCallError) {
            let status = try FileStatus(of: name, below: directory)
            guard status.kind == .file || status.kind == .directory else { return try directory.removeFile(name) }
            let entry = try directory.open(name, [.readOnly, .noFollow, .nonBlocking])
            guard try entry.tryLock(.exclusive) else { return }
            // Whoever had the lock before may have removed the name after we opened it, and somebody else made it anew.
            guard try FileStatus(of: name, below: directory).inode == FileStatus(of: entry).inode else { return }
            try removeTree(name, below: directory)
            try entry.unlock()
        } catch  where error.errno == .noSuchFileOrDirectory {
            return  // finished in the meantime
        }
    }

    private func unindexedKeys(now: Int64) throws -> Set<ImageID> {
        var found: Set<ImageID> = []
        for directory in [layout.blobs, layout.manifests] {
            for shard in try listDirectory(directory) {
                let path = directory.appending(shard)
                for name in try listDirectory(path) {
                    if let key = try? ImageID(parsing: name) {
                        found.insert(key)
                    } else if let status = try? FileStatus(of: path.appending(name)),  // gone: nothing to do
                        status.changeTime <= now - Self.graceTime
                    {
                        // The manifest of somebody who was killed while writing it.
                        try removeTree(path.appending(name))
                    }
                }
            }
        }
        return found.subtracting(try index.all().map(\.id))
    }

    /// Waits for whoever is about to index the image.
    private func collectImage(_ key: ImageID) throws {
        let lock = try lock(key)
        if try index.info(key) == nil { try removeFiles(of: key) }
        try lock.unlock()
    }
}
