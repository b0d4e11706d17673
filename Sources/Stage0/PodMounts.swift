import AppContainer
import ImageRender
import LinuxSystem
import Pods
import Stage1Interface
import SystemPackage

/// One tree of an overlay pod and where it appears: stage1's root, or an app's below it.
///
/// Source: rkt 1.30.0, stage0/run.go; directories as in Documentation/on-disk-format.md.
struct PodTree: Equatable, Sendable {
    let tree: TreeID
    /// nil for stage1.
    let app: ACName?

    private var layer: FilePath { FilePath(PodFile.overlay).appending(tree.description) }

    /// Below the pod's directory.
    var upper: FilePath { directory("upper") }
    var work: FilePath { directory("work") }
    var target: FilePath { app.map { Stage1ABI.Path.appRoot($0.rawValue) } ?? Stage1ABI.Path.stage1Root }

    private func directory(_ name: String) -> FilePath {
        app.map { layer.appending(name).appending($0.rawValue) } ?? layer.appending(name)
    }

    /// Makes the directories that take what the pod writes, in a pod that nobody runs yet.
    ///
    /// The upper directory gets owner and mode of the image's root, which it will stand for; with `users`, the pod's own,
    /// the owner that they have for it.
    func makeDirectories(in pod: Pod, root: FilePath, apps: [ACName], users: UserRange? = nil) throws {
        let status = try FileStatus(of: pod.descriptor)
        let image = try FileStatus(of: root)
        try pod.descriptor.makeDirectory(PodFile.overlay, mode: 0o750, mayExist: true)
        let layer = try makeLayer(in: pod, group: status.group)
        for name in ["upper", "work"] {
            try layer.makeDirectory(name, mode: 0o750, mayExist: true)
            if let app { try layer.makeDirectory("\(name)/\(app)", mode: 0o700) }
        }
        let upper = try layer.open(app.map { "upper/\($0)" } ?? "upper", .directory)
        let owner = users?.outsideOrNobody(image.user) ?? image.user
        let group = users?.outsideOrNobody(image.group) ?? image.group
        try upper.setOwner(owner, group, mode: image.permissions)
        if app == nil { try makeStage1Directories(below: upper, apps: apps) }
    }

    private func makeLayer(in pod: Pod, group: UInt32) throws -> Descriptor {
        let name = layer.string
        try pod.descriptor.makeDirectory(name, mode: 0o750, mayExist: true)
        let directory = try pod.descriptor.open(name, .directory)
        let status = try FileStatus(of: directory)
        if status.group != group { try directory.setOwner(status.user, group, mode: 0o750) }
        return directory
    }

    /// Lays the pod's own directories over a rendered root.
    ///
    /// The mount lives and dies with the namespace it is made in. With `users` an app's root belongs to them; stage1's
    /// stays the host's, so that nothing in the pod can change its programs.
    func mount(_ root: FilePath, in pod: FilePath, users: UserNamespace? = nil) throws {
        try explaining("cannot mount \(app.map { "the root of app '\($0)'" } ?? "the root of stage1")") {
            guard let users, app != nil else {
                return try overlay(root, in: pod).attach(at: pod.pushing(target))
            }
            let mount = try withOwners(of: users, root, at: pod.pushing(target)) { try overlay($0, in: pod) }
            // With a layer that it cannot write to, overlayfs silently mounts read-only.
            if try mount.isReadOnly() { throw Failure("the kernel made it read-only") }
            try mount.attach(at: pod.pushing(target))
        }
    }

    /// Shows `body` the rendered root with the owners it has in a user namespace.
    ///
    /// What is on the disk does not change. Before Linux 6.15 a layer must be a mount of this mount namespace: it hangs at
    /// `target` for that time, and the overlay keeps its own view of it. Trying without that first would leave the mark of
    /// a volatile overlay in the work directory, which then refuses the next.
    ///
    /// Source: mount_setattr(2), MOUNT_ATTR_IDMAP; Linux 5.19 for layers of an overlay.
    func withOwners(
        of users: UserNamespace, _ root: FilePath, at target: FilePath, _ body: (FilePath) throws -> DetachedMount
    ) throws -> DetachedMount {
        let lower = try DetachedMount(copying: root, recursive: false)
        try lower.shiftOwners(by: users)
        try lower.attach(at: target)
        do {
            let mount = try body(target)
            try detachMount(at: target)
            return mount
        } catch {
            try? detachMount(at: target)  // the first error is the one to tell
            throw error
        }
    }

    /// As ``mount(_:in:)`` for a pod that does not run any more: nothing can be changed.
    func mountForReading(_ root: FilePath, in pod: FilePath) throws {
        try overlayForReading(root, in: pod).attach(at: pod.pushing(target))
    }

    /// The root as the pod's processes see it.
    ///
    /// Volatile: without that, the kernel writes every dirty page of the disk when the overlay goes away, and `rkt run`
    /// would wait for it. A pod that the machine's crash ended cannot be started again, so its upper directory has no
    /// need to survive one; what has, belongs into a volume.
    private func overlay(_ root: FilePath, in pod: FilePath) throws(SystemCallError) -> DetachedMount {
        let lower = try Self.open(root)
        let upper = try Self.open(pod.pushing(upper))
        let work = try Self.open(pod.pushing(work))
        return try DetachedMount(
            type: "overlay",
            options: [
                ("source", "overlay"), ("lowerdir", lower.procPath), ("upperdir", upper.procPath),
                ("workdir", work.procPath), ("volatile", nil),
            ])
    }

    /// The root as the pod left it, for looking only.
    func overlayForReading(_ root: FilePath, in pod: FilePath) throws(SystemCallError) -> DetachedMount {
        let lower = try Self.open(root)
        let upper = try Self.open(pod.pushing(upper))
        return try DetachedMount(
            type: "overlay",
            options: [("source", "overlay"), ("lowerdir", "\(upper.procPath):\(lower.procPath)")],
            attributes: .readOnly)
    }

    /// Directories go to the kernel as descriptors: it takes no option of more than 255 bytes.
    private static func open(_ path: FilePath) throws(SystemCallError) -> Descriptor {
        try Descriptor.open(path, [.path, .directory])
    }
}

/// Directories of stage1 that stage0 and the supervisor write into, made where overlayfs keeps what changes.
///
/// Made in advance, so that starting a pod makes none, and whoever waits for a status has a directory to watch.
func makeStage1Directories(below root: borrowing Descriptor, apps: [ACName]) throws {
    for name in ["rkt", "rkt/status", "opt", "opt/stage2"] {
        try root.makeDirectory(name, mode: 0o755, mayExist: true)
    }
    for app in apps {
        try root.makeDirectory("opt/stage2/\(app)", mode: 0o755, mayExist: true)
        try root.makeDirectory("opt/stage2/\(app)/rootfs", mode: 0o755, mayExist: true)
    }
}

extension Pod {
    /// The trees of an overlay pod: stage1's first, because the apps' appear below it.
    func mountedTrees(apps: [ACName]) throws -> [PodTree] {
        [PodTree(tree: try TreeID(parsing: stage1TreeID()), app: nil)]
            + (try apps.map { PodTree(tree: try TreeID(parsing: treeID(of: $0)), app: $0) })
    }
}
