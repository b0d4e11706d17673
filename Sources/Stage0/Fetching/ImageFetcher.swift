import AppContainer
import FetchInterface
import ImageRender
import ImageStore
import LinuxSystem
import SystemPackage

/// Gets images into the store: decides where from, lets the fetch program download and verify, and publishes.
///
/// Source: rkt 1.30.0, rkt/image.
package final class ImageFetcher {
    let data: DataDirectory
    let options: FetchOptions
    let dialogue: FetchDialogue
    /// Where progress is shown.
    let board: ProgressBoard?
    let store: ContentStore
    private let configuration: FetchConfiguration
    private var readAccess: FetchConfiguration.Access?
    private var readLimits: FetchConfiguration.Limits?
    /// Trees are made as well, as far as that can be done on the way.
    package var makesTrees = false

    package init(
        _ data: DataDirectory, _ options: FetchOptions, _ configuration: FetchConfiguration,
        _ dialogue: FetchDialogue
    ) throws {
        self.configuration = configuration
        self.data = data
        self.options = options
        let board = dialogue.terminal.map(ProgressBoard.init)
        self.board = board
        self.dialogue = board.map(dialogue.above) ?? dialogue
        store = try data.images()
    }

    /// Who we are for others, as configured.
    func access() throws -> FetchConfiguration.Access {
        if let readAccess { return readAccess }
        let access = try configuration.access()
        readAccess = access
        return access
    }

    /// What images and servers may cost, as configured.
    func limits() throws -> FetchConfiguration.Limits {
        if let readLimits { return readLimits }
        let limits = try configuration.limits()
        readLimits = limits
        return limits
    }

    /// Gets images and all that they depend on; the images in the order of the requests.
    ///
    /// What an image in the store depends on is fetched too, unless it was asked for by its hash.
    package func fetch(_ requests: [ImageRequest]) throws -> [FetchedImage] {
        let images = try fetchAlone(requests, options.policy)
        var parents: [DependencySearch.Parent] = []
        for (request, image) in zip(requests, images) {
            if case .hash = request.reference { continue }
            let isLocal = FetchDecision(for: request.reference, .never, isStored: true) == .readLocally
            let policy = isLocal && !options.isPolicyExplicit ? PullPolicy.new : options.policy
            parents.append(DependencySearch.Parent(image: image.id, policy: policy))
        }
        try fetchDependencies(of: parents)
        return images
    }

    /// Gets images and nothing that they depend on.
    func fetchAlone(_ requests: [ImageRequest], _ policy: PullPolicy) throws -> [FetchedImage] {
        let wanted = try requests.map { try $0.normalized() }
        var images: [ImageRequest: FetchedImage] = [:]
        var remote: [ImageRequest] = []
        for request in wanted where images[request] == nil && !remote.contains(request) {
            if let image = try fetchNearby(request, policy) { images[request] = image } else { remote.append(request) }
        }
        if !remote.isEmpty { images.merge(try download(remote, policy)) { $1 } }
        return wanted.compactMap { images[$0] }
    }

    /// What can be had without asking anybody; nil when a server has to be asked.
    private func fetchNearby(_ request: ImageRequest, _ policy: PullPolicy) throws -> FetchedImage? {
        let stored = try storedImage(for: request.reference, policy)
        switch FetchDecision(for: request.reference, policy, isStored: stored != nil) {
        case .useStored:
            guard let stored else { return nil }
            debug(using: request.reference)
            return FetchedImage(stored, isNew: false)
        case .readLocally: return try readLocally(request)
        case .discover, .download: return nil
        case .giveUp: throw FetchError.notInStore(request.reference)
        }
    }

    /// What the store has for a reference; nothing where the policy does not care.
    private func storedImage(for reference: ImageReference, _ policy: PullPolicy) throws -> ImageID? {
        switch reference {
        case .hash(let text): return try store.resolve(text)
        case .file, .layout: return nil
        case .name(let name):
            if policy == .update { return nil }
            do {
                return try store.best(named: name).id
            } catch ImageStoreError.noSuchImage {
                return nil
            }
        case .archive, .registry:
            return policy == .update ? nil : try store.remote(for: reference.description)?.id
        }
    }

    private func debug(using reference: ImageReference) {
        switch reference {
        case .hash(let text): dialogue.debug("using image from the store with hash \(text)")
        case .name(let name): dialogue.debug("using image from local store for image name \(name)")
        case .archive, .registry, .file, .layout:
            dialogue.debug("using image from local store for url \(reference)")
        }
    }
}
