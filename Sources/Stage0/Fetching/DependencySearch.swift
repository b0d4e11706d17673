import AppContainer
import FetchInterface
import ImageRender
import ImageStore
import LinuxSystem

/// What a set of images depends on, one level after the other, each thing once.
///
/// Pure: it is told what the images are.
struct DependencySearch {
    struct Parent: Hashable {
        let image: ImageID
        let policy: PullPolicy
    }

    /// One image that is needed, and who needs it first.
    struct Need: Hashable {
        let name: ImageName
        let imageID: ImageID?
        let parent: Parent
    }

    private var seenImages: Set<ImageID> = []
    private var seenNeeds: Set<SeenNeed> = []
    private var depth = 0

    private struct SeenNeed: Hashable {
        let name: ImageName
        let imageID: ImageID?
    }

    /// What the images of one level need beyond all that was needed before.
    ///
    /// - Throws: ``ImageRenderError`` when there are too many, or too many levels.
    mutating func needs(
        of parents: [Parent], manifest: (ImageID) throws -> ImageManifest
    ) throws -> [Need] {
        guard depth <= maximumDependencyDepth else {
            throw ImageRenderError.dependenciesTooDeep(limit: maximumDependencyDepth)
        }
        depth += 1
        var needs: [Need] = []
        for parent in parents where seenImages.insert(parent.image.key).inserted {
            for dependency in try manifest(parent.image).dependencies {
                let name = ImageName(dependency.imageName, dependency.labels)
                let need = SeenNeed(name: name, imageID: dependency.imageID?.key)
                guard seenNeeds.insert(need).inserted else { continue }
                needs.append(Need(name: name, imageID: need.imageID, parent: parent))
            }
        }
        guard seenNeeds.count <= maximumLayers else { throw ImageRenderError.tooManyLayers(limit: maximumLayers) }
        return needs
    }
}

extension ImageFetcher {
    /// Gets all that images depend on, breadth first.
    ///
    /// What is asked for by its ID and in the store already is not asked for again, whatever the policy.
    ///
    /// - Throws: ``ImageRenderError`` for a cycle, or for more than a tree may be made of.
    func fetchDependencies(of images: [DependencySearch.Parent]) throws {
        var search = DependencySearch()
        var level = images
        var hasAny = false
        while !level.isEmpty {
            let needs = try search.needs(of: level) { try store.manifest(of: $0) }
            hasAny = hasAny || !needs.isEmpty
            var next = needs.compactMap { need -> DependencySearch.Parent? in
                guard let id = need.imageID, (try? store.resolve("\(id)")) != nil else { return nil }
                return DependencySearch.Parent(image: id, policy: need.parent.policy)
            }
            let missing = needs.filter { need in !next.contains { $0.image == need.imageID } }
            for policy in PullPolicy.allCases {
                next += try fetch(missing.filter { $0.parent.policy == policy }, policy)
            }
            level = next
        }
        guard hasAny else { return }
        for image in images { _ = try layers(of: image.image, in: store) }
    }

    private func fetch(_ needs: [DependencySearch.Need], _ policy: PullPolicy) throws -> [DependencySearch.Parent] {
        if needs.isEmpty { return [] }
        for need in needs {
            try checkElements(of: need.name.name)
            dialogue.debug("fetching dependency \(printable("\(need.name)")) of \(need.parent.image)")
        }
        let found = try fetchAlone(needs.map { ImageRequest(.name($0.name)) }, policy)
        return try zip(needs, found).map { need, image in
            if let wanted = need.imageID, !wanted.isPrefix(of: image.id.key) {
                throw FetchError.otherDependency(need.name, of: need.parent.image, found: image.id, wanted: wanted)
            }
            return DependencySearch.Parent(image: image.id, policy: policy)
        }
    }
}
