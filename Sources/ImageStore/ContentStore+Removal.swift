package import AppContainer
import Glibc
import LinuxSystem
import SystemPackage

extension ContentStore {
    /// Forgets an image and deletes its files.
    ///
    /// Its rendered tree is not touched. On a full disk, where the index cannot be changed, the files go first: without
    /// its manifest an image is not there, whatever the index says.
    ///
    /// - Throws: ``ImageStoreError/noSuchKey(_:)``; ``ImageStoreError/notRemovedFromIndex(_:reason:)``, nothing is changed
    ///   then; ``ImageStoreError/staleFiles(_:)``, the image is gone but not its files.
    package func remove(_ id: ImageID) throws {
        let key = id.key
        guard exists(layout.manifest(key)) else { throw ImageStoreError.noSuchKey(key) }
        let lock = try lockForRemoval(key)
        try forget(key)
        try lock.unlock()
    }

    private func lockForRemoval(_ key: ImageID) throws -> Descriptor {
        do {
            return try lock(key)
        } catch {
            throw ImageStoreError.notRemovedFromIndex(key, reason: "\(error)")
        }
    }

    /// The image is locked.
    private func forget(_ key: ImageID) throws {
        do {
            try index.remove(key, layout)
        } catch let error as ImageStoreError {
            guard error.mayBeForLackOfSpace, removeManifest(of: key) else {
                throw ImageStoreError.notRemovedFromIndex(key, reason: "\(error)")
            }
            try removeFiles(of: key)
            // Now there is room. If not, the row that is left counts for nothing, and is collected some day.
            try? index.afresh().remove(key, layout)
            return
        }
        try removeFiles(of: key)
    }

    /// Takes away what makes an image visible, on the disk before anything else goes.
    ///
    /// Returns whether it is gone.
    private func removeManifest(of key: ImageID) -> Bool {
        let path = layout.manifest(key)
        unlink(path.string)
        // Not synced is not worse than being killed a moment earlier.
        try? Descriptor.open(path.removingLastComponent(), [.directory]).sync()
        return !exists(path, followSymlinks: false)
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

    /// Deletes what processes that were killed have left: temporary files, and images that are half in the store.
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
        for key in try unindexedKeys(now: now).union(missingKeys()) {
            do {
                try collectImage(key)
            } catch {
                problems.append("\(error)")
            }
        }
        return problems
    }

    /// Deletes what was downloaded and that nobody has locked or written to since `limit`, the time since 1970.
    ///
    /// The directory belongs to somebody else: nothing that is in it is followed.
    ///
    /// - Returns: what could not be deleted and why.
    package func collectDownloads(unchangedSince limit: Duration) throws -> [String] {
        guard exists(layout.downloads, followSymlinks: false) else { return [] }
        var problems: [String] = []
        let directory = try Descriptor.open(layout.downloads, [.directory, .noFollow])
        for name in try directoryEntries(directory).map(\.name).sorted() {
            do {
                let status = try FileStatus(of: name, below: directory)
                if .nanoseconds(status.modificationTime) <= limit { try collect(name, in: directory) }
            } catch {
                if error.errno != .noSuchFileOrDirectory { problems.append("\(error)") }
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

    /// What the index still has although its manifest is gone.
    private func missingKeys() throws -> [ImageID] {
        try index.all().map(\.id).filter { !exists(layout.manifest($0)) }
    }

    /// Waits for whoever is about to index or remove the image.
    private func collectImage(_ key: ImageID) throws {
        let lock = try lock(key)
        if !exists(layout.manifest(key)) { try index.remove(key, layout) }
        if try index.info(key) == nil { try removeFiles(of: key) }
        try lock.unlock()
    }
}
