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
    private static let waitingRoom = "/tmp"

    /// Whether nothing but mount attributes keeps apps from devices that are not theirs.
    private let forbidsNodes: Bool

    static func appRoot(_ name: ACName) -> FilePath {
        FilePath("/opt/stage2").appending(name.rawValue).appending("rootfs")
    }

    /// Mounts everything below `stage1/rootfs`, which is not the root yet.
    init(plans: [AppPlan], lifted: LiftedRestrictions, restrictsDevices: Bool) throws {
        forbidsNodes = !restrictsDevices && !lifted.contains(.paths)
        try setPropagation(.slave, of: "/", recursive: true)
        try DetachedMount(copying: Stage1ABI.Path.stage1Root).attach(at: Stage1ABI.Path.stage1Root)
        let root = try Descriptor.open(Stage1ABI.Path.stage1Root, [.directory, .path])
        try protectShim(root)
        try mountKernelTrees(root, masked: !lifted.contains(.paths))
        try mountSharedDevices(root)
        try mountTemporary("tmpfs", at: Self.waitingRoom, below: root, mode: "755")
        for plan in plans { try gather(plan, root) }
    }

    /// Makes the pod's root that of the calling process.
    func enter() throws {
        try changeDirectory(to: Stage1ABI.Path.stage1Root)
        try pivotIntoCurrentDirectory()
    }

    /// Takes the volumes of an app along while the host can still be seen.
    private func gather(_ plan: AppPlan, _ root: borrowing Descriptor) throws {
        for (index, volume) in plan.volumes.enumerated() {
            let path = try volume.hostPath()
            do {
                var recursive = true
                if case .host(_, let wanted?) = volume.source { recursive = wanted }
                let tree = try DetachedMount(copying: path, recursive: recursive)
                if volume.readOnly { try tree.restrict(.readOnly) }
                let isDirectory = try FileStatus(of: tree.descriptor).kind == .directory
                let place = Self.place(of: index, in: plan)
                try tree.attach(at: openMountTarget(place, below: root, isDirectory: isDirectory))
            } catch  where error.call == "open_tree" {
                throw Failure("Failed to stat \(path): \(error.errno)")
            } catch {
                throw Failure("cannot use volume source '\(path)'", cause: error)
            }
        }
    }

    private static func place(of index: Int, in plan: AppPlan) -> String {
        "\(waitingRoom)/volumes/\(plan.name)/\(index)"
    }
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
        try cover("/sys", with: "/sys", below: root)
        try buildDevices(below: root, forbidsNodes: forbidsNodes)
        try provideNames(below: root)
        try root.makeScratch()
        for (index, volume) in plan.volumes.enumerated() {
            try attach(volume, from: Self.place(of: index, in: plan), below: root)
        }
        var attributes: MountAttributes = []
        if plan.isRootReadOnly { attributes.insert(.readOnly) }
        if forbidsNodes { attributes.insert(.noDevices) }
        if !attributes.isEmpty { try restrictMount(path, attributes, recursive: false) }
    }

    private func attach(_ volume: VolumeMount, from place: String, below root: borrowing Descriptor) throws {
        do {
            let tree = try DetachedMount(copying: FilePath(place))
            let isDirectory = try FileStatus(of: tree.descriptor).kind == .directory
            if forbidsNodes && isDirectory { try tree.restrict(.noDevices) }
            try tree.attach(at: openMountTarget(volume.targetInApp, below: root, isDirectory: isDirectory))
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

    /// Gives the app `/etc/hostname` and, where the image has none, `/etc/hosts`.
    ///
    /// An image whose `/etc` is no directory goes without.
    ///
    /// Source: rkt 1.30.0, stage1/prepare-app.
    private func provideNames(below root: borrowing Descriptor) throws {
        if let directory = try? root.openBeneath("/etc", [.directory]) {  // no place for them otherwise
            let hostname = try readTextFile("/proc/sys/kernel/hostname").split(separator: "\n").first ?? "localhost"
            let text = fallbackHostsFile(hostname: String(hostname))
            try directory.createMissingFile(Array(text.utf8), name: "hosts", mode: 0o644)
            let name = try DetachedMount(copying: "/proc/sys/kernel/hostname")
            try name.attach(at: openMountTarget("/etc/hostname", below: root, isDirectory: false))
        }
    }
}

extension Descriptor {
    /// Makes `/tmp` where the image has none.
    fileprivate borrowing func makeScratch() throws(SystemCallError) {
        do {
            try makeDirectory("tmp", mode: 0o1777)
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
