package import AppContainer
package import ImageRender
import ImageStore
import LinuxSystem
import Pods

/// What ``collectImages(olderThan:in:event:)`` did.
package enum ImageGCEvent: Sendable {
    case removedTree(TreeID)
    case removedImage(ImageID)
    case failed(ImageID, any Error)
    case warning(String)
}

/// Removes the rendered trees that no pod needs, and the images that nothing has used for a while.
///
/// Images that a pod was made of stay as long as the pod can still run or runs, stage1's among them; so do images whose
/// last use is younger than `gracePeriod`. No pod can be prepared meanwhile.
///
/// Source: rkt 1.30.0, rkt/image_gc.go, which protected only the apps of running pods.
package func collectImages(
    olderThan gracePeriod: Duration, in data: DataDirectory, event: (ImageGCEvent) -> Void
) throws {
    let lock = try data.lockPreparation(.exclusive)
    defer { withExtendedLifetime(lock) {} }
    let use = try TreeUse(data, event: event)
    let trees = try data.trees()
    for tree in try trees.collectGarbage(keeping: use.referenced) { event(.removedTree(tree)) }

    let images = try data.images()
    for problem in try images.collectTemporaryFiles() { event(.warning(problem)) }
    let limit = Duration.nanoseconds(now()) - gracePeriod
    for image in try images.list() where .nanoseconds(image.lastUsed) <= limit {
        // An image that cannot be resolved any more is in no pod's tree.
        if let tree = try? trees.treeID(of: image.id), use.needed.contains(tree) { continue }
        if use.images.contains(image.id.key) { continue }
        do {
            try images.remove(image.id)
            event(.removedImage(image.id))
        } catch {
            event(.failed(image.id, error))
        }
    }
}

/// What the pods of a data directory are made of.
private struct TreeUse {
    /// Trees that a pod's directory names; nobody may remove them.
    private(set) var referenced: Set<TreeID> = []
    /// Those of pods that may still need their images.
    private(set) var needed: Set<TreeID> = []
    private(set) var images: Set<ImageID> = []

    /// A pod without readable files, one that was killed while it was prepared, needs nothing.
    init(_ data: DataDirectory, event: (ImageGCEvent) -> Void) throws {
        var use = TreeUse()
        try data.pods.forEach(in: PodDirectory.listed, report: { event(.warning($0)) }) { pod in
            let manifest = try? pod.manifest()
            var trees: Set<TreeID> = []
            if let text = try? pod.stage1TreeID(), let tree = try? TreeID(parsing: text) { trees.insert(tree) }
            for app in manifest?.apps ?? [] {
                if let text = try? pod.treeID(of: app.name), let tree = try? TreeID(parsing: text) {
                    trees.insert(tree)
                }
            }
            use.referenced.formUnion(trees)
            guard pod.state.isBeforeExit else { return }
            use.needed.formUnion(trees)
            use.images.formUnion((manifest?.apps ?? []).map(\.image.id.key))
        }
        self = use
    }

    private init() {}
}
