import CLinux
import Glibc
package import SystemPackage

/// What kind of thing a name stands for.
package enum FileKind: UInt8, Sendable {
    case file, directory, symlink, characterDevice, blockDevice, fifo, socket

    /// From the type bits of a mode.
    package init?(mode: UInt32) {
        switch mode & 0o170000 {
        case 0o100000: self = .file
        case 0o040000: self = .directory
        case 0o120000: self = .symlink
        case 0o020000: self = .characterDevice
        case 0o060000: self = .blockDevice
        case 0o010000: self = .fifo
        case 0o140000: self = .socket
        default: return nil
        }
    }
}

/// What the kernel knows about a file: nanoseconds since 1970 for times, bytes for sizes.
///
/// Source: statx(2).
package struct FileStatus: Equatable, Sendable {
    package let inode, size, blocks, mountID: UInt64
    package let changeTime, modificationTime, accessTime: Int64
    /// With the type bits.
    package let mode: UInt32
    package let user, group, links: UInt32
    /// The file system the file is on.
    package let deviceMajor, deviceMinor: UInt32
    /// The device the file stands for.
    package let specialMajor, specialMinor: UInt32

    package var kind: FileKind? { FileKind(mode: mode) }
    /// Mode without the type bits.
    package var permissions: UInt32 { mode & 0o7777 }

    package init(of path: FilePath, followSymlinks: Bool = true) throws(SystemCallError) {
        let flags = followSymlinks ? 0 : CInt(CLINUX_AT_SYMLINK_NOFOLLOW)
        self = try Self.ask(CInt(CLINUX_AT_FDCWD), path.string, flags) { "'\(path)'" }
    }

    package init(of descriptor: borrowing Descriptor) throws(SystemCallError) {
        let number = descriptor.raw
        self = try Self.ask(number, "", CInt(CLINUX_AT_EMPTY_PATH)) { "descriptor \(number)" }
    }

    /// Of a name in a directory; a symlink is not followed.
    package init(of name: String, below directory: borrowing Descriptor) throws(SystemCallError) {
        self = try Self.ask(directory.raw, name, CInt(CLINUX_AT_SYMLINK_NOFOLLOW)) { "'\(name)'" }
    }

    private static func ask(
        _ directory: CInt, _ path: String, _ flags: CInt, _ subject: () -> String
    ) throws(SystemCallError) -> FileStatus {
        var status = clinux_stat()
        try check("statx", subject()) { clinux_statx(directory, path, flags, &status) }
        return FileStatus(status)
    }

    private init(_ status: clinux_stat) {
        inode = status.inode
        size = status.size
        blocks = status.blocks
        mountID = status.mount_id
        changeTime = status.change_time
        modificationTime = status.modification_time
        accessTime = status.access_time
        mode = status.mode
        user = status.user
        group = status.group
        links = status.links
        deviceMajor = status.device_major
        deviceMinor = status.device_minor
        specialMajor = status.special_major
        specialMinor = status.special_minor
    }
}

/// Whether something is at a path; a dangling symlink counts as something unless it is to be followed.
package func exists(_ path: FilePath, followSymlinks: Bool = true) -> Bool {
    (try? FileStatus(of: path, followSymlinks: followSymlinks)) != nil  // any failure means it cannot be used
}
