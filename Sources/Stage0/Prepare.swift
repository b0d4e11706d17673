package import AppContainer
import ImageRender
import ImageStore
import JSON
import LinuxSystem
package import Pods
import Stage1Interface
import SystemPackage

/// Makes a pod: finds its images, renders their trees, and writes down what stage1 has to know.
///
/// The pod is locked by this process and in the state preparing. With `durable` everything is on the disk when this
/// returns; without, a crash of the machine may lose it, which is good enough for a pod that is about to run. Killed or
/// failed at any point, what is left is an aborted prepare that `rkt gc` removes.
///
/// `fetcher` gets the images. `created`: called as soon as the pod has a UUID.
/// `report`: called with each sentence that the user should see.
package func preparePod(
    _ options: PodOptions, in data: DataDirectory, fetcher: ImageFetcher, durable: Bool,
    created: (PodID) throws -> Void = { _ in },
    report: (String) -> Void
) throws -> Pod {
    let lock = try data.lockPreparation(.shared)
    defer { withExtendedLifetime(lock) {} }
    let images = try PodImages(options, data, fetcher)
    let pod = try data.pods.create()
    try created(pod.id)
    try Preparation(options, images, data, report: report).write(to: pod, report: report)
    if durable { try pod.descriptor.syncFileSystem() }
    return pod
}

/// The images of a pod: they are in the store before the pod exists.
private struct PodImages {
    let stage1: ImageID
    /// Of the apps that were asked for, in their order; none where somebody else made the manifest.
    let apps: [ImageID]

    init(_ options: PodOptions, _ data: DataDirectory, _ fetcher: ImageFetcher) throws {
        let store = try data.images()
        if case .apps(let requests) = options.content {
            guard !requests.isEmpty || options.isMutable else { throw PreparationError.noApps }
            apps = try fetcher.fetch(requests.map { ImageRequest($0.image, signature: $0.signature) }).map(\.id)
        } else {
            apps = []
        }
        let stage1 = try fetcher.stage1Image(options.stage1, at: options.stage1Locations)
        try explaining("cannot use stage1 image \(stage1)") {
            try PodStage1.checkEntryPoints(store.manifest(of: stage1))
        }
        if options.isMutable, try !PodStage1(store.manifest(of: stage1)).supportsMutablePods {
            throw AppError.noMutablePods
        }
        if options.usesPrivateUsers { try checkHasUserNamespaces(store.manifest(of: stage1)) }
        self.stage1 = stage1
    }
}

/// What goes into a pod's directory.
private struct Preparation {
    let data: DataDirectory
    let options: PodOptions
    let stage1: ImageID
    let apps: [(name: ACName, imageID: ImageID)]
    let pod: PodManifest
    /// As it is written.
    let manifest: [UInt8]
    let usesOverlay: Bool

    init(_ options: PodOptions, _ images: PodImages, _ data: DataDirectory, report: (String) -> Void) throws {
        self.data = data
        self.options = options
        stage1 = images.stage1
        let store = try data.images()
        switch options.content {
        case .apps(let requests):
            let requested = try zip(requests, images.apps).map { request, id in
                try explaining("error preparing image \(id)") {
                    try RequestedApp(request, imageID: id, manifest: store.manifest(of: id))
                }
            }
            let (generated, refused) = try podManifest(of: requested, options)
            refused.forEach(report)
            apps = requested.map { ($0.name, $0.imageID) }
            pod = generated
            manifest = Array(generated.json.serialized().utf8)
        case .manifest(let bytes):
            pod = try explaining("error unmarshaling pod manifest") { try PodManifest(parsing: bytes) }
            apps = try checkPodManifest(pod) { id in
                try explaining("error getting the image manifest from store") { try store.manifest(of: id) }
            }
            manifest = bytes
        }
        for image in [stage1] + apps.map(\.imageID) { store.touch(image) }
        var obstacle = options.usesOverlay ? overlayObstacle(data.path) : nil
        if options.usesPrivateUsers {
            let users = try userNamespaceForTrial()
            if options.usesOverlay, obstacle == nil { obstacle = try ownersObstacle(data.path, users) }
        }
        if let obstacle { report("disabling overlay support: \"\(obstacle)\"") }
        usesOverlay = options.usesOverlay && obstacle == nil
    }

