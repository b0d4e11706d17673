import CLinux
import Glibc
import ImageArchive
import LinuxSystem
import SystemPackage

/// Copies everything below a rendered root into an empty directory, owners, modes, times, links and attributes included.
///
/// Data is shared with the original where the file system can do that. Nothing is synced; after a failure a part is
/// there. Only for trees whose names are known to be good, as rendered trees' are.
func copyTree(from source: borrowing Descriptor, to target: borrowing Descriptor) throws {
    var copy = TreeCopy(root: target.raw)
    try copy.copyContent(of: source, to: target, path: "")
    try copyMetadata(of: FileStatus(of: source), from: source.procPath + "/.", to: target.procPath + "/.")
}

private struct TreeCopy {
    /// The descriptor of the copy's root.
    let root: CInt
    /// Where the first name of a file with several names is, below the root.
    private var firstNames: [UInt64: String] = [:]

    init(root: CInt) { self.root = root }

    mutating func copyContent(
        of source: borrowing Descriptor, to target: borrowing Descriptor, path: String
    ) throws {
        for name in try directoryEntries(source).map(\.name) {
            try explaining("cannot copy '\(path)/\(name)'") {
                try copy(name, from: source, to: target, path: "\(path)\(name)")
            }
        }
    }

    private mutating func copy(
        _ name: String, from source: borrowing Descriptor, to target: borrowing Descriptor, path: String
    ) throws {
        let status = try FileStatus(of: name, below: source)
        let directory = target.raw
        if status.links > 1, status.kind != .directory {
            if let first = firstNames[status.inode] {
                let top = root
                try check("linkat", "'\(path)'") { linkat(top, first, directory, name, 0) }
                return
            }
            firstNames[status.inode] = path
        }
        switch status.kind {
        case .directory:
            try target.makeDirectory(name, mode: 0o700)
            let inner = try source.open(name, [.directory, .noFollow])
            try copyContent(of: inner, to: target.open(name, [.directory, .noFollow]), path: "\(path)/")
        case .file: try copyFile(name, size: status.size, from: source, to: target)
        case .symlink:
            let link = try readLink(name, of: source, size: Int(clamping: status.size))
            try check("symlinkat", "'\(path)'") { symlinkat(link, directory, name) }
        case .characterDevice, .blockDevice, .fifo, .socket:
            let device = clinux_makedev(status.specialMajor, status.specialMinor)
            try check("mknodat", "'\(path)'") { clinux_mknodat(directory, name, status.mode, device) }
        case nil: throw SystemCallError(call: "statx", subject: "'\(path)'", errno: .invalidArgument)
        }
        try copyMetadata(of: status, from: "\(source.procPath)/\(name)", to: "\(target.procPath)/\(name)")
    }

    private func copyFile(
        _ name: String, size: UInt64, from source: borrowing Descriptor, to target: borrowing Descriptor
    ) throws {
        let original = try source.open(name, [.readOnly, .noFollow, .nonBlocking])
        let file = try target.open(name, [.writeOnly, .create, .exclusive], mode: 0o600)
        if size == 0 || clinux_clone_file(file.raw, original.raw) == 0 { return }
        try copyRange(from: original, at: 0, count: size, to: file)
    }

    private func readLink(_ name: String, of directory: borrowing Descriptor, size: Int) throws -> String {
        let number = directory.raw
        var target = [CChar](repeating: 0, count: size + 1)
        let length = try check("readlinkat", "'\(name)'") { readlinkat(number, name, &target, target.count) }
        return String(decoding: target.prefix(length).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

/// Owner before mode and attributes: the kernel takes set-id bits and file capabilities away when the owner changes.
private func copyMetadata(of status: FileStatus, from source: String, to target: String) throws {
    let here = CInt(CLINUX_AT_FDCWD)
    let noFollow = CInt(CLINUX_AT_SYMLINK_NOFOLLOW)
    try check("fchownat", "'\(target)'") { fchownat(here, target, status.user, status.group, noFollow) }
    if status.kind != .symlink {
        try check("chmod", "'\(target)'") { chmod(target, mode_t(status.permissions)) }
    }
    try copyExtendedAttributes(from: source, to: target)
    try check("utimensat", "'\(target)'") {
        clinux_set_times(here, target, status.accessTime, status.modificationTime, noFollow)
    }
}

/// The longest list of names, and the longest value, that the kernel hands out.
private let maximumAttributeBytes = 1 << 16

private func copyExtendedAttributes(from source: String, to target: String) throws {
    var names = [CChar](repeating: 0, count: 256)
    var length = clinux_llistxattr(source, &names, names.count)
    if length < 0, errno == ERANGE {
        names = [CChar](repeating: 0, count: maximumAttributeBytes)
        length = clinux_llistxattr(source, &names, names.count)
    }
    let code = errno
    if length == 0 || length < 0 && code == EOPNOTSUPP { return }
    if length < 0 { throw SystemCallError(call: "llistxattr", subject: "'\(source)'", errno: Errno(rawValue: code)) }
    for name in names.prefix(length).split(separator: 0) {
        let name = Array(name) + [0]
        var value = [UInt8](repeating: 0, count: maximumAttributeBytes)
        let size = try check("lgetxattr", "'\(source)'") { clinux_lgetxattr(source, name, &value, value.count) }
        try check("lsetxattr", "'\(target)'") { clinux_lsetxattr(target, name, value, size, 0) }
    }
}
