package import AppContainer
package import ImageRender
package import ImageStore
import LinuxSystem
import Pods

/// What ``collectImages(olderThan:in:event:)`` did.
package enum ImageGCEvent: Sendable {
    case removedTree(TreeID)
    case removedImage(ImageID)
    case failed(ImageID, any Error)
    case warning(String)
}

/// Removes the rendered trees that no pod needs, the images that nothing has used for a while, and what is left of
/// imports and downloads.
///
/// Images that a pod was made of stay as long as the pod can still run or runs, its stage1 image as long as there is the
/// pod; so do images whose last use is younger than `gracePeriod`, and all that these depend on. No pod can be prepared
/// meanwhile.
///
/// Source: rkt 1.30.0, rkt/image_gc.go, which protected only the apps of running pods.
package func collectImages(
    olderThan gracePeriod: Duration, in data: DataDirectory, event: (ImageGCEvent) -> Void
) throws {
    let lock = try data.lockPreparation(.exclusive)
    defer { withExtendedLifetime(lock) {} }
    let trees = try data.trees()
    let use = try ImageUse(data, trees, event: event)
    for tree in try trees.collectGarbage(keeping: use.trees) { event(.removedTree(tree)) }

    let images = try data.images()
    let limit = Duration.nanoseconds(now()) - gracePeriod
    for problem in try images.collectTemporaryFiles() + images.collectDownloads(unchangedSince: limit) {
        event(.warning(problem))
    }
    let unused = unusedImages(try images.list(), since: limit, keeping: use.images) { images.dependencies(of: $0) }
    for image in unused {
        do {
            try images.remove(image.id)
            event(.removedImage(image.id))
        } catch {
            event(.failed(image.id, error))
        }
    }
}

/// The images that have not been used since `limit` and that no image to keep depends on, the one that was used least
/// recently first.
package func unusedImages(
    _ images: [ImageInfo], since limit: Duration, keeping used: Set<ImageID>,
    dependencies: (ImageID) -> [ImageID]
) -> [ImageInfo] {
    let isYoung = { (image: ImageInfo) in .nanoseconds(image.lastUsed) > limit }
    var kept = used.union(images.filter(isYoung).map(\.id))
    var open = Array(kept)
    while let image = open.popLast() {
        for dependency in dependencies(image) where kept.insert(dependency).inserted { open.append(dependency) }
    }
    return images.filter { !kept.contains($0.id) }.sorted { ($0.lastUsed, "\($0.id)") < ($1.lastUsed, "\($1.id)") }
}

extension ContentStore {
    /// The images that an image names as its dependencies, as far as they are in the store.
    fileprivate func dependencies(of image: ImageID) -> [ImageID] {
        let named = (try? manifest(of: image))?.dependencies ?? []  // without a manifest, it cannot be rendered anyway
        return named.compactMap { dependency in
            if let id = dependency.imageID { return try? resolve("\(id.key)") }
            return try? best(named: ImageName(dependency.imageName, dependency.labels)).id
        }
    }
}

/// What the pods of a data directory are made of.
private struct ImageUse {
    /// Trees that a pod's directory names; nobody may remove them.
    private(set) var trees: Set<TreeID> = []
    private(set) var images: Set<ImageID> = []

    /// A pod without readable files, one that was killed while it was prepared, needs nothing.
    init(_ data: DataDirectory, _ store: TreeStore, event: (ImageGCEvent) -> Void) throws {
        var use = ImageUse()
        try data.pods.forEach(in: PodDirectory.listed, report: { event(.warning($0)) }) { pod in
            if let text = try? pod.stage1TreeID(), let tree = try? TreeID(parsing: text) {
                use.trees.insert(tree)
                if let stage1 = store.image(of: tree) { use.images.insert(stage1) }
            }
            for app in (try? pod.manifest())?.apps ?? [] {
                if let text = try? pod.treeID(of: app.name), let tree = try? TreeID(parsing: text) {
                    use.trees.insert(tree)
                }
                if pod.state.isBeforeExit { use.images.insert(app.image.id.key) }
            }
        }
        self = use
    }

    private init() {}
}
