import AppContainer
import Glibc
import ImageRender
import LinuxSystem
import Pods
import Stage1Interface
import SystemPackage

/// Fills the volumes that nobody asked for with what a converted image has at their mount points, as Docker does.
///
/// Owner, mode and attributes of the directory come along. The image is looked at below `root`, its rendered tree, so no
/// link of it leads to the host. A mount point that is no directory there is left to stage1, which makes an empty volume.
///
/// Source: rkt 1.30.0, stage1/init/common/mount.go, where stage1 does this.
func fillImplicitVolumes(
    _ volumes: [ImplicitVolume], from root: FilePath, to pod: Pod, users: UserRange? = nil, report: (String) -> Void
) throws {
    let tree = try Descriptor.open(root, [.path, .directory])
    for volume in volumes where cleanedPath(volume.point.path) != "/" {
        guard let source = try tree.openDirectoryIfThere(cleanedPath(volume.point.path)) else { continue }
        report(
            "Docker converted image, initializing implicit volume with data contained at the mount point "
                + "\"\(volume.point.name)\".")
        try explaining("cannot copy the content of mount point '\(volume.point.name)'") {
            let directory = Stage1ABI.Path.sharedVolumes
            try pod.descriptor.makeDirectory(directory.string, mode: 0o755, mayExist: true)
            let path = directory.appending(volume.directoryName).string
            try pod.descriptor.makeDirectory(path, mode: 0o700)
            try copyTree(from: source, to: pod.descriptor.open(path, .directory), for: users)
        }
    }
}

extension PodManifest {
    /// The implicit volumes of an app that begin with what its image has there: those of converted images.
    func volumesToFill(of app: ACName, _ image: ImageManifest) -> [ImplicitVolume] {
        guard image.isConverted, let runtime = self[app: app], let main = runtime.app ?? image.app else { return [] }
        return implicitVolumes(of: runtime, app: main)
    }
}

extension Descriptor {
    fileprivate borrowing func openDirectoryIfThere(_ path: String) throws(SystemCallError) -> Descriptor? {
        do {
            return try openBeneath(path, .directory)
        } catch {
            let isNone = [.noSuchFileOrDirectory, .notDirectory, .tooManySymbolicLinkLevels].contains(error.errno)
            if !isNone { throw error }
            return nil
        }
    }
}
