import CLinux
import Glibc
import LinuxSystem
import SystemPackage

/// Compares a rendered tree with its seal, entry by entry, with one look at each.
///
/// Where inode and change time are those of the seal, the kernel vouches for content, attributes and, of a directory,
/// the list of its names. Everything else about the entry is compared always. Where they differ, as in a tree that was
/// restored from a backup, content, attributes and names are read and compared too.
///
/// Directories are opened from the one above without following symlinks; the names come from the seal.
struct SealCheck: ~Copyable {
    enum Thoroughness {
        /// Reads only where inode or change time differ.
        case whatMayHaveChanged
        /// Reads everything.
        case everything
    }

    /// Where the seal and the tree differ although the content is the same.
    struct Difference {
        let offset: Int
        let inode: UInt64
        let changeTime: Int64
    }

    private struct Frame {
        let descriptor: CInt
        let index: UInt32
        /// How long ``path`` is without this directory.
        let outerLength: Int
        var namesMayDiffer = false
        var children: UInt64 = 0
    }

    /// How many differences are remembered, at 24 bytes each.
    private static let maximumDifferences = 1_000_000

    private let tree: TreeID
    private let thoroughness: Thoroughness
    private let seal: Descriptor
    private var reader: SealReader
    private var hasher = ContentHasher()
    private var frames: [Frame] = []
    /// Of the innermost directory.
    private var path: [UInt8] = []
    private var device: UInt64 = 0
    /// Rendered on another file system: inodes and change times mean nothing.
    private var isElsewhere = false
    private(set) var differences: [Difference] = []

    /// - Throws: ``SealFault/damaged``.
    init(_ tree: TreeID, seal: consuming Descriptor, thoroughness: Thoroughness) throws {
        self.tree = tree
        self.thoroughness = thoroughness
        reader = try SealReader(seal.duplicate(), of: tree)
        self.seal = seal
    }

    deinit {
        for frame in frames { close(frame.descriptor) }
    }

    /// The header of the seal.
    var header: SealHeader? { reader.header }

    /// Compares everything.
    ///
    /// - Throws: ``ImageRenderError/changed(path:what:in:)`` for the first difference, ``SealFault/damaged``.
    mutating func run(root: borrowing Descriptor) throws {
        guard try reader.next() else { throw SealFault.damaged }
        try enter(root.duplicate(), outerLength: 0)
        while try reader.next() {
            let parent = reader.record.parent
            while let last = frames.last, last.index != parent { try leave(last) }
            guard let last = frames.indices.last else { throw SealFault.damaged }
            frames[last].children += 1
            let directory = frames[last].descriptor
            if reader.record.mode & S_IFMT == S_IFDIR {
                let child = try open(directory, CInt(CLINUX_O_PATH | CLINUX_O_DIRECTORY))
                let length = path.count
                path = currentPath
                try enter(child, outerLength: length)
            } else {
                try compareEntry(directory)
            }
        }
        while let last = frames.last { try leave(last) }
    }
}

// What comes of it.
extension SealCheck {
    /// Whether the tree is good, and the next check would be faster with another seal.
    var isOutdated: Bool { isElsewhere || !differences.isEmpty }

    /// Copies the seal with the inodes and change times of today into an empty file, open for reading and writing.
    ///
    /// Synced after return.
    borrowing func writeRefreshedSeal(to file: consuming Descriptor) throws {
        var reader = try SealReader(seal.duplicate(), of: tree)
        let writer = SealWriter(file)
        var rest = differences[...]
        while try reader.next() {
            var record = reader.record
            if let difference = rest.first, difference.offset == reader.offset {
                record.inode = difference.inode
                record.changeTime = difference.changeTime
                rest.removeFirst()
            }
            let name = UnsafeRawBufferPointer(start: reader.name, count: strlen(reader.name))
            _ = try writer.append(record, name: name)
        }
        guard try writer.finish(tree, device: device) == header?.treeDigest else { throw SealFault.damaged }
        try writer.sync()
    }
}

// Directories.
extension SealCheck {
    private mutating func enter(_ directory: consuming Descriptor, outerLength: Int) throws {
        let record = reader.record
        let number = directory.release()
        frames.append(Frame(descriptor: number, index: reader.index, outerLength: outerLength))
        var status = clinux_stat()
        try check("statx", "'\(words(path))'") { clinux_statx(number, "", CInt(CLINUX_AT_EMPTY_PATH), &status) }
        if reader.index == 0 {
            device = SealHeader.device(status)
            isElsewhere = device != header?.device
        }
        try compareStatus(record, status, path)
        guard mayDiffer(record, status) else { return }
        frames[frames.count - 1].namesMayDiffer = true
        let readable = try reopened(number)
        try compareAttributes(record, of: readable.raw, path)
        note(record, status)
    }

