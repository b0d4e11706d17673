import CLinux
import Glibc
package import LinuxSystem
import SystemPackage

/// Writes an image: the manifest, then a directory tree as `rootfs`.
///
/// The tree is walked in the order of its names without following symlinks; files with several names inside it become
/// hard links; sockets are left out. Names that are no UTF-8 are an error. Needs /proc for extended attributes.
package struct ACIWriter: ~Copyable {
    /// Where metadata come from.
    package struct Options: Sendable {
        /// Owner and group of everything instead of those on disk.
        package var owner: (user: UInt32, group: UInt32)?
        /// The time of everything instead of those on disk, in nanoseconds since 1970.
        package var modificationTime: Int64?
        /// The tree is one of a user namespace with these users: owners and file capabilities become those inside.
        package var users: UserRange?

        package init(
            owner: (user: UInt32, group: UInt32)? = nil, modificationTime: Int64? = nil, users: UserRange? = nil
        ) {
            self.owner = owner
            self.modificationTime = modificationTime
            self.users = users
        }

        fileprivate func inside(_ owner: UInt32) -> UInt32 { users?.insideOrNobody(owner) ?? owner }

        fileprivate func inside(_ attribute: ExtendedAttribute) -> ExtendedAttribute {
            guard let users, attribute.name == FileCapabilities.attribute else { return attribute }
            return ExtendedAttribute(name: attribute.name, value: FileCapabilities.outside(users, attribute.value))
        }
    }

    private var tar: TarWriter
    private let options: Options
    private let limits: ArchiveLimits
    private var firstNames: [FileIdentity: String] = [:]

    package init(
        writingTo file: consuming Descriptor, compression: Compression = .none, options: Options = Options(),
        limits: ArchiveLimits = .standard
    ) throws {
        tar = try TarWriter(writingTo: file, compression: compression)
        self.options = options
        self.limits = limits
    }

    /// Adds the manifest; comes first so that readers find it without reading the tree.
    package mutating func add(manifest: [UInt8]) throws {
        let entry = ArchiveEntry(
            path: manifestName, content: .file, mode: 0o644, user: options.owner?.user ?? 0,
            group: options.owner?.group ?? 0, modificationTime: options.modificationTime ?? 0)
        try tar.add(entry, data: manifest)
    }

    /// Adds a directory and everything below it under a name of the image.
    package mutating func add(tree: borrowing Descriptor, as path: String = rootFileSystemName) throws {
        let status = try FileStatus(of: tree)
        try tar.add(entry(path, .directory, status, attributes: extendedAttributes(of: tree.procPath, followed: true)))
        try addContent(of: tree, path: path, depth: 1)
    }

    /// Ends the archive and hands everything to the file.
    package mutating func finish() throws { try tar.finish() }

    private mutating func addContent(of directory: borrowing Descriptor, path: String, depth: Int) throws {
        if depth > limits.maximumDepth { throw ArchiveError.tooDeep(path: path, maximumDepth: limits.maximumDepth) }
        for name in try directoryEntries(directory).map(\.name).sorted(by: precedesAsBytes) {
            try add(name, of: directory, path: "\(path)/\(name)", depth: depth)
        }
    }

    private mutating func add(
        _ name: String, of directory: borrowing Descriptor, path: String, depth: Int
    ) throws {
        let status = try FileStatus(of: name, below: directory)
        if status.kind == .socket { return }
        let identity = FileIdentity(status)
        if status.links > 1, status.kind != .directory {
            if let first = firstNames[identity] {
                return try tar.add(entry(path, .hardLink(target: first), status, attributes: []))
            }
            firstNames[identity] = path
        }
        let attributes = try extendedAttributes(of: "\(directory.procPath)/\(name)", followed: false)
        switch status.kind {
        case .file:
            let file = try directory.open(name, [.readOnly, .noFollow, .nonBlocking])
            // What was opened counts, not what had this name a moment ago.
            let opened = try FileStatus(of: file)
            guard opened.kind == .file else { throw ArchiveError.sizeChanged(path: path) }
            try tar.add(entry(path, .file, opened, attributes: attributes), data: file)
        case .directory:
            let child = try directory.open(name, [.readOnly, .directory, .noFollow])
            try tar.add(entry(path, .directory, FileStatus(of: child), attributes: attributes))
            try addContent(of: child, path: path, depth: depth + 1)
        case .symlink:
            try tar.add(entry(path, .symlink(target: readLink(name, of: directory)), status, attributes: attributes))
        case .characterDevice:
            try tar.add(
                entry(
                    path, .characterDevice(major: status.specialMajor, minor: status.specialMinor), status,
                    attributes: attributes))
        case .blockDevice:
            try tar.add(
                entry(
                    path, .blockDevice(major: status.specialMajor, minor: status.specialMinor), status,
                    attributes: attributes))
        case .fifo:
            try tar.add(entry(path, .fifo, status, attributes: attributes))
        default:
            throw ArchiveError.unsupportedEntry(path: path)
        }
    }

    private func entry(
        _ path: String, _ content: ArchiveEntry.Content, _ status: FileStatus, attributes: [ExtendedAttribute]
    ) -> ArchiveEntry {
        ArchiveEntry(
            path: path, content: content, mode: status.mode & 0o7777,
            user: options.owner?.user ?? options.inside(status.user),
            group: options.owner?.group ?? options.inside(status.group), size: content == .file ? status.size : 0,
            modificationTime: options.modificationTime ?? status.modificationTime,
            extendedAttributes: attributes.map { options.inside($0) })
    }
}

/// What makes two names the same file.
private struct FileIdentity: Hashable {
    let major: UInt32
    let minor: UInt32
    let inode: UInt64

    init(_ status: FileStatus) {
        major = status.deviceMajor
        minor = status.deviceMinor
        inode = status.inode
    }
}

private func precedesAsBytes(_ first: String, _ second: String) -> Bool {
    first.utf8.lexicographicallyPrecedes(second.utf8)
}

private func readLink(_ name: String, of directory: borrowing Descriptor) throws -> String {
    let number = directory.raw
    var buffer = [CChar](repeating: 0, count: 4096)
    let count = try check("readlinkat", "'\(name)'") { readlinkat(number, name, &buffer, buffer.count) }
    let bytes = buffer.prefix(count).map { UInt8(bitPattern: $0) }
    guard let target = String(validating: bytes, as: UTF8.self) else { throw ArchiveError.nameNotUTF8(name) }
    return target
}

/// The attributes that belong into an image.
///
/// A file system without any has none.
private func extendedAttributes(of path: String, followed: Bool) throws -> [ExtendedAttribute] {
    let path = followed ? path + "/." : path
    var names = [CChar](repeating: 0, count: 1024)
    var length = clinux_llistxattr(path, &names, names.count)
    if length < 0, errno == ERANGE {
        names = [CChar](repeating: 0, count: 1 << 16)
        length = clinux_llistxattr(path, &names, names.count)
    }
    let code = errno
    if length < 0, code == EOPNOTSUPP { return [] }
    if length < 0 { throw SystemCallError(call: "llistxattr", subject: "'\(path)'", errno: Errno(rawValue: code)) }
    var found: [ExtendedAttribute] = []
    for name in names.prefix(length).split(separator: 0) {
        let name = String(decoding: name.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        guard ExtendedAttribute.isAllowed(name) else { continue }
        var value = [UInt8](repeating: 0, count: 1 << 16)
        let count = try check("lgetxattr", "'\(name)' of '\(path)'") {
            clinux_lgetxattr(path, name, &value, value.count)
        }
        found.append(ExtendedAttribute(name: name, value: Array(value.prefix(count))))
    }
    return found
}
