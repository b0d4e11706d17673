import CLinux
import Glibc
import ImageArchive
import LinuxSystem
import SystemPackage

/// What a finished tree needs to know of its entries and the kernel does not hold: by inode.
struct TreeRecords {
    struct Directory {
        var mode: UInt32
        var user: UInt32
        var group: UInt32
        var modificationTime: Int64

        /// A directory that no entry describes.
        static let implied = Directory(mode: 0o755, user: 0, group: 0, modificationTime: 0)
    }

    /// Directories of a tree, at about 100 bytes of memory each; several times those of a desktop system.
    static let maximumDirectories = 400_000
    /// Digests that are kept from the time of writing, at about 100 bytes of memory each; further files are read again.
    static let maximumDigests = 300_000

    /// Attributes that directories get at the end, when nothing is put into them any more.
    private(set) var directories: [UInt64: Directory] = [:]
    private(set) var directoryAttributes: [UInt64: [ExtendedAttribute]] = [:]
    private(set) var digests: [UInt64: ContentDigest] = [:]
    /// Files that have extended attributes.
    private var attributedFiles: Set<UInt64> = []
    private var anyFileMayHaveAttributes = false

    func mayHaveAttributes(_ inode: UInt64) -> Bool { anyFileMayHaveAttributes || attributedFiles.contains(inode) }

    mutating func noteAttributes(ofFile inode: UInt64) {
        if attributedFiles.count < Self.maximumDigests { attributedFiles.insert(inode) } else { noteAttributesOfAll() }
    }

    /// New files have attributes by themselves, as where the directory above has a default access control list.
    mutating func noteAttributesOfAll() {
        anyFileMayHaveAttributes = true
        attributedFiles = []
    }

    mutating func setDirectory(
        _ inode: UInt64, _ directory: Directory, _ attributes: [ExtendedAttribute]
    ) throws(ImageRenderError) {
        directories[inode] = directory
        if !attributes.isEmpty || directoryAttributes[inode] != nil { directoryAttributes[inode] = attributes }
        if directories.count > Self.maximumDirectories { throw .tooManyDirectories(limit: Self.maximumDirectories) }
    }

    mutating func setDigest(_ inode: UInt64, _ digest: ContentDigest) {
        // An inode that was freed and given out again must not keep the digest of its former content.
        if digests.count < Self.maximumDigests || digests[inode] != nil {
            digests[inode] = digest
        }
    }
}

/// Puts entries of archives into a tree, one by one; later ones replace earlier ones of the same path.
///
/// Nothing is ever followed out of the tree: directories are looked up by the kernel with the tree's top as their root
/// (see ``ParentDirectories``), and names in them are made without following what is there. Without privileges owners,
/// devices, file capabilities and set-id bits are left out.
///
/// Directories stay at mode 0700 until ``finishTree(_:root:seal:)``.
struct TreeBuilder: ~Copyable {
    private let root: CInt
    private var parents: ParentDirectories
    private var records = TreeRecords()
    private var hasher = ContentHasher()
    let isPrivileged = geteuid() == 0
    private let rules: NewFileRules
    /// Hard links whose target has not come yet: path and target.
    private(set) var openLinks: [[UInt8]: [UInt8]] = [:]

    /// `root` is an empty directory, open for reading, and stays open as long as this value lives.
    init(root: CInt, _ rules: NewFileRules) throws {
        self.root = root
        self.rules = rules
        parents = ParentDirectories(root: root)
        try records.setDirectory(try Self.inode(root, ""), .implied, [])
        if rules.giveAttributes { records.noteAttributesOfAll() }
    }

    /// What ``finishTree(_:root:seal:)`` needs; nothing can be added after that.
    consuming func finish() -> TreeRecords { records }

