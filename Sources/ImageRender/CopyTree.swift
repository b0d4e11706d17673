import CLinux
import Glibc
import ImageArchive
package import LinuxSystem
import SystemPackage

/// Copies everything in a directory into an empty one, which gets the attributes of the first.
///
/// Owners, modes, times, symlinks, devices, FIFOs and the extended attributes that an image may have are kept, hard
/// links within the tree too; sockets are left out. Data is shared where the file system can (FICLONE), else copied
/// inside the kernel; holes stay holes. Symlinks are never followed, on neither side, and other file systems mounted
/// below `source` are not entered. Without privileges owners, devices, file capabilities and set-id bits are left out.
/// Nothing is synced. After a failure `target` holds a part. Both are open for reading. With `users` the copy belongs to
/// them: owners and file capabilities are those of a user namespace, and what it has no number for is its nobody's.
///
/// Source: ioctl_ficlonerange(2), copy_file_range(2).
package func copyTree(
    from source: borrowing Descriptor, to target: borrowing Descriptor, for users: UserRange? = nil
) throws {
    var copier = TreeCopier(target: target.raw, device: try FileStatus(of: source).device, users: users)
    try copier.copyContent(of: source.raw, to: target.raw, depth: 0)
    try copier.copyAttributes(of: source.raw, to: target.raw)
}

/// lseek(2); the header hides them behind _GNU_SOURCE.
private let seekData: CInt = 3
private let seekHole: CInt = 4

private struct TreeCopier: ~Copyable {
    /// The top, to find earlier names of a file again.
    let target: CInt
    let device: UInt64
    private let users: UserRange?
    private let isPrivileged = geteuid() == 0
    private var canClone = true
    /// Where the first name of a file with several names is.
    private var links: [UInt64: [UInt8]] = [:]
    private var path: [UInt8] = []

    init(target: CInt, device: UInt64, users: UserRange?) {
        self.target = target
        self.device = device
        self.users = users
    }

    private func owner(_ number: UInt32) -> UInt32 { users?.outsideOrNobody(number) ?? number }

    mutating func copyContent(of source: CInt, to target: CInt, depth: Int) throws {
        guard depth <= maximumTreeDepth else {
            throw ImageRenderError.treeTooDeep(path: words(path), limit: maximumTreeDepth)
        }
        let listing = try DirectoryListing(source)
        for item in listing.items {
            let name = listing.name(item)
            let length = path.count
            if !path.isEmpty { path.append(UInt8(ascii: "/")) }
            path.append(contentsOf: UnsafeRawBufferPointer(start: name, count: strlen(name)))
            do {
                try copyEntry(name, from: source, to: target, depth: depth)
            } catch let error as SystemCallError {
                throw Failure("copying '\(words(path))'", cause: error)
            }
            path.removeLast(path.count - length)
        }
    }

    private mutating func copyEntry(
        _ name: UnsafePointer<CChar>, from source: CInt, to target: CInt, depth: Int
    ) throws {
        var status = clinux_stat()
        try check("statx", "a name in the source") {
            clinux_statx(source, name, CInt(CLINUX_AT_SYMLINK_NOFOLLOW), &status)
        }
        switch FileKind(mode: status.mode) {
        case .directory:
            try check("mkdirat", "the copy") { mkdirat(target, name, 0o700) }
            guard SealHeader.device(status) == device else { return }
            let flags = O_RDONLY | O_CLOEXEC | CInt(CLINUX_O_DIRECTORY | CLINUX_O_NOFOLLOW)
            let from = Descriptor(owning: try check("openat", "the source") { clinux_openat(source, name, flags, 0) })
            let to = Descriptor(owning: try check("openat", "the copy") { clinux_openat(target, name, flags, 0) })
            try copyContent(of: from.raw, to: to.raw, depth: depth + 1)
            try copyAttributes(of: from.raw, to: to.raw)
        case .file:
            if status.links > 1, try link(status.inode, target, name) { return }
            try copyFile(name, from: source, to: target, status)
        case .symlink:
            var text = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
            try check("readlinkat", "the source") { readlinkat(source, name, &text, text.count - 1) }
            try check("symlinkat", "the copy") { symlinkat(text, target, name) }
            try setOwnerAndTimes(status, target, name)
        case .fifo: try copySpecial(name, to: target, status)
        case .characterDevice, .blockDevice: if isPrivileged { try copySpecial(name, to: target, status) }
        case .socket, nil: return
        }
    }

    /// Gives a file that has been copied one more name; `false` when it has not.
    private mutating func link(_ inode: UInt64, _ target: CInt, _ name: UnsafePointer<CChar>) throws -> Bool {
        guard let first = links[inode] else {
            // Paths that no call takes in one piece are copied again.
            if path.count < Int(PATH_MAX) { links[inode] = path }
            return false
        }
        let (above, last) = split(first)
        let flags = UInt64(CLINUX_O_PATH | CLINUX_O_DIRECTORY | CLINUX_O_CLOEXEC)
        let resolve = UInt64(CLINUX_RESOLVE_BENEATH | CLINUX_RESOLVE_NO_SYMLINKS)
        let top = self.target
        let directory = terminated(above.isEmpty ? [UInt8(ascii: ".")] : above)
        let parent = Descriptor(
            owning: try check("openat2", "the copy") { clinux_openat2(top, directory, flags, 0, resolve) })
        let firstName = terminated(last)
        let number = parent.raw
        try check("linkat", "the copy") { clinux_linkat(number, firstName, target, name, 0) }
        return true
    }

