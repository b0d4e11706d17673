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
}

/// Mounts devices, processes, the kernel's tree, an empty `/tmp` and the volumes.
///
/// Everything of the host is taken from ``Stage1ABI/Path/hostTree`` and keeps the propagation it has there: what the app
/// mounts below a shared directory appears on the host. Mounts below a volume come along only when it says so.
func mountEverything(for app: PreparedApp, of pod: PreparedPod) throws {
    let volumes = try plan(for: app, of: pod)
    let host = Stage1ABI.Path.hostTree
    let kernel = ["dev", "proc", "sys"].map {
        Step(source: host.appending($0), targetInApp: "/\($0)", recursive: true, readOnly: false)
    }
    for step in kernel { try mount(step, below: app.root) }
    try mountScratch(below: app.root)
    for step in volumes { try mount(step, below: app.root) }
}

private func plan(for app: PreparedApp, of pod: PreparedPod) throws -> [Step] {
    for point in app.app.mountPoints {
        let isMounted = app.runtime.mounts.contains { $0.path == point.path || $0.volume == point.name }
        guard isMounted || pod.manifest[volume: point.name] != nil else {
            throw Failure("missing volume for mountpoint \"\(point.name)\"")
        }
    }
    return try volumePlan(for: app, volumes: pod.manifest.volumes).mounts.map { mount in
        let source: FilePath
        var recursive = false
        switch mount.source {
        case .host(_, let wanted):
            source = try mount.hostPath(hostTree: Stage1ABI.Path.hostTree)
            recursive = wanted ?? false
        case .pod:
            source = try mount.hostPath()
        }
        return Step(source: source, targetInApp: mount.targetInApp, recursive: recursive, readOnly: mount.readOnly)
    }
}

private func mount(_ step: Step, below root: FilePath) throws {
    do {
        let tree = try DetachedMount(copying: step.source, recursive: step.recursive)
        if step.readOnly { try tree.restrict(.readOnly) }
        let isDirectory = try FileStatus(of: tree.descriptor).kind == .directory
        try tree.attach(
            at: openMountTarget(
                step.targetInApp, below: Descriptor.open(root, [.directory, .path]), isDirectory: isDirectory))
    } catch  where error.errno == .notDirectory {
        throw Failure(
            "can't mount \"\(step.source)\" on \"\(step.targetInApp)\" because one is a directory while the other is not"
        )
    } catch {
        throw Failure("can't mount \"\(step.source)\" on \"\(step.targetInApp)\"", cause: error)
    }
}

private func mountScratch(below root: FilePath) throws {
    let tree = try DetachedMount(type: "tmpfs", options: [("mode", "1777")], attributes: [.noSetUserID, .noDevices])
    try tree.attach(
        at: openMountTarget("/tmp", below: Descriptor.open(root, [.directory, .path]), isDirectory: true))
}
