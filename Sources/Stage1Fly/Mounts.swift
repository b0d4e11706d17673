import AppContainer
import LinuxSystem
import Stage1Interface
import Stage1Kit
import SystemPackage

/// One mount in the app's root.
private struct Step {
    let source: FilePath
    let targetInApp: String
    let recursive: Bool
    let readOnly: Bool
    /// Whether other volumes are mounted below: on the host they must not appear there.
    var hasOthersBelow = false
}

/// The kernel's trees, which the app shares with the host.
private let kernelTrees = ["dev", "proc", "sys"]

/// Mounts devices, processes, the kernel's tree, an empty `/tmp`, the volumes, and the files that names are looked up with.
///
/// Everything of the host is taken from ``Stage1ABI/Path/hostTree`` and keeps the propagation it has there: what the app
/// mounts below a shared directory appears on the host. What is mounted here does not, and nothing is made on the host but
/// the missing targets in volumes. Mounts below a volume come along only when it says so. A read-only root is so at the
/// end, without what is mounted below it.
func mountEverything(for app: PreparedApp, of pod: PreparedPod) throws {
    let volumes = try plan(for: app, of: pod)
    // What is restricted at the end has to be a mount of its own.
    if app.runtime.readOnlyRootFS { try DetachedMount(copying: app.root, recursive: false).attach(at: app.root) }
    let root = try Descriptor.open(app.root, [.directory, .path])
    let top = try FileStatus(of: root)
    var places = MountTargetRules()
    places.mounts = [top.mountID]
    places.places = [top]
    for name in kernelTrees {
        let source = Stage1ABI.Path.hostTree.appending(name)
        _ = try perform(
            Step(source: source, targetInApp: "/\(name)", recursive: true, readOnly: false), below: root, places)
    }
    let scratch = try mountScratch(below: root, places)
    places.mounts?.insert(scratch)
    for step in volumes {
        let id = try perform(step, below: root, places)
        if step.hasOthersBelow { places.mounts?.insert(id) }
    }
    for (source, target) in [(Stage1ABI.Path.resolvConf, "/etc/resolv.conf"), (Stage1ABI.Path.hosts, "/etc/hosts")]
    where exists(source) && !volumes.contains(where: { isPath(target, atOrBelow: $0.targetInApp) }) {
        _ = try perform(
            Step(source: source, targetInApp: target, recursive: false, readOnly: false), below: root, places)
    }
    if app.runtime.readOnlyRootFS { try restrictMount(app.root, .readOnly, recursive: false) }
}

private func plan(for app: PreparedApp, of pod: PreparedPod) throws -> [Step] {
    for point in app.app.mountPoints {
        let isMounted = app.runtime.mounts.contains { $0.path == point.path || $0.volume == point.name }
        guard isMounted || pod.manifest[volume: point.name] != nil else {
            throw Failure("missing volume for mountpoint \"\(point.name)\"")
        }
    }
    let mounts = try volumePlan(for: app, of: pod.manifest).mounts
    return try mounts.enumerated().map { index, mount in
        try refuseKernelTree(mount.targetInApp)
        let source: FilePath
        var recursive = false
        switch mount.source {
        case .host(_, let wanted):
            source = try mount.hostPath(hostTree: Stage1ABI.Path.hostTree)
            recursive = wanted ?? false
        case .pod:
            source = try mount.hostPath()
        }
        return Step(
            source: source, targetInApp: mount.targetInApp, recursive: recursive, readOnly: mount.readOnly,
            hasOthersBelow: mounts[(index + 1)...].contains { isPath($0.targetInApp, atOrBelow: mount.targetInApp) })
    }
}

/// The target would be made, and the mount appear, on the host.
private func refuseKernelTree(_ path: String) throws(Failure) {
    for name in kernelTrees where isPath(path, atOrBelow: "/\(name)") {
        throw Failure(
            "cannot mount a volume on '\(path)': with stage1-fly /\(name) is the host's; stage1-ns gives the app its own"
        )
    }
}

/// Returns the ID of the mount.
private func perform(_ step: Step, below root: borrowing Descriptor, _ rules: MountTargetRules) throws -> UInt64 {
    do {
        let tree = try DetachedMount(copying: step.source, recursive: step.recursive)
        if step.readOnly { try tree.restrict(.readOnly) }
        if step.hasOthersBelow { try tree.setPropagation(.slave) }
        let status = try FileStatus(of: tree.descriptor)
        try tree.attach(
            at: openMountTarget(
                step.targetInApp, below: root, isDirectory: status.kind == .directory, rules: rules))
        return status.mountID
    } catch  where error.errno == .notDirectory {
        throw Failure(
            "can't mount \"\(step.source)\" on \"\(step.targetInApp)\" because one is a directory while the other is not"
        )
    } catch {
        throw Failure("can't mount \"\(step.source)\" on \"\(step.targetInApp)\"", cause: error)
    }
}

/// Returns the ID of the mount.
private func mountScratch(below root: borrowing Descriptor, _ rules: MountTargetRules) throws(SystemCallError) -> UInt64
{
    let tree = try DetachedMount(type: "tmpfs", options: [("mode", "1777")], attributes: [.noSetUserID, .noDevices])
    let status = try FileStatus(of: tree.descriptor)
    try tree.attach(at: openMountTarget("/tmp", below: root, isDirectory: true, rules: rules))
    return status.mountID
}
