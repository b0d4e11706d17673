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
    let isThere = types.split(separator: "\n").contains { $0.hasSuffix("\toverlay") }
    guard isThere || canBeLoaded() else { return "the kernel has no overlayfs" }
    guard let directory = try? Descriptor.open(dataDirectory, .directory) else { return nil }  // made later
    let type = clinux_filesystem_type(directory.raw)
    return type == Int(CLINUX_OVERLAYFS_SUPER_MAGIC) ? "'\(dataDirectory)' is on overlayfs itself" : nil
}

/// Lets the kernel load its module for overlayfs, which it lists only afterwards.
///
/// Source: fsopen(2), "ENODEV"; needs `CAP_SYS_ADMIN`.
private func canBeLoaded() -> Bool {
    let context = clinux_fsopen("overlay", 0)
    if context < 0 { return false }
    _ = Descriptor(owning: context)
    return true
}
