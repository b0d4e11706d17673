import CLinux
import LinuxSystem
import SystemPackage

/// Why overlayfs cannot be used below a data directory; nil when it can.
///
/// Source: rkt 1.30.0, common/overlay.
func overlayObstacle(_ dataDirectory: FilePath) -> String? {
    guard let types = try? readTextFile("/proc/filesystems") else {
        return "'/proc/filesystems' cannot be read"
    }
    guard types.split(separator: "\n").contains(where: { $0.hasSuffix("\toverlay") }) else {
        return "the kernel has no overlayfs"
    }
    guard let directory = try? Descriptor.open(dataDirectory, .directory) else { return nil }  // made later
    let type = clinux_filesystem_type(directory.raw)
    return type == Int(CLINUX_OVERLAYFS_SUPER_MAGIC) ? "'\(dataDirectory)' is on overlayfs itself" : nil
}