    private mutating func copyFile(
        _ name: UnsafePointer<CChar>, from source: CInt, to target: CInt, _ status: clinux_stat
    ) throws {
        let read = O_RDONLY | O_NONBLOCK | O_CLOEXEC | CInt(CLINUX_O_NOFOLLOW)
        let from = Descriptor(owning: try check("openat", "the source") { clinux_openat(source, name, read, 0) })
        let write = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | CInt(CLINUX_O_NOFOLLOW)
        let to = Descriptor(owning: try check("openat", "the copy") { clinux_openat(target, name, write, 0o600) })
        if status.size > 0 {
            if canClone && clinux_clone_file(to.raw, from.raw) != 0 { canClone = false }
            if !canClone { try copyData(from: from, to: to, size: status.size) }
        }
        try copyAttributes(of: from.raw, to: to.raw)
    }

    /// Copies what is data and skips the holes.
    private func copyData(from: borrowing Descriptor, to: borrowing Descriptor, size: UInt64) throws {
        let (source, target) = (from.raw, to.raw)
        var offset: off_t = 0
        while true {
            let data = lseek(source, offset, seekData)
            if data < 0 { break }  // nothing but a hole is left
            let hole = lseek(source, data, seekHole)
            let end = hole > data ? hole : off_t(clamping: size)
            if end <= data { break }
            try check("lseek", "the copy") { lseek(target, data, SEEK_SET) }
            try copyRange(from: from, at: UInt64(data), count: UInt64(end - data), to: to)
            offset = end
        }
        try check("ftruncate", "the copy") { ftruncate(target, off_t(clamping: size)) }
    }

    private func copySpecial(_ name: UnsafePointer<CChar>, to target: CInt, _ status: clinux_stat) throws {
        let device = clinux_makedev(status.special_major, status.special_minor)
        let type = status.mode & 0o170000
        try check("mknodat", "the copy") { clinux_mknodat(target, name, type | 0o600, device) }
        let flags = CInt(CLINUX_O_PATH | CLINUX_O_NOFOLLOW | CLINUX_O_CLOEXEC)
        let node = Descriptor(owning: try check("openat", "the copy") { clinux_openat(target, name, flags, 0) })
        let nodePath = node.procPath
        let mode = mode_t(status.mode & (isPrivileged ? 0o7777 : 0o1777))
        if isPrivileged {
            try check("fchownat", "the copy") {
                fchownat(target, name, owner(status.user), owner(status.group), CInt(CLINUX_AT_SYMLINK_NOFOLLOW))
            }
        }
        try check("chmod", "the copy") { chmod(nodePath, mode) }
        try setTimes(status, target, name)
    }

    /// Of an open file or directory.
    func copyAttributes(of source: CInt, to target: CInt) throws {
        var status = clinux_stat()
        try check("statx", "the source") { clinux_statx(source, "", CInt(CLINUX_AT_EMPTY_PATH), &status) }
        if isPrivileged {
            try check("fchown", "the copy") { fchown(target, owner(status.user), owner(status.group)) }
        }
        var attributes = try extendedAttributes(of: source, where: ExtendedAttribute.isAllowed)
        if let users {
            attributes = attributes.map { attribute in
                guard attribute.name == FileCapabilities.attribute else { return attribute }
                return ExtendedAttribute(
                    name: attribute.name, value: FileCapabilities.inside(users, attribute.value))
            }
        }
        try setExtendedAttributes(attributes, on: target, path: path, isPrivileged: isPrivileged)
        let mode = mode_t(status.mode & (isPrivileged ? 0o7777 : 0o1777))
        try check("fchmod", "the copy") { fchmod(target, mode) }
        try check("utimensat", "the copy") {
            clinux_set_times(target, nil, status.access_time, status.modification_time, 0)
        }
    }

    private func setOwnerAndTimes(_ status: clinux_stat, _ target: CInt, _ name: UnsafePointer<CChar>) throws {
        if isPrivileged {
            try check("fchownat", "the copy") {
                fchownat(target, name, owner(status.user), owner(status.group), CInt(CLINUX_AT_SYMLINK_NOFOLLOW))
            }
        }
        try setTimes(status, target, name)
    }

    private func setTimes(_ status: clinux_stat, _ target: CInt, _ name: UnsafePointer<CChar>) throws {
        try check("utimensat", "the copy") {
            clinux_set_times(
                target, name, status.access_time, status.modification_time, CInt(CLINUX_AT_SYMLINK_NOFOLLOW))
        }
    }
}
