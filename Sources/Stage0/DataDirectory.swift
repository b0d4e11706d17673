package import ImageRender
package import ImageStore
import LinuxSystem
package import Pods
package import SystemPackage

/// Where everything is that rkt keeps: pods, images and rendered trees.
///
/// Nothing is opened before it is needed.
package final class DataDirectory {
    package let path: FilePath
    package let pods: PodStore
    private var openedImages: ContentStore?
    private var openedTrees: TreeStore?

    package init(_ path: FilePath) {
        self.path = path
        pods = PodStore(dataDirectory: path)
    }

    package func images() throws -> ContentStore {
        if let openedImages { return openedImages }
        let store = try ContentStore(dataDirectory: path)
        openedImages = store
        return store
    }

    package func trees() throws -> TreeStore {
        if let openedTrees { return openedTrees }
        let store = TreeStore(dataDirectory: path, store: try images())
        openedTrees = store
        return store
    }

    /// Keeps `rkt image gc` from removing what a pod is being prepared from; it takes the lock exclusively.
    func lockPreparation(_ kind: LockKind) throws -> FileLock {
        try pods.makeDirectories()
        return try FileLock(path.appending("locks/prepareLock"), kind)
    }
}