    /// Closes a directory whose entries are all compared.
    private mutating func leave(_ frame: Frame) throws {
        if frame.namesMayDiffer {
            let readable = try reopened(frame.descriptor)
            let listing = try DirectoryListing(readable.raw)
            // Every name of the seal has been found, so only the number is left to compare.
            if UInt64(listing.count) != frame.children { try refuseUnexpected(listing, in: frame.index) }
        }
        close(frame.descriptor)
        frames.removeLast()
        path.removeLast(path.count - frame.outerLength)
    }

    private func reopened(_ directory: CInt) throws(SystemCallError) -> Descriptor {
        let flags = O_RDONLY | O_CLOEXEC | CInt(CLINUX_O_DIRECTORY)
        return Descriptor(
            owning: try check("openat", "'\(words(path))'") { clinux_openat(directory, ".", flags, 0) })
    }

    /// Finds the name that the seal does not have.
    private func refuseUnexpected(_ listing: borrowing DirectoryListing, in index: UInt32) throws {
        var expected: Set<String> = []
        var reader = try SealReader(seal.duplicate(), of: tree)
        while try reader.next() {
            if reader.index > 0 && reader.record.parent == index { expected.insert(String(cString: reader.name)) }
        }
        for item in listing.items {
            let name = String(cString: listing.name(item))
            if !expected.contains(name) {
                throw changed(path.isEmpty ? Array(name.utf8) : path + Array("/\(name)".utf8), .unexpected)
            }
        }
        throw changed(path, .content)
    }
}

// Everything else.
extension SealCheck {
    private mutating func compareEntry(_ directory: CInt) throws {
        let record = reader.record
        var status = clinux_stat()
        if clinux_statx(directory, reader.name, CInt(CLINUX_AT_SYMLINK_NOFOLLOW), &status) != 0 {
            throw failure("statx", errno)
        }
        if matches(record, status) && !mayDiffer(record, status) { return }
        try compareStatus(record, status, currentPath)
        switch FileKind(mode: record.mode) {
        case .file:
            let file = try open(directory, O_RDONLY | O_NONBLOCK)
            guard try FileStatus(of: file).inode == status.inode else { throw changed(currentPath, .content) }
            guard try hasher.digest(ofFile: file.raw).digest == record.content else {
                throw changed(currentPath, .content)
            }
            try compareAttributes(record, of: file.raw, currentPath)
        case .symlink:
            guard try hasher.digest(ofSymlink: reader.name, directory) == record.content else {
                throw changed(currentPath, .content)
            }
        default: break
        }
        note(record, status)
    }

    private func mayDiffer(_ record: SealRecord, _ status: clinux_stat) -> Bool {
        status.inode != record.inode || status.change_time != record.changeTime || isElsewhere
            || thoroughness == .everything
    }

    /// The fast way of ``compareStatus(_:_:_:)``.
    private func matches(_ record: SealRecord, _ status: clinux_stat) -> Bool {
        status.mode == record.mode && status.user == record.user && status.group == record.group
            && SealRecord.size(status) == record.size && SealHeader.device(status) == device
    }

    private func compareStatus(_ record: SealRecord, _ status: clinux_stat, _ path: [UInt8]) throws {
        if matches(record, status) { return }
        if SealHeader.device(status) != device { throw changed(path, .otherFileSystem) }
        if status.mode & S_IFMT != record.mode & S_IFMT { throw changed(path, .kind) }
        if status.mode != record.mode { throw changed(path, .mode) }
        if status.user != record.user || status.group != record.group { throw changed(path, .owner) }
        throw changed(path, .size)
    }

    private mutating func compareAttributes(_ record: SealRecord, of file: CInt, _ path: [UInt8]) throws {
        guard try hasher.digest(ofAttributesOf: file) == record.attributes else {
            throw changed(path, .extendedAttributes)
        }
    }

    private mutating func note(_ record: SealRecord, _ status: clinux_stat) {
        if status.inode == record.inode && status.change_time == record.changeTime { return }
        guard differences.count < Self.maximumDifferences else { return }
        differences.append(
            Difference(offset: reader.offset, inode: status.inode, changeTime: status.change_time))
    }

    /// Opens the current entry, which has the kind the seal says or is refused.
    private func open(_ directory: CInt, _ flags: CInt) throws -> Descriptor {
        let flags = flags | O_CLOEXEC | CInt(CLINUX_O_NOFOLLOW)
        let number = clinux_openat(directory, reader.name, flags, 0)
        if number < 0 { throw failure("openat", errno) }
        return Descriptor(owning: number)
    }

    private func failure(_ call: String, _ code: CInt) -> any Error {
        switch code {
        case ENOENT: changed(currentPath, .missing)
        case ENOTDIR, ELOOP: changed(currentPath, .kind)
        default: SystemCallError(call: call, subject: "'\(words(currentPath))'", errno: Errno(rawValue: code))
        }
    }

    private func changed(_ path: [UInt8], _ what: Change) -> ImageRenderError {
        .changed(path: words(path), what: what, in: tree)
    }

    /// Of the current record.
    private var currentPath: [UInt8] {
        let name = UnsafeRawBufferPointer(start: reader.name, count: strlen(reader.name))
        return path.isEmpty ? Array(name) : path + [UInt8(ascii: "/")] + name
    }
}
