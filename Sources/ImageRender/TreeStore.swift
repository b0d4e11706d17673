package import AppContainer
package import ImageStore
import LinuxSystem
package import SystemPackage

/// The rendered trees of a data directory: each image with its dependencies as one root directory, made once and shared
/// by all pods.
///
/// Below `cas`: `tree/<id>` with `rootfs`, `manifest`, `image`, `hash` and `rendered`; `seals/<id>`, which tells what the
/// tree must look like; `treestorelocks/<id>`. All of it is for root only. A tree is visible only when it is complete;
/// what a killed process leaves is a directory `tree/.tmp-…` that nobody has locked, for ``collectGarbage(keeping:)``.
///
/// Nothing of a tree is synced when it is made: that takes as long as making it, and a tree can be made again. Instead
/// `rendered` says in which boot of the machine that was. In a later boot the whole tree is read once and compared with
/// its seal, which a crash cannot forge; then `rendered` becomes empty: the tree is on the disk.
///
/// Source: rkt 1.30.0, store/treestore/tree.go; the seal is ours.
package struct TreeStore {
    let cas: FilePath
    let store: ContentStore

    /// Touches nothing.
    package init(dataDirectory: FilePath, store: ContentStore) {
        cas = dataDirectory.appending("cas")
        self.store = store
    }

    /// The name of the tree of an image, rendered or not.
    package func treeID(of image: ImageID) throws -> TreeID {
        TreeID(of: try layers(of: image, in: store).map(\.image))
    }

    /// Where the root directory of a tree is.
    package func rootFileSystem(of tree: TreeID) -> FilePath { path(of: tree).appending("rootfs") }

    /// Whether there is a tree with a seal.
    package func isRendered(_ tree: TreeID) -> Bool { state(of: tree) != .none }

    /// Makes the tree of an image unless it is there.
    ///
    /// Idempotent, also between processes: one renders, the others wait. Killed or failed, nothing is visible.
    ///
    /// `rebuilding` makes the tree anew also where there is one. Archives are hashed before they are unpacked, but not
    /// that of `trusted`: an image that has been imported a moment ago.
    @discardableResult
    package func render(
        _ image: ImageID, rebuilding: Bool = false, trusting trusted: ImageID? = nil
    ) throws -> TreeID {
        let layers = try layers(of: image, in: store)
        let tree = TreeID(of: layers.map(\.image))
        if !rebuilding && state(of: tree) == .whole { return tree }
        try makeLayout()
        let lock = try FileLock(lockPath(tree), .exclusive)
        if rebuilding || !isWhole(tree) {
            try discard(tree)
            try build(tree, layers, trusting: trusted)
            try recordSize(ofTreesOf: image)
        }
        _ = consume lock
        return tree
    }

    /// Checks a tree against its seal, as fast as can be.
    ///
    /// Content is read only where the file system does not vouch for it. Entries that were restored by a backup are
    /// accepted after reading them, and the seal is brought up to date.
    ///
    /// - Throws: ``ImageRenderError/changed(path:what:in:)`` for the first entry that differs, and the other errors of
    ///   ``ImageRenderError`` about trees and seals.
    package func verifySeal(of tree: TreeID) throws {
        guard exists(mark(of: tree)) else { throw ImageRenderError.notRendered(tree) }
        let lock = try FileLock(lockPath(tree), .shared)
        try verify(tree, state(of: tree) == .unproven ? .everything : .whatMayHaveChanged)
        _ = consume lock
    }

    /// As ``verifySeal(of:)``, reading everything.
    package func verifyFully(of tree: TreeID) throws {
        guard exists(mark(of: tree)) else { throw ImageRenderError.notRendered(tree) }
        let lock = try FileLock(lockPath(tree), .shared)
        try verify(tree, .everything)
        _ = consume lock
    }

    /// The names of all trees.
    package func list() throws -> [TreeID] {
        try listDirectory(trees).compactMap { try? TreeID(parsing: $0) }  // temporaries are no trees
    }

    /// Bytes of all files of a tree, hard links once; from the seal.
    package func size(of tree: TreeID) throws -> UInt64 {
        let seal = try openSeal(of: tree)
        return try translatingFaults(tree) {
            var reader = try SealReader(seal.duplicate(), of: tree)
            var counted: Set<UInt64> = []
            var total: UInt64 = 0
            while try reader.next() {
                let record = reader.record
                guard FileKind(mode: record.mode) == .file else { continue }
                if record.isLinked && !counted.insert(record.inode).inserted { continue }
                total &+= record.size  // at most 64 GiB
            }
            return total
        }
    }

    /// The image a tree was made for; `nil` when it does not say.
    package func image(of tree: TreeID) -> ImageID? {
        // Unreadable is as good as not there.
        (try? readTextFile(path(of: tree).appending("image"), limit: 256)).flatMap { try? ImageID(parsing: $0).key }
    }

    /// Stores how much room all trees of an image take: it has more than one after an image it depends on has changed.
    private func recordSize(ofTreesOf image: ImageID) throws {
        let own = try list().filter { self.image(of: $0) == image.key }
        let total = try own.reduce(into: UInt64(0)) { $0 &+= try size(of: $1) }  // sizes of files that exist
        try store.setTreeSize(of: image, total)
    }

    /// Removes a tree; none is no error.
    ///
    /// Pods that use it must be gone.
    package func remove(_ tree: TreeID) throws {
        guard exists(path(of: tree), followSymlinks: false) || exists(seals.appending(tree.description)) else { return }
        let lock = try FileLock(lockPath(tree), .exclusive)
        let image = image(of: tree)
        try discard(tree)
        _ = consume lock
        // The image may be gone already, and on a full disk a number that is too large does no harm.
        if let image { try? recordSize(ofTreesOf: image) }
    }

    /// Removes all trees but `referenced`, and what killed processes left.
    ///
    /// The caller keeps pods from being prepared meanwhile.
    ///
    /// - Returns: the trees that were removed.
    package func collectGarbage(keeping referenced: Set<TreeID>) throws -> [TreeID] {
        let unused = try list().filter { !referenced.contains($0) }
        for tree in unused { try remove(tree) }
        try removeUnfinished()
        return unused
    }

    /// Removes what processes left that were killed while they rendered or removed a tree.
    package func removeUnfinished() throws {
        guard exists(trees) else { return }
        try removeDeadTemporaries(in: trees)
        guard exists(seals) else { return }
        for name in try listDirectory(seals) {
            guard let tree = try? TreeID(parsing: name) else { continue }  // not ours
            if !exists(path(of: tree), followSymlinks: false) { try removeOrphanedSeal(of: tree) }
        }
    }
}

