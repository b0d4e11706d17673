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
    /// As the app sees it, cleaned; made when it is missing.
    package let targetInApp: String
    package let readOnly: Bool
}

/// The mounts of an app in the order to make them, and a sentence for each that nobody asked for.
///
/// What lies below another target comes after it; of two mounts on one path the first wins. A mount point of the image
/// without a mount gets the pod's volume of the same name, or an empty one of its own.
///
/// Source: rkt 1.30.0, stage1/init/common/mount.go.
package func volumePlan(
    for app: PreparedApp, of pod: PodManifest
) throws -> (mounts: [VolumeMount], warnings: [String]) {
    var mounts: [VolumeMount] = []
    var taken = Set<String>()
    for mount in app.runtime.mounts {
        guard let volume = mount.appVolume ?? pod[volume: mount.volume] else {
            throw Failure("could not find volume \(mount.volume)")
        }
        let path = cleanedPath(mount.path)
        guard taken.insert(path).inserted else { continue }
        let point = app.app.mountPoints.first { cleanedPath($0.path) == path }
        let owner = mount.appVolume == nil ? nil : app.name
        mounts.append(volumeMount(volume, of: owner, at: path, pointIsReadOnly: point?.readOnly))
    }
    let implicit = pod.implicitVolumes(of: app.runtime, app: app.app)
    var warnings: [String] = []
    for point in app.app.mountPoints {
        let path = cleanedPath(point.path)
        guard taken.insert(path).inserted else { continue }
        if let volume = pod[volume: point.name] {
            mounts.append(volumeMount(volume, of: nil, at: path, pointIsReadOnly: point.readOnly))
        } else if let volume = implicit.first(where: { $0.point == point }) {
            warnings.append(
                "warning: no volume specified for mount point \"\(point.name)\", implicitly creating an \"empty\" "
                    + "volume. This volume will be removed when the pod is garbage-collected.")
            let source = VolumeMount.Source.pod(name: volume.directoryName, mode: 0o755, user: 0, group: 0)
            mounts.append(VolumeMount(source: source, targetInApp: path, readOnly: point.readOnly))
        }
    }
    for mount in mounts { try refuseKernelPath(mount.targetInApp) }
    let ordered = mounts.enumerated().sorted {
        (depth($0.element.targetInApp), $0.offset) < (depth($1.element.targetInApp), $1.offset)
    }
    return (ordered.map(\.element), warnings)
}

/// What an app is given by the kernel cannot be covered: tools that ask it would be told what the volume says.
private func refuseKernelPath(_ path: String) throws(Failure) {
    let reason =
        if path == "/" {
            "it is the root of the app"
        } else if isPath(path, atOrBelow: "/proc") {
            "apps have the kernel's /proc"
        } else if path == "/dev" {
            "apps have a /dev of their own; mount single devices below it"
        } else {
            ""
        }
    if !reason.isEmpty { throw Failure("cannot mount a volume on '\(path)': \(reason)") }
}

/// `owner` is the app that has the volume for itself, `nil` for a volume of the pod.
private func volumeMount(
    _ volume: Volume, of owner: ACName?, at path: String, pointIsReadOnly: Bool?
) -> VolumeMount {
    let source: VolumeMount.Source
    switch volume.kind {
    case .host(let path):
        source = .host(path, recursive: volume.recursive)
    case .empty(_, let uid, let gid):
        let name = owner.map { "\($0).\(volume.name)" } ?? volume.name.rawValue
        source = .pod(name: name, mode: volume.permissions ?? 0o755, user: uid, group: gid)
    }
    return VolumeMount(
        source: source, targetInApp: path, readOnly: volume.readOnly ?? pointIsReadOnly ?? false)
}

private func depth(_ path: String) -> Int { path.split(separator: "/").count }
