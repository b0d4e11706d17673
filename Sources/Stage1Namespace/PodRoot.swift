import AppContainer
import Glibc
import LinuxSystem
import Stage1Interface
import Stage1Kit
import SystemPackage

/// The pod's root: the stage1 image with the kernel's file systems and the volumes, seen by the first process only.
///
/// Apps get parts of it, each in a mount namespace of its own. Built in the pod's new namespaces.
struct PodRoot {
    /// Where volumes wait for the apps; a file system in memory that ends with the pod.
    static let waitingRoom = "/tmp"

    /// Whether nothing but mount attributes keeps apps from devices that are not theirs.
    private let forbidsNodes: Bool
    /// Whether apps can be kept from writing to a device that they may read.
    private let restrictsDevices: Bool
    /// Whether the pod's root may make no nodes, so that those of apps are mounts.
    private let mountsNodes: Bool
    private var root: CInt = -1

    static func appRoot(_ name: ACName) -> FilePath {
        FilePath("/opt/stage2").appending(name.rawValue).appending("rootfs")
    }

    /// Mounts everything below `stage1/rootfs`, which is not the root yet.
    ///
    /// With `users` the calling process is their root when this returns.
    init(plans: [AppPlan], lifted: LiftedRestrictions, restrictsDevices: Bool, users: PrivateUsers?) throws {
        self.restrictsDevices = restrictsDevices
        forbidsNodes = !restrictsDevices && !lifted.contains(.paths)
        mountsNodes = forbidsNodes || users != nil
        try setPropagation(.slave, of: "/", recursive: true)
        let tree = try DetachedMount(copying: Stage1ABI.Path.stage1Root)
        try tree.setPropagation(.private)
        try tree.attach(at: Stage1ABI.Path.stage1Root)
        let root = try Descriptor.open(Stage1ABI.Path.stage1Root, [.directory, .path])
        try users?.enter()
        try protectShim(root)
        try mountKernelTrees(root, masked: !lifted.contains(.paths), users: users)
        try mountSharedDevices(root, users: users)
        try mountTemporary("tmpfs", at: Self.waitingRoom, below: root, mode: "755")
        for plan in plans { try gather(plan, root, users) }
        self.root = root.release()
    }

    /// The root of a pod that runs already.
    init(ofRunning lifted: LiftedRestrictions, restrictsDevices: Bool) {
        self.restrictsDevices = restrictsDevices
        forbidsNodes = !restrictsDevices && !lifted.contains(.paths)
        mountsNodes = forbidsNodes
    }

    /// Makes the pod's root that of the calling process.
    func enter() throws {
        try changeDirectory(to: Descriptor(owning: root))
        try pivotIntoCurrentDirectory()
    }

    /// Takes the volumes of an app along while the host can still be seen.
    private func gather(_ plan: AppPlan, _ root: borrowing Descriptor, _ users: PrivateUsers?) throws {
        for (index, volume) in plan.volumes.enumerated() {
            if let users {
                let tree = try users.takeVolume(index, of: plan.name, below: root)
                try restrict(tree, of: volume)
                try place(tree, index, of: plan, below: root)
            } else {
                try place(open(volume), index, of: plan, below: root)
            }
        }
    }

    /// Opens a volume where the host can be seen, as a tree that hangs nowhere.
    func open(_ volume: VolumeMount, users: UserNamespace? = nil) throws -> DetachedMount {
        let tree = try volumeTree(volume, users: users)
        try restrict(tree, of: volume)
        return tree
    }

    func restrict(_ tree: borrowing DetachedMount, of volume: VolumeMount) throws {
        guard volume.readOnly else { return }
        try tree.restrict(.readOnly)
        let kind = try FileStatus(of: tree.descriptor).kind
        if !restrictsDevices && (kind == .characterDevice || kind == .blockDevice) {
            let reason = Failure(
                "it is a device, and nothing keeps an app from writing to it here: a read-only mount does not, "
                    + "and device control is lifted or missing")
            throw Failure("cannot use volume source '\(try volume.hostPath())'", cause: reason)
        }
    }

    /// Puts a volume where it waits for an app to start.
    func place(
        _ tree: borrowing DetachedMount, _ index: Int, of plan: AppPlan, below root: borrowing Descriptor
    ) throws {
        let isDirectory = try FileStatus(of: tree.descriptor).kind == .directory
        try tree.attach(at: openMountTarget(Self.place(of: index, in: plan), below: root, isDirectory: isDirectory))
    }

    private static func place(of index: Int, in plan: AppPlan) -> String {
        "\(waitingPlace(of: plan.name))/\(index)"
    }

    /// Where the volumes of an app wait, in the pod.
    static func waitingPlace(of app: ACName) -> FilePath { FilePath("\(waitingRoom)/volumes/\(app)") }
}

extension PodRoot {
    /// Builds the root of an app at its place below `/opt/stage2`, in the mount namespace of the calling process.
    ///
    /// What the image has at these places is covered; a link there leads where it leads inside the app's root.
    func buildApp(_ plan: AppPlan) throws {
        let path = Self.appRoot(plan.name)
        let mount = try DetachedMount(copying: path, recursive: false)
        try mount.setPropagation(.slave)
        try mount.attach(at: path)
        let root = try Descriptor.open(path, [.directory, .path])

        try cover("/proc", with: "/proc", below: root)
        if !plan.volumes.contains(where: { isPath($0.targetInApp, atOrBelow: "/sys") }) {
            try cover("/sys", with: "/sys", below: root)
        }
        try buildDevices(below: root, mountsNodes: mountsNodes)
        try provideNames(to: plan.name, below: root)
        try root.makeMissingDirectory("tmp", mode: 0o1777)
        try root.makeMissingDirectory("run", mode: 0o755)
        if !plan.volumes.isEmpty {
            let rules = try Self.rules(below: root)
            for (index, volume) in plan.volumes.enumerated() {
                try attach(volume, from: Self.place(of: index, in: plan), below: root, rules)
            }
        }
        var attributes: MountAttributes = []
        if plan.isRootReadOnly { attributes.insert(.readOnly) }
        if forbidsNodes { attributes.insert(.noDevices) }
        if !attributes.isEmpty { try restrictMount(path, attributes, recursive: false) }
    }