// Rendering.
extension TreeStore {
    private func build(_ tree: TreeID, _ layers: [Layer], trusting trusted: ImageID?) throws {
        let trees = try Descriptor.open(trees, [.directory, .path])
        let temporary = try Temporary(in: trees)
        do {
            try fill(temporary.directory, tree, layers, trusting: trusted)
            try place(temporary, tree)
        } catch {
            try? removeTree(temporary.name, below: trees)  // the error above says more; the next gc tries again
            throw error
        }
    }

    /// Writes tree and seal.
    private func fill(
        _ directory: borrowing Descriptor, _ tree: TreeID, _ layers: [Layer], trusting trusted: ImageID?
    ) throws {
        try directory.makeDirectory("rootfs", mode: 0o700)
        let root = try directory.open("rootfs", [.directory, .noFollow])
        let records = try extract(layers, from: store, to: root, trusting: trusted)
        let seal = SealWriter(try directory.open("seal", [.readWrite, .create, .exclusive], mode: 0o600))
        try finishTree(records, root: root, seal: seal)
        try describe(
            tree, of: layers[0].image, manifest: store.manifestBytes(of: layers[0].image), in: directory, seal,
            device: FileStatus(of: root).device)
    }

    /// Writes what stands beside the root directory of a tree, and ends its seal.
    func describe(
        _ tree: TreeID, of image: ImageID, manifest: [UInt8], in directory: borrowing Descriptor, _ seal: SealWriter,
        device: UInt64
    ) throws {
        let digest = try seal.finish(tree, device: device)
        let files: [(String, [UInt8])] = [
            ("manifest", manifest), ("image", Array("\(image)".utf8)),
            ("hash", Array("sha512-\(hexadecimal(digest))".utf8)), ("rendered", Array((bootID() ?? "").utf8)),
        ]
        for (name, content) in files { try directory.writeFile(content, name: name, mode: 0o600, durable: false) }
        if bootID() == nil { try directory.syncFileSystem() }
    }

    /// Puts a tree and its seal, which are complete, in place; the lock is held.
    func place(_ temporary: borrowing Temporary, _ tree: TreeID) throws {
        let trees = try Descriptor.open(trees, [.directory, .path])
        try temporary.directory.rename("seal", to: Descriptor.open(seals, [.directory, .path]), as: tree.description)
        try trees.rename(temporary.name, to: trees, as: tree.description)
    }

    /// Takes the tree out of sight, then removes it.
    ///
    /// The lock is held.
    func discard(_ tree: TreeID) throws {
        if exists(path(of: tree), followSymlinks: false) {
            let directory = try Descriptor.open(trees, [.directory, .path])
            let name = temporaryPrefix + hexadecimal(try randomBytes(8))
            try directory.rename(tree.description, to: directory, as: name)
            try removeTree(name, below: directory)
        }
        if exists(seals) { try Descriptor.open(seals, [.directory, .path]).removeFile(tree.description) }
    }