    func write(to pod: Pod, report: (String) -> Void) throws {
        let users = options.usesPrivateUsers ? try data.pods.reserveUsers(for: pod) : nil
        let mode = try FileStatus(of: pod.descriptor).permissions
        for name in [PodFile.appsInfo, PodFile.stage1] {
            try pod.descriptor.makeDirectory(name, mode: mode)
        }
        try pod.descriptor.makeDirectory("\(PodFile.stage1)/rootfs", mode: 0o755)
        try explaining("error preparing stage1") { try writeStage1(to: pod) }
        for app in apps {
            try explaining("error preparing image \(app.imageID)") {
                try write(app, of: users, to: pod, mode: mode, report: report)
            }
        }
        try pod.descriptor.createFile([], name: PodFile.manifestLock, mode: 0o600)
        try pod.descriptor.createFile(manifest, name: PodFile.manifest, mode: 0o640)
        try pod.descriptor.createFile([], name: PodFile.created, mode: 0o640)
        if usesOverlay { try pod.descriptor.createFile([], name: PodFile.overlayPrepared, mode: 0o640) }
    }

    private func writeStage1(to pod: Pod) throws {
        let trees = try data.trees()
        let tree = try trees.render(stage1)
        let names = apps.map(\.name)
        if usesOverlay {
            try PodTree(tree: tree, app: nil).makeDirectories(
                in: pod, root: trees.rootFileSystem(of: tree), apps: names)
        } else {
            let root = try copy(tree, to: "\(PodFile.stage1)/rootfs", in: pod, for: nil)
            try makeStage1Directories(below: root, apps: names)
        }
        let manifest = try data.images().manifestBytes(of: stage1)
        try pod.descriptor.createFile(manifest, name: "\(PodFile.stage1)/manifest", mode: 0o640)
        try pod.descriptor.createFile(Array(tree.description.utf8), name: PodFile.stage1TreeID, mode: 0o640)
    }

    private func write(
        _ app: (name: ACName, imageID: ImageID), of users: UserRange?, to pod: Pod, mode: UInt32,
        report: (String) -> Void
    ) throws {
        let trees = try data.trees()
        let tree = try trees.render(app.imageID)
        let manifest = try data.images().manifestBytes(of: app.imageID)
        let volumes = try self.pod.volumesToFill(of: app.name, data.images().manifest(of: app.imageID))
        if !volumes.isEmpty {
            if !options.skipsTreeCheck { try trees.verifySeal(of: tree) }
            try fillImplicitVolumes(
                volumes, from: trees.rootFileSystem(of: tree), to: pod, users: users, report: report)
        }
        let name = app.name.rawValue
        try pod.descriptor.makeDirectory("\(PodFile.appsInfo)/\(name)", mode: mode)
        try pod.descriptor.createFile(manifest, name: PodFile.imageManifest(of: name), mode: 0o640)
        var stage1Root = Stage1ABI.Path.stage1Root.string
        if usesOverlay {
            let podTree = PodTree(tree: tree, app: app.name)
            try podTree.makeDirectories(in: pod, root: trees.rootFileSystem(of: tree), apps: [], users: users)
            try pod.descriptor.createFile(
                Array(tree.description.utf8), name: PodFile.treeID(of: name), mode: 0o640)
            stage1Root = "\(PodFile.overlay)/\(try pod.stage1TreeID())/upper"
        } else {
            _ = try copy(tree, to: Stage1ABI.Path.appRoot(name).string, in: pod, for: users)
        }
        try pod.descriptor.createFile(manifest, name: "\(stage1Root)/opt/stage2/\(name)/manifest", mode: 0o640)
    }

    /// Copies a rendered tree, after it was compared with its seal, into a directory that is there and empty.
    private func copy(
        _ tree: TreeID, to name: String, in pod: Pod, for users: UserRange?
    ) throws -> Descriptor {
        let trees = try data.trees()
        if !options.skipsTreeCheck { try trees.verifySeal(of: tree) }
        let target = try pod.descriptor.open(name, .directory)
        let source = try Descriptor.open(trees.rootFileSystem(of: tree), .directory)
        try copyTree(from: source, to: target, for: users)
        return target
    }
}