    /// Adds the entry at which `reader` stands, which reads `blob`.
    ///
    /// `path` is below the tree's top, without `rootfs/`.
    mutating func add(
        _ entry: ArchiveEntry, at path: [UInt8], reader: inout ArchiveReader, blob: borrowing Descriptor
    ) throws {
        if path.isEmpty {
            guard entry.content == .directory else { throw ImageRenderError.rootIsNoDirectory }
            return try records.setDirectory(
                try Self.inode(root, ""), directory(entry), entry.extendedAttributes)
        }
        if !openLinks.isEmpty { openLinks[path] = nil }
        parents.closeForgotten()
        let (above, last) = split(path)
        guard !last.isEmpty, !last.elementsEqual(".".utf8), !last.elementsEqual("..".utf8) else {
            throw ImageRenderError.badName(path: words(path))
        }
        let parent = try openParent(above)
        let name = terminated(last)
        switch entry.content {
        case .file: try addFile(entry, path, parent, name, reader: &reader, blob: blob)
        case .directory: try addDirectory(entry, path, parent, name)
        case .symlink(let target): try addSymlink(entry, target: target, path, parent, name)
        case .hardLink(let target):
            let target = pathInRootFileSystem(target) ?? confinedPath(target.utf8)
            if try !addLink(path, to: target) { openLinks[path] = target }
        case .characterDevice(let major, let minor):
            try addSpecial(entry, S_IFCHR, clinux_makedev(major, minor), path, parent, name)
        case .blockDevice(let major, let minor):
            try addSpecial(entry, S_IFBLK, clinux_makedev(major, minor), path, parent, name)
        case .fifo: try addSpecial(entry, S_IFIFO, 0, path, parent, name)
        }
    }

    /// Makes the links that are open and can be made by now, links to other links included.
    mutating func closeLinks() throws {
        var waiting: [[UInt8]: [[UInt8]]] = [:]
        // In a fixed order, so that the same archive always gives the same tree or the same error.
        for (path, target) in openLinks.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
            var ready = [(path, target)]
            while let (path, target) = ready.popLast() {
                parents.closeForgotten()
                guard try addLink(path, to: target) else {
                    waiting[target, default: []].append(path)
                    continue
                }
                openLinks[path] = nil
                for next in waiting.removeValue(forKey: path) ?? [] { ready.append((next, path)) }
            }
        }
    }

    /// Lets the open links to `target` wait for another path.
    mutating func redirectLinks(from target: [UInt8], to other: [UInt8]) {
        for (path, old) in openLinks where old == target { openLinks[path] = path == other ? nil : other }
    }
}

// One function per kind of entry.
extension TreeBuilder {
    private mutating func addFile(
        _ entry: ArchiveEntry, _ path: [UInt8], _ parent: CInt, _ name: [CChar], reader: inout ArchiveReader,
        blob: borrowing Descriptor
    ) throws {
        let flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | CInt(CLINUX_O_NOFOLLOW)
        let mode = permissions(entry)
        let isFree = mode & ~rules.freeModes == 0
        let file = Descriptor(
            owning: try replacing(parent, name, "openat", path) {
                clinux_openat(parent, name, flags, isFree ? mode_t(mode) : 0o600)
            })
        if entry.size > 0 {
            let digest = try writeContent(entry, file.raw, path, reader: &reader, blob: blob)
            records.setDigest(try Self.inode(file.raw, ""), digest)
        }
        if !isRootsOwn(entry) { try check("fchown", "'\(words(path))'") { fchown(file.raw, entry.user, entry.group) } }
        if !isFree { try check("fchmod", "'\(words(path))'") { fchmod(file.raw, mode_t(mode)) } }
        try setAttributes(entry, of: file.raw, path)
        if !entry.extendedAttributes.isEmpty { records.noteAttributes(ofFile: try Self.inode(file.raw, "")) }
    }

    private mutating func addDirectory(
        _ entry: ArchiveEntry, _ path: [UInt8], _ parent: CInt, _ name: [CChar]
    ) throws {
        while mkdirat(parent, name, 0o700) != 0 {
            let code = errno
            guard code == EEXIST else {
                throw SystemCallError(call: "mkdirat", subject: "'\(words(path))'", errno: Errno(rawValue: code))
            }
            let status = try Self.status(parent, name)
            if FileKind(mode: status.mode) == .directory { break }
            try remove(parent, name)
        }
        try records.setDirectory(try Self.inode(parent, name), directory(entry), entry.extendedAttributes)
    }

    private mutating func addSymlink(
        _ entry: ArchiveEntry, target: String, _ path: [UInt8], _ parent: CInt, _ name: [CChar]
    ) throws {
        try replacing(parent, name, "symlinkat", path) { symlinkat(target, parent, name) }
        if !isRootsOwn(entry) {
            try check("fchownat", "'\(words(path))'") {
                fchownat(parent, name, entry.user, entry.group, CInt(CLINUX_AT_SYMLINK_NOFOLLOW))
            }
        }
        try setTimes(entry, parent, name, path)
    }