    /// A seal whose tree never came; unless it is just about to come.
    private func removeOrphanedSeal(of tree: TreeID) throws {
        let lock = try Descriptor.open(lockPath(tree), [.readWrite, .create], mode: 0o600)
        guard try lock.tryLock(.exclusive), !exists(path(of: tree), followSymlinks: false) else { return }
        try Descriptor.open(seals, [.directory, .path]).removeFile(tree.description)
    }
}

// Checking.
extension TreeStore {
    /// How far a tree can be trusted to be all on the disk.
    private enum State {
        case none
        /// Made in an earlier boot, and not read since.
        case unproven
        case whole
    }

    private func state(of tree: TreeID) -> State {
        // Unreadable is as good as not there.
        guard let text = try? readTextFile(mark(of: tree), limit: 64), exists(seals.appending(tree.description)) else {
            return .none
        }
        return text.isEmpty || text == bootID() ? .whole : .unproven
    }

    /// The lock is held.
    func isWhole(_ tree: TreeID) -> Bool {
        switch state(of: tree) {
        case .none: false
        case .whole: true
        // What the crash damaged is made anew, whatever the damage is.
        case .unproven: (try? verify(tree, .everything)) != nil
        }
    }

    /// What tells this boot of the machine from others; `nil` where there is no /proc.
    private func bootID() -> String? { try? readTextFile("/proc/sys/kernel/random/boot_id", limit: 64) }

    /// A lock is held.
    private func verify(_ tree: TreeID, _ thoroughness: SealCheck.Thoroughness) throws {
        let seal = try openSeal(of: tree)
        let root = try openRoot(of: tree)
        if thoroughness == .whatMayHaveChanged && QuickSealCheck.passes(tree, seal: seal, root: root) { return }
        try translatingFaults(tree) {
            var check = try SealCheck(tree, seal: seal.duplicate(), thoroughness: thoroughness)
            try check.run(root: root)
            if thoroughness == .everything, try recordedHash(of: tree) != check.header?.treeDigest {
                throw SealFault.damaged
            }
            if check.isOutdated {
                // Only saves reading the same files again; a file system without room for it is no reason to refuse.
                try? refreshSeal(of: tree, check)
            }
        }
        if thoroughness == .everything && state(of: tree) == .unproven {
            try writeFile([], to: mark(of: tree), mode: 0o600, durable: true)
        }
    }

    private func refreshSeal(of tree: TreeID, _ check: borrowing SealCheck) throws {
        let name = temporaryPrefix + hexadecimal(try randomBytes(8))
        let directory = try Descriptor.open(seals, [.directory])
        do {
            try check.writeRefreshedSeal(
                to: try directory.open(name, [.readWrite, .create, .exclusive], mode: 0o600))
            try directory.rename(name, to: directory, as: tree.description)
        } catch {
            try? directory.removeFile(name)  // the error above says more
            throw error
        }
    }

    private func openRoot(of tree: TreeID) throws -> Descriptor {
        let gone = ImageRenderError.changed(path: "/", what: .missing, in: tree)
        return try open(rootFileSystem(of: tree), [.directory, .path, .noFollow], orThrow: gone)
    }

    private func openSeal(of tree: TreeID) throws -> Descriptor {
        try open(seals.appending(tree.description), [.noFollow], orThrow: .sealMissing(tree))
    }

    private func open(
        _ path: FilePath, _ flags: OpenFlags, orThrow gone: ImageRenderError
    ) throws -> Descriptor {
        let number: CInt
        do throws(SystemCallError) {
            number = try Descriptor.open(path, flags).release()
        } catch {
            if error.errno == .noSuchFileOrDirectory || error.errno == .notDirectory { throw gone }
            throw error
        }
        return Descriptor(owning: number)
    }

    private func recordedHash(of tree: TreeID) throws -> [UInt8]? {
        let text = try readTextFile(path(of: tree).appending("hash"), limit: 1 << 10)
        return try? TreeID(parsing: "deps-" + text).digest  // anything else is no hash
    }

    private func translatingFaults<Result>(_ tree: TreeID, _ body: () throws -> Result) throws -> Result {
        do {
            return try body()
        } catch SealFault.damaged {
            throw ImageRenderError.sealDamaged(tree)
        }
    }
}

// Places.
extension TreeStore {
    var trees: FilePath { cas.appending("tree") }
    var seals: FilePath { cas.appending("seals") }
    private func path(of tree: TreeID) -> FilePath { trees.appending(tree.description) }
    private func mark(of tree: TreeID) -> FilePath { path(of: tree).appending("rendered") }
    func lockPath(_ tree: TreeID) -> FilePath {
        cas.appending("treestorelocks").appending(tree.description)
    }

    func makeLayout() throws {
        for directory in [trees, seals, cas.appending("treestorelocks")] {
            try makeDirectory(directory, mode: 0o700, mayExist: true)
        }
    }
}

extension FileStatus {
    /// The file system the file is on, as one number.
    var device: UInt64 { UInt64(deviceMajor) << 32 | UInt64(deviceMinor) }
}
