package import AppContainer
import Glibc
package import ImageArchive
import ImageStore
import JSON
package import LinuxSystem
import SystemPackage

/// The tree of an image, made by a child process while the image's archive is still being written.
///
/// Two processors share the work then: one decodes and hashes, the other unpacks. Nothing is visible before
/// ``place(_:)``. Only for images without dependencies and `pathWhitelist`; with others, and when anything fails, there is
/// no tree, and whoever renders the image later gets it or the error. When it is dropped the child ends and nothing is
/// left.
package final class EarlyTree {
    private let store: TreeStore
    private var work: Work?

    private struct Work: ~Copyable {
        let child: ChildProcess
        let temporary: Temporary
    }

    package init(in store: TreeStore) { self.store = store }

    deinit { abandon() }

    /// Starts the child, which reads what is written into `blob`; see ``BlobFollower``.
    ///
    /// `nil` where there is only one processor, and in processes with several threads, which cannot fork.
    package func follow(_ blob: borrowing Descriptor) throws -> BlobGrowth? {
        guard canForkForSpeed() else { return nil }
        try store.makeLayout()
        let (writer, reader) = try BlobGrowth.pair()
        let temporary = try Temporary(in: Descriptor.open(store.trees, [.directory, .path]))
        let number = blob.raw
        let directory = temporary.directory.raw
        let store = store
        let child = try forkProcess {
            // The writer's end lives on in this copy otherwise, and its death would go unnoticed.
            writer.close()
            do {
                try store.render(number, reader, into: directory)
                _exit(0)
            } catch {
                _exit(1)  // whoever renders the image later tells the reason
            }
        }
        work = Work(child: child, temporary: temporary)
        return writer
    }

    /// Waits for the child, and puts the tree of an image, which is in the store by now, in place.
    ///
    /// A tree that is there already stays.
    package func place(_ image: ImageID) throws {
        guard let work = work.take() else { return }
        let end = try work.child.wait()
        let tree = TreeID(of: [image.key])
        if end == .exited(0) {
            let lock = try FileLock(store.lockPath(tree), .exclusive)
            if !store.isWhole(tree) {
                try store.discard(tree)
                try store.place(work.temporary, tree)
                try store.store.setTreeSize(of: image, store.size(of: tree))
            }
            _ = consume lock
        }
        store.removeTemporary(work.temporary.name)
    }

    private func abandon() {
        guard let work = work.take() else { return }
        try? work.child.send(SIGKILL)  // it has ended
        _ = try? work.child.wait()
        store.removeTemporary(work.temporary.name)
    }
}

extension TreeStore {
    /// What the child does.
    fileprivate func render(_ blob: CInt, _ growth: GrowingBlob, into directory: CInt) throws {
        let blob = try Descriptor(owning: blob).duplicate()
        let directory = try Descriptor(owning: directory).duplicate()
        try directory.makeDirectory("rootfs", mode: 0o700)
        let root = try directory.open("rootfs", [.directory, .noFollow])
        var builder = try TreeBuilder(root: root.raw, NewFileRules(in: root.raw))
        var reader = try ArchiveReader(reading: blob, limits: .stored, growth: growth)
        let manifest = try Self.simpleManifest(&reader)
        while let entry = try reader.next() {
            guard let path = pathInRootFileSystem(entry.path) else { continue }
            try builder.add(entry, at: path, reader: &reader, blob: blob)
        }
        try builder.closeLinks()
        guard builder.openLinks.isEmpty else { throw EarlyTreeError.notSimple }
        let seal = SealWriter(try directory.open("seal", [.readWrite, .create, .exclusive], mode: 0o600))
        try finishTree(builder.finish(), root: root, seal: seal)
        let image = try ImageID(parsing: growth.waitForName())
        try describe(
            TreeID(of: [image.key]), of: image.key, manifest: Array(manifest.json.serialized().utf8), in: directory,
            seal, device: FileStatus(of: root).device)
    }

    /// The manifest, which has to come first and to name nothing that is elsewhere.
    private static func simpleManifest(_ reader: inout ArchiveReader) throws -> ImageManifest {
        guard let first = try reader.next(), first.path == manifestName, first.content == .file,
            let bytes = try reader.readAll(limit: ArchiveLimits.standard.maximumManifestBytes)
        else { throw EarlyTreeError.notSimple }
        let manifest = try ImageManifest(parsing: bytes)
        guard manifest.dependencies.isEmpty, manifest.pathWhitelist.isEmpty else { throw EarlyTreeError.notSimple }
        return manifest
    }

    fileprivate func removeTemporary(_ name: String) {
        guard let trees = try? Descriptor.open(trees, [.directory, .path]).release() else { return }
        try? removeTree(name, below: Descriptor(owning: trees))  // the next gc tries again
    }
}

private enum EarlyTreeError: Error {
    case notSimple
}
