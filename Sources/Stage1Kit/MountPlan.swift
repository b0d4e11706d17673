package import AppContainer
import LinuxSystem

/// One volume to mount in an app.
package struct VolumeMount: Equatable, Sendable {
    package enum Source: Equatable, Sendable {
        /// A path on the host; `recursive` `nil` is up to the flavor.
        case host(String, recursive: Bool?)
        /// A directory of the pod, made when first used.
        case pod(name: String, mode: UInt32, user: UInt32, group: UInt32)
    }

    package let source: Source
    /// As the app sees it; made when it is missing.
    package let targetInApp: String
    package let readOnly: Bool
}

/// The mounts of an app in the order to make them, and a sentence for each that nobody asked for.
///
/// What lies below another target comes after it; of two mounts on one path the first wins. A mount point of the image
/// without a mount gets the pod's volume of the same name, or an empty one of its own.
///
/// Source: rkt 1.30.0, stage1/init/common/mount.go.
package func volumePlan(for app: PreparedApp, volumes: [Volume]) throws -> (mounts: [VolumeMount], warnings: [String]) {
    var mounts: [VolumeMount] = []
    var warnings: [String] = []
    var taken = Set<String>()
    for mount in app.runtime.mounts {
        guard let volume = mount.appVolume ?? volumes.first(where: { $0.name == mount.volume }) else {
            throw Failure("could not find volume \(mount.volume)")
        }
        let path = cleaned(mount.path)
        guard taken.insert(path).inserted else { continue }
        let point = app.app.mountPoints.first { cleaned($0.path) == path }
        mounts.append(try volumeMount(volume, at: path, pointIsReadOnly: point?.readOnly))
    }
    for point in app.app.mountPoints {
        let path = cleaned(point.path)
        guard taken.insert(path).inserted else { continue }
        if let volume = volumes.first(where: { $0.name == point.name }) {
            mounts.append(try volumeMount(volume, at: path, pointIsReadOnly: point.readOnly))
            continue
        }
        warnings.append(
            "warning: no volume specified for mount point \"\(point.name)\", implicitly creating an \"empty\" volume. "
                + "This volume will be removed when the pod is garbage-collected.")
        let source = VolumeMount.Source.pod(name: "\(app.name)-\(point.name)", mode: 0o755, user: 0, group: 0)
        mounts.append(VolumeMount(source: source, targetInApp: path, readOnly: point.readOnly))
    }
    let ordered = mounts.enumerated().sorted {
        (depth($0.element.targetInApp), $0.offset) < (depth($1.element.targetInApp), $1.offset)
    }
    return (ordered.map(\.element), warnings)
}

private func volumeMount(_ volume: Volume, at path: String, pointIsReadOnly: Bool?) throws -> VolumeMount {
    let source: VolumeMount.Source
    switch volume.kind {
    case .host(let path):
        source = .host(path, recursive: volume.recursive)
    case .empty(_, let uid, let gid):
        source = .pod(name: volume.name.rawValue, mode: volume.permissions ?? 0o755, user: uid, group: gid)
    }
    return VolumeMount(
        source: source, targetInApp: path, readOnly: volume.readOnly ?? pointIsReadOnly ?? false)
}

private func depth(_ path: String) -> Int { path.split(separator: "/").count }

/// The path without `.`, `..` and doubled slashes; what climbs above the root stays at the root.
func cleaned(_ path: String) -> String {
    var parts: [Substring] = []
    for part in path.split(separator: "/") {
        switch part {
        case ".": continue
        case "..": _ = parts.popLast()
        default: parts.append(part)
        }
    }
    return "/" + parts.joined(separator: "/")
}