    private mutating func addSpecial(
        _ entry: ArchiveEntry, _ type: mode_t, _ device: UInt64, _ path: [UInt8], _ parent: CInt, _ name: [CChar]
    ) throws {
        if !isPrivileged && type != S_IFIFO { return }
        try replacing(parent, name, "mknodat", path) { clinux_mknodat(parent, name, type | 0o600, device) }
        if !isRootsOwn(entry) {
            try check("fchownat", "'\(words(path))'") {
                fchownat(parent, name, entry.user, entry.group, CInt(CLINUX_AT_SYMLINK_NOFOLLOW))
            }
        }
        // A mode can only be set through a name that is followed: the one of an open file leads nowhere else.
        let flags = CInt(CLINUX_O_PATH | CLINUX_O_NOFOLLOW | CLINUX_O_CLOEXEC)
        let node = Descriptor(
            owning: try check("openat", "'\(words(path))'") { clinux_openat(parent, name, flags, 0) })
        let nodePath = node.procPath
        let mode = mode_t(permissions(entry))
        try check("chmod", "'\(words(path))'") { chmod(nodePath, mode) }
        try setTimes(entry, parent, name, path)
    }

    /// `false` when there is nothing at the target yet.
    private mutating func addLink(_ path: [UInt8], to linkTarget: [UInt8]) throws -> Bool {
        if path == linkTarget { return true }
        let target = split(linkTarget)
        guard !target.name.isEmpty else {
            throw ImageRenderError.linkToDirectory(path: words(path), target: words(linkTarget))
        }
        guard let from = try parents.openExisting(target.parent) else { return false }
        let fromName = terminated(target.name)
        var status = clinux_stat()
        guard clinux_statx(from, fromName, CInt(CLINUX_AT_SYMLINK_NOFOLLOW), &status) == 0 else {
            let code = errno
            if code == ENOENT { return false }
            throw SystemCallError(call: "statx", subject: "'\(words(linkTarget))'", errno: Errno(rawValue: code))
        }
        if FileKind(mode: status.mode) == .directory {
            throw ImageRenderError.linkToDirectory(path: words(path), target: words(linkTarget))
        }
        let (above, last) = split(path)
        let parent = try openParent(above)
        let name = terminated(last)
        var existing = clinux_stat()
        if clinux_statx(parent, name, CInt(CLINUX_AT_SYMLINK_NOFOLLOW), &existing) == 0,
            existing.inode == status.inode
        {
            return true
        }
        do {
            try replacing(parent, name, "linkat", path) { clinux_linkat(from, fromName, parent, name, 0) }
        } catch {
            guard error.errno == .noSuchFileOrDirectory else { throw error }
            return false  // what the link replaced held its target
        }
        return true
    }
}

// What several kinds need.
extension TreeBuilder {
    private mutating func openParent(_ path: ArraySlice<UInt8>) throws -> CInt {
        let parent = try parents.open(path)
        for inode in parents.made { try records.setDirectory(inode, .implied, []) }
        parents.made.removeAll(keepingCapacity: true)
        return parent
    }

    /// Makes a call that must find nothing of this name; where it finds something, that is removed.
    @discardableResult
    private mutating func replacing(
        _ parent: CInt, _ name: [CChar], _ call: StaticString, _ path: [UInt8], _ make: () -> CInt
    ) throws(SystemCallError) -> CInt {
        do throws(SystemCallError) {
            return try check(call, "'\(words(path))'", make)
        } catch {
            guard error.errno == .fileExists else { throw error }
        }
        try remove(parent, name)
        return try check(call, "'\(words(path))'", make)
    }

