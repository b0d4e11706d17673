import CLinux
import Glibc
import ImageArchive
import LinuxSystem
import SystemPackage

/// How deep a tree may be: each level keeps one directory open while it is walked.
///
/// A process has 1024 descriptors by default. Twice what one archive path can be deep; only paths through symlinks get
/// there.
let maximumTreeDepth = 512

/// Gives the directories of a tree their owners, modes and times, now that nothing is put into them any more, and
/// writes down every entry in `seal`.
///
/// Directories come after what is in them. With `seal`, files whose digest `records` does not have are read. `root` is
/// the top of the tree, open for reading.
func finishTree(_ records: consuming TreeRecords, root: borrowing Descriptor, seal: SealWriter?) throws {
    var finisher = TreeFinisher(records: records, seal: seal)
    try finisher.finish(root.raw, name: UnsafeRawBufferPointer(start: nil, count: 0), parent: 0, depth: 0)
}

private struct TreeFinisher: ~Copyable {
    let records: TreeRecords
    let seal: SealWriter?
    private let isPrivileged = geteuid() == 0
    private var hasher = ContentHasher()
    /// Of the directory being walked, for messages.
    private var path: [UInt8] = []
    private let emptyDigest: ContentDigest

    init(records: TreeRecords, seal: SealWriter?) {
        self.records = records
        self.seal = seal
        emptyDigest = hasher.finish()
    }

    /// Finishes an open directory and everything in it.
    mutating func finish(_ directory: CInt, name: UnsafeRawBufferPointer, parent: UInt32, depth: Int) throws {
        guard depth <= maximumTreeDepth else {
            throw ImageRenderError.treeTooDeep(path: words(path), limit: maximumTreeDepth)
        }
        var record = SealRecord(try status(directory, nil), parent: parent)
        let index = seal?.count ?? 0
        let place = try seal?.append(record, name: name) ?? 0
        try finishContent(of: directory, index: index, depth: depth)
        try setAttributes(record.inode, directory)
        guard let seal else { return }
        record.update(try status(directory, nil))
        record.attributes = try hasher.digest(ofAttributesOf: directory)
        try seal.replace(at: place, record)
    }

    private mutating func finishContent(of directory: CInt, index: UInt32, depth: Int) throws {
        let listing = try DirectoryListing(directory)
        for item in listing.items {
            let name = listing.name(item)
            let isDirectory = item.type == UInt8(DT_DIR)
            if seal == nil && !isDirectory && item.type != UInt8(DT_UNKNOWN) { continue }
            let bytes = UnsafeRawBufferPointer(start: name, count: strlen(name))
            if try isDirectory || FileKind(mode: status(directory, name).mode) == .directory {
                let flags = O_RDONLY | O_CLOEXEC | CInt(CLINUX_O_DIRECTORY | CLINUX_O_NOFOLLOW)
                let child = Descriptor(
                    owning: try check("openat", "'\(place(name))'") { clinux_openat(directory, name, flags, 0) })
                let length = path.count
                if !path.isEmpty { path.append(UInt8(ascii: "/")) }
                path.append(contentsOf: bytes)
                try finish(child.raw, name: bytes, parent: index, depth: depth + 1)
                path.removeLast(path.count - length)
            } else if let seal {
                _ = try seal.append(record(of: name, directory, index), name: bytes)
            }
        }
    }

    private mutating func record(
        of name: UnsafePointer<CChar>, _ directory: CInt, _ index: UInt32
    ) throws -> SealRecord {
        var record = SealRecord(try status(directory, name), parent: index)
        switch FileKind(mode: record.mode) {
        case .symlink: record.content = try hasher.digest(ofSymlink: name, directory)
        case .file:
            let known = record.size == 0 ? emptyDigest : records.digests[record.inode]
            if let known, !records.mayHaveAttributes(record.inode) {
                record.content = known
                break
            }
            let flags = O_RDONLY | O_NONBLOCK | O_CLOEXEC | CInt(CLINUX_O_NOFOLLOW)
            let file = Descriptor(
                owning: try check("openat", "'\(place(name))'") { clinux_openat(directory, name, flags, 0) })
            record.content = try known ?? hasher.digest(ofFile: file.raw).digest
            record.attributes = try hasher.digest(ofAttributesOf: file.raw)
        default: break
        }
        return record
    }

    private func setAttributes(_ inode: UInt64, _ directory: CInt) throws {
        guard let wanted = records.directories[inode] else { return }
        if isPrivileged {
            try check("fchown", "'\(words(path))'") { fchown(directory, wanted.user, wanted.group) }
        }
        if let attributes = records.directoryAttributes[inode] {
            try setExtendedAttributes(attributes, on: directory, path: path, isPrivileged: isPrivileged)
        }
        try check("fchmod", "'\(words(path))'") { fchmod(directory, mode_t(wanted.mode)) }
        try check("utimensat", "'\(words(path))'") {
            clinux_set_times(directory, nil, wanted.modificationTime, wanted.modificationTime, 0)
        }
    }

    /// Of a name in the directory, or of the directory itself.
    private func status(_ directory: CInt, _ name: UnsafePointer<CChar>?) throws(SystemCallError) -> clinux_stat {
        var status = clinux_stat()
        let flags = CInt(CLINUX_AT_SYMLINK_NOFOLLOW | CLINUX_AT_EMPTY_PATH)
        try check("statx", "'\(place(name))'") {
            name.map { clinux_statx(directory, $0, flags, &status) } ?? clinux_statx(directory, "", flags, &status)
        }
        return status
    }

    private func place(_ name: UnsafePointer<CChar>?) -> String {
        let directory = words(path)
        return name.map { directory == "/" ? "/\(String(cString: $0))" : "\(directory)/\(String(cString: $0))" }
            ?? directory
    }
}

extension ContentHasher {
    /// The digest of where a symlink points to.
    mutating func digest(
        ofSymlink name: UnsafePointer<CChar>, _ directory: CInt
    ) throws(SystemCallError) -> ContentDigest {
        let length = try check("readlinkat", "'\(String(cString: name))'") {
            readlinkat(directory, name, base.assumingMemoryBound(to: CChar.self), Self.bufferSize)
        }
        return digest(of: UnsafeRawBufferPointer(rebasing: buffer[..<length]))
    }
}
