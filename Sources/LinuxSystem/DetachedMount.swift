import CLinux
import Glibc
package import SystemPackage

/// Restrictions of a mount.
package struct MountAttributes: OptionSet, Sendable {
    package let rawValue: UInt64
    package init(rawValue: UInt64) { self.rawValue = rawValue }

    package static let readOnly = MountAttributes(rawValue: UInt64(CLINUX_MOUNT_ATTR_RDONLY))
    package static let noSetUserID = MountAttributes(rawValue: UInt64(CLINUX_MOUNT_ATTR_NOSUID))
    package static let noDevices = MountAttributes(rawValue: UInt64(CLINUX_MOUNT_ATTR_NODEV))
    package static let noExecute = MountAttributes(rawValue: UInt64(CLINUX_MOUNT_ATTR_NOEXEC))
}

/// Who hears of mounts made below a mount.
///
/// Source: mount_namespaces(7).
package enum Propagation: Sendable {
    case `private`, slave, shared

    var flag: UInt64 {
        switch self {
        case .private: UInt64(MS_PRIVATE)
        case .slave: UInt64(MS_SLAVE)
        case .shared: UInt64(MS_SHARED)
        }
    }
}

/// A mount that hangs nowhere yet: restrictions are put on it before anyone can reach it.
///
/// Lets go of the mount when it goes away without having been attached.
///
/// Source: open_tree(2), fsmount(2), mount_setattr(2), move_mount(2); Linux 5.12.
package struct DetachedMount: ~Copyable {
    package let descriptor: Descriptor

    /// Takes over the descriptor of a mount that hangs nowhere.
    package init(owning descriptor: consuming Descriptor) { self.descriptor = descriptor }

    /// Gives the number away; whoever takes it closes it, and with it the mount unless it was attached.
    package consuming func release() -> CInt { descriptor.release() }

    /// Copies what is visible at `source`, with `recursive` the mounts below it too.
    ///
    /// A symlink at the end is followed. Needs `CAP_SYS_ADMIN`.
    package init(copying source: FilePath, recursive: Bool = true) throws(SystemCallError) {
        let flags = Self.cloneFlags(recursive)
        descriptor = Descriptor(
            owning: try check("open_tree", "'\(source)'") {
                clinux_open_tree(CInt(CLINUX_AT_FDCWD), source.string, flags)
            })
    }

    /// Copies what a descriptor stands for.
    package init(copying source: borrowing Descriptor, recursive: Bool = true) throws(SystemCallError) {
        let number = source.raw
        let flags = Self.cloneFlags(recursive) | UInt32(CLINUX_AT_EMPTY_PATH)
        descriptor = Descriptor(
            owning: try check("open_tree", "descriptor \(number)") { clinux_open_tree(number, "", flags) })
    }

    private static func cloneFlags(_ recursive: Bool) -> UInt32 {
        UInt32(CLINUX_OPEN_TREE_CLONE | CLINUX_OPEN_TREE_CLOEXEC) | (recursive ? UInt32(CLINUX_AT_RECURSIVE) : 0)
    }

    /// Makes a file system of its own, such as `tmpfs` with the option `mode=755`.
    ///
    /// Options are set in the order given; one without a value is a flag.
    ///
    /// Source: fsopen(2), fsconfig(2), fsmount(2); Linux 5.2.
    package init(
        type: String, options: [(String, String?)] = [], attributes: MountAttributes = []
    ) throws(SystemCallError) {
        let context = Descriptor(owning: try check("fsopen", "'\(type)'") { clinux_fsopen(type, 0) })
        for (key, value) in options {
            let number = context.raw
            try check("fsconfig", "\(type) \(key)=\(value ?? "")") {
                if let value { clinux_fsconfig_string(number, key, value) } else { clinux_fsconfig_flag(number, key) }
            }
        }
        let number = context.raw
        try check("fsconfig", "'\(type)'") { clinux_fsconfig_create(number) }
        descriptor = Descriptor(
            owning: try check("fsmount", "'\(type)'") { clinux_fsmount(number, UInt32(attributes.rawValue)) })
    }

    /// Adds restrictions to this mount and, with `recursive`, to every mount below it; others stay as they are.
    ///
    /// A remount could not do this: it drops the other restrictions, and covers only the topmost mount.
    package borrowing func restrict(
        _ attributes: MountAttributes, recursive: Bool = true
    ) throws(SystemCallError) {
        let number = descriptor.raw
        let flags = UInt32(CLINUX_AT_EMPTY_PATH) | (recursive ? UInt32(CLINUX_AT_RECURSIVE) : 0)
        try check("mount_setattr", "descriptor \(number)") {
            clinux_mount_setattr(number, "", flags, attributes.rawValue, 0, 0)
        }
    }

    package borrowing func setPropagation(
        _ propagation: Propagation, recursive: Bool = true
    ) throws(SystemCallError) {
        let number = descriptor.raw
        let flags = UInt32(CLINUX_AT_EMPTY_PATH) | (recursive ? UInt32(CLINUX_AT_RECURSIVE) : 0)
        try check("mount_setattr", "propagation of descriptor \(number)") {
            clinux_mount_setattr(number, "", flags, 0, 0, propagation.flag)
        }
    }

    /// Covers `target` with this mount.
    ///
    /// `target` goes on meaning what is underneath; open the path again to get at the mount.
    package borrowing func attach(at target: borrowing Descriptor) throws(SystemCallError) {
        let flags = UInt32(CLINUX_MOVE_MOUNT_F_EMPTY_PATH | CLINUX_MOVE_MOUNT_T_EMPTY_PATH)
        let source = descriptor.raw
        let number = target.raw
        try check("move_mount", "descriptor \(source) to descriptor \(number)") {
            clinux_move_mount(source, "", number, "", flags)
        }
    }

    /// Covers a path of ours; a symlink at its end is not followed.
    package borrowing func attach(at target: FilePath) throws(SystemCallError) {
        let source = descriptor.raw
        try check("move_mount", "to '\(target)'") {
            clinux_move_mount(
                source, "", CInt(CLINUX_AT_FDCWD), target.string, UInt32(CLINUX_MOVE_MOUNT_F_EMPTY_PATH))
        }
    }
}

/// Changes who hears of mounts below a mount point that is already attached.
package func setPropagation(
    _ propagation: Propagation, of mountPoint: FilePath, recursive: Bool
) throws(SystemCallError) {
    try check("mount_setattr", "propagation of '\(mountPoint)'") {
        clinux_mount_setattr(
            CInt(CLINUX_AT_FDCWD), mountPoint.string, recursive ? UInt32(CLINUX_AT_RECURSIVE) : 0, 0, 0,
            propagation.flag)
    }
}

/// Adds restrictions to a mount point that is already attached.
package func restrictMount(
    _ mountPoint: FilePath, _ attributes: MountAttributes, recursive: Bool
) throws(SystemCallError) {
    try check("mount_setattr", "'\(mountPoint)'") {
        clinux_mount_setattr(
            CInt(CLINUX_AT_FDCWD), mountPoint.string, recursive ? UInt32(CLINUX_AT_RECURSIVE) : 0,
            attributes.rawValue, 0, 0)
    }
}