    private mutating func remove(_ parent: CInt, _ name: [CChar]) throws(SystemCallError) {
        parents.forget()
        if unlinkat(parent, name, 0) == 0 { return }
        let flags = CInt(CLINUX_O_PATH | CLINUX_O_DIRECTORY | CLINUX_O_CLOEXEC)
        let directory = Descriptor(owning: try check("openat", "'.'") { clinux_openat(parent, ".", flags, 0) })
        try removeTree(String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self), below: directory)
    }

    private mutating func writeContent(
        _ entry: ArchiveEntry, _ file: CInt, _ path: [UInt8], reader: inout ArchiveReader, blob: borrowing Descriptor
    ) throws -> ContentDigest {
        var done: UInt64 = 0
        var endsInHole = false
        while done < entry.size {
            let wanted = Int(clamping: min(entry.size - done, UInt64(hasher.buffer.count)))
            let room = UnsafeMutableRawBufferPointer(rebasing: hasher.buffer[..<wanted])
            let count: Int
            if let offset = entry.dataOffset {
                count = try blob.read(into: room, at: Int64(clamping: offset + done))
            } else {
                count = try reader.read(into: room)
            }
            if count == 0 { throw ArchiveError.truncated }
            let bytes = UnsafeRawBufferPointer(rebasing: room[..<count])
            hasher.update(bytes)
            endsInHole = count == ContentHasher.bufferSize && isZero(bytes)
            if endsInHole {
                try check("lseek", "'\(words(path))'") { lseek(file, off_t(count), SEEK_CUR) }
            } else {
                try write(bytes, file, path)
            }
            done += UInt64(count)
        }
        if endsInHole { try check("ftruncate", "'\(words(path))'") { ftruncate(file, off_t(clamping: done)) } }
        return hasher.finish()
    }

    private func write(_ bytes: UnsafeRawBufferPointer, _ file: CInt, _ path: [UInt8]) throws(SystemCallError) {
        var done = 0
        while done < bytes.count {
            done += try check("write", "'\(words(path))'") {
                Glibc.write(file, bytes.baseAddress.map { $0 + done }, bytes.count - done)
            }
        }
    }

    private func setAttributes(_ entry: ArchiveEntry, of file: CInt, _ path: [UInt8]) throws(SystemCallError) {
        if !entry.extendedAttributes.isEmpty {
            try setExtendedAttributes(entry.extendedAttributes, on: file, path: path, isPrivileged: isPrivileged)
        }
        try check("utimensat", "'\(words(path))'") {
            clinux_set_times(file, nil, entry.modificationTime, entry.modificationTime, 0)
        }
    }

    private func setTimes(
        _ entry: ArchiveEntry, _ parent: CInt, _ name: [CChar], _ path: [UInt8]
    ) throws(SystemCallError) {
        try check("utimensat", "'\(words(path))'") {
            clinux_set_times(
                parent, name, entry.modificationTime, entry.modificationTime, CInt(CLINUX_AT_SYMLINK_NOFOLLOW))
        }
    }

    /// Whether a new file has its owner already, or cannot get it.
    private func isRootsOwn(_ entry: ArchiveEntry) -> Bool {
        !isPrivileged || rules.makeRootsFiles && entry.user == 0 && entry.group == 0
    }

    private func directory(_ entry: ArchiveEntry) -> TreeRecords.Directory {
        TreeRecords.Directory(
            mode: permissions(entry), user: entry.user, group: entry.group, modificationTime: entry.modificationTime)
    }

    /// Set-id bits mean nothing good when the owner is not the one of the image.
    private func permissions(_ entry: ArchiveEntry) -> UInt32 { entry.mode & (isPrivileged ? 0o7777 : 0o1777) }

    private static func status(_ directory: CInt, _ name: [CChar]) throws(SystemCallError) -> clinux_stat {
        var status = clinux_stat()
        try check("statx", "a new entry") {
            clinux_statx(directory, name, CInt(CLINUX_AT_SYMLINK_NOFOLLOW), &status)
        }
        return status
    }

    private static func inode(_ directory: CInt, _ name: [CChar]) throws(SystemCallError) -> UInt64 {
        try status(directory, name).inode
    }

    /// Of a name in a directory; an empty one stands for the open file itself.
    private static func inode(_ descriptor: CInt, _ name: String) throws(SystemCallError) -> UInt64 {
        var status = clinux_stat()
        try check("statx", "a new entry") {
            clinux_statx(descriptor, name, CInt(CLINUX_AT_EMPTY_PATH | CLINUX_AT_SYMLINK_NOFOLLOW), &status)
        }
        return status.inode
    }
}

private func isZero(_ bytes: UnsafeRawBufferPointer) -> Bool {
    guard let start = bytes.baseAddress, bytes[0] == 0 else { return false }
    return memcmp(start, start + 1, bytes.count - 1) == 0
}