    /// No volume covers the root, `/dev`, or anything that the kernel shows in `/proc`, whatever the image links to it.
    private static func rules(below root: borrowing Descriptor) throws(SystemCallError) -> MountTargetRules {
        var rules = MountTargetRules()
        rules.places = [try FileStatus(of: root), try FileStatus(of: root.openBeneath("/dev", [.path]))]
        rules.fileSystems = [try FileStatus(of: root.openBeneath("/proc", [.path]))]
        return rules
    }

    private func attach(
        _ volume: VolumeMount, from place: String, below root: borrowing Descriptor, _ rules: MountTargetRules
    ) throws {
        do {
            let tree = try DetachedMount(copying: FilePath(place))
            let isDirectory = try FileStatus(of: tree.descriptor).kind == .directory
            if forbidsNodes && isDirectory { try tree.restrict(.noDevices) }
            try tree.attach(
                at: openMountTarget(volume.targetInApp, below: root, isDirectory: isDirectory, rules: rules))
        } catch {
            throw Failure("cannot mount on '\(volume.targetInApp)' in the app", cause: error)
        }
    }

    private func cover(_ targetInApp: String, with source: FilePath, below root: borrowing Descriptor) throws {
        do {
            try DetachedMount(copying: source).attach(
                at: openMountTarget(targetInApp, below: root, isDirectory: true))
        } catch {
            throw Failure("cannot mount on '\(targetInApp)' in the app", cause: error)
        }
    }

    /// Gives the app `/etc/hostname`, copies of the pod's `/etc/resolv.conf` and `/etc/hosts`, if it has them, and a hosts
    /// file where neither the pod nor the image has one.
    ///
    /// An image whose `/etc` is no directory goes without what nobody asked for.
    ///
    /// Source: rkt 1.30.0, stage1/prepare-app.
    private func provideNames(to app: ACName, below root: borrowing Descriptor) throws {
        try provide(Stage1ABI.Path.resolvConf, at: "/etc/resolv.conf", to: app, below: root)
        let hasHosts = try provide(Stage1ABI.Path.hosts, at: "/etc/hosts", to: app, below: root)
        guard let directory = try? root.openBeneath("/etc", [.directory]) else { return }  // no place for them
        if !hasHosts, (try? FileStatus(of: "hosts", below: directory)) == nil {  // it cannot be looked at: not there
            let hostname = try readTextFile("/proc/sys/kernel/hostname").split(separator: "\n").first ?? "localhost"
            let text = hostsFile(try readTextFile(inPod(Stage1ABI.Path.hostsFallback)), naming: String(hostname))
            try directory.createMissingFile(Array(text.utf8), name: "hosts", mode: 0o644)
        }
        let name = try DetachedMount(copying: "/proc/sys/kernel/hostname")
        try name.attach(at: openMountTarget("/etc/hostname", below: root, isDirectory: false))
    }

    /// Mounts a copy of a file of the pod that only this app has; `false` when the pod has none.
    @discardableResult
    private func provide(
        _ file: FilePath, at target: String, to app: ACName, below root: borrowing Descriptor
    ) throws -> Bool {
        let source = inPod(file)
        guard exists(source) else { return false }
        do {
            let directory = FilePath("\(Self.waitingRoom)/names/\(app)")
            try makeDirectories(directory, mode: 0o755)
            let name = source.lastComponent?.string ?? ""
            let content = try readFile(source, limit: maximumNameFileBytes)
            try Descriptor.open(directory, [.directory]).createMissingFile(content, name: name, mode: 0o644)
            try DetachedMount(copying: directory.appending(name), recursive: false).attach(
                at: openMountTarget(target, below: root, isDirectory: false))
            return true
        } catch {
            throw Failure("cannot mount on '\(target)' in the app", cause: error)
        }
    }

    /// A path below stage1's root, as the first process sees it.
    private func inPod(_ path: FilePath) -> FilePath {
        var inside = path
        guard inside.removePrefix(Stage1ABI.Path.stage1Root) else { return path }
        return FilePath("/").pushing(inside)
    }
}

extension Descriptor {
    /// Makes a directory where the image has nothing of this name.
    fileprivate borrowing func makeMissingDirectory(_ name: String, mode: UInt32) throws(SystemCallError) {
        do {
            try makeNewDirectory(name, mode: mode)
        } catch  where error.errno == .fileExists || error.errno == .readOnlyFileSystem {
            return
        }
    }
}

/// Covers the shim with a read-only view of itself: a confined program that gets hold of it through `/proc` cannot change
/// what the next program starts with.
private func protectShim(_ root: borrowing Descriptor) throws {
    let shim = try root.openBeneath("stage2-exec", [.path])
    let view = try DetachedMount(copying: shim, recursive: false)
    try view.restrict(.readOnly)
    try view.attach(at: shim)
}

/// Mounts a file system in memory.
func mountTemporary(
    _ type: String, at pathInRoot: String, below root: borrowing Descriptor, mode: String,
    attributes: MountAttributes = [.noSetUserID, .noDevices]
) throws {
    let mount = try DetachedMount(type: type, options: [("mode", mode)], attributes: attributes)
    try mount.attach(at: openMountTarget(pathInRoot, below: root, isDirectory: true))
}
