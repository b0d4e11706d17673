import Glibc
import ImageArchive
import LinuxSystem
import SystemPackage

/// What goes into an image, in the order of the archive: the same for the same input on every machine.
struct ImagePlan {
    struct Item {
        let entry: ArchiveEntry
        /// Where the data of a file comes from.
        var source: FilePath?
    }

    /// Sorted by path; hard links come last, after what they point to.
    let items: [Item]
    /// Of every entry, in nanoseconds since 1970.
    let time: Int64

    init(_ options: PackOptions, seconds: Int64) throws {
        time = seconds * 1_000_000_000
        var collection = Collection(time: time)
        for path in options.directories { try collection.add(path, .directory, mode: 0o755) }
        for root in options.roots { try collection.addContent(of: root, below: "") }
        for file in options.files { try collection.addFile(file.path, from: file.source, mode: file.mode) }
        for link in options.symlinks { try collection.add(link.path, .symlink(target: link.target), mode: 0o777) }
        for link in options.hardLinks { try collection.addHardLink(link.path, to: link.target) }
        items = collection.items.values.sorted(by: Self.precedes)
    }

    private static func precedes(_ left: Item, _ right: Item) -> Bool {
        switch (left.entry.content, right.entry.content) {
        case (.hardLink, .hardLink): break
        case (.hardLink, _): return false
        case (_, .hardLink): return true
        default: break
        }
        return left.entry.path.utf8.lexicographicallyPrecedes(right.entry.path.utf8)
    }
}

/// The entries by path, with every directory that leads to one.
private struct Collection {
    private(set) var items: [String: ImagePlan.Item] = [:]
    private let time: Int64

    init(time: Int64) {
        self.time = time
        items["rootfs"] = ImagePlan.Item(
            entry: ArchiveEntry(path: "rootfs", content: .directory, mode: 0o755, modificationTime: time))
    }

    mutating func addContent(of directory: FilePath, below prefix: String) throws {
        for name in try listDirectory(directory) {
            let source = directory.appending(name)
            let path = prefix.isEmpty ? name : "\(prefix)/\(name)"
            switch try FileStatus(of: source, followSymlinks: false).kind {
            case .directory:
                try add(path, .directory, mode: 0o755)
                try addContent(of: source, below: path)
            case .symlink: try add(path, .symlink(target: readLink(source)), mode: 0o777)
            case .file: try addFile(path, from: source, mode: nil)
            default: throw Failure("'\(source)' is neither file, directory nor symbolic link")
            }
        }
    }

    mutating func addFile(_ path: String, from source: FilePath, mode: UInt32?) throws {
        let status = try FileStatus(of: source)
        guard status.kind == .file else { throw Failure("'\(source)' is not a regular file") }
        let usual: UInt32 = status.mode & 0o111 == 0 ? 0o644 : 0o755
        try add(path, .file, mode: mode ?? usual, size: status.size, source: source)
    }

    mutating func addHardLink(_ path: String, to target: String) throws {
        let targetInImage = try inRoot(target)
        guard let entry = items[targetInImage]?.entry, entry.content == .file else {
            throw Failure("'\(path)' is a link to '\(target)', which is no file of the image")
        }
        try add(path, .hardLink(target: targetInImage), mode: entry.mode)
    }

    /// Adds an entry and the directories above it.
    ///
    /// A directory may be given twice, everything else once.
    mutating func add(
        _ path: String, _ content: ArchiveEntry.Content, mode: UInt32, size: UInt64 = 0, source: FilePath? = nil
    ) throws {
        let path = try inRoot(path)
        try addParent(of: path)
        if let present = items[path] {
            if content == .directory, present.entry.content == .directory { return }
            throw Failure("'\(path)' is given twice")
        }
        let entry = ArchiveEntry(path: path, content: content, mode: mode, size: size, modificationTime: time)
        items[path] = ImagePlan.Item(entry: entry, source: source)
    }

    private mutating func addParent(of path: String) throws {
        guard let slash = path.lastIndex(of: "/") else { return }
        let parent = String(path[..<slash])
        if items[parent] == nil { try add(String(parent.dropFirst("rootfs/".count)), .directory, mode: 0o755) }
        if items[parent]?.entry.content != .directory { throw Failure("'\(parent)' is no directory") }
    }

    private func inRoot(_ path: String) throws -> String {
        let parts = path.split(separator: "/")
        guard !parts.isEmpty, !parts.contains("."), !parts.contains("..") else {
            throw Failure("'\(path)' is no path in an image")
        }
        return "rootfs/" + parts.joined(separator: "/")
    }
}

private func readLink(_ path: FilePath) throws -> String {
    var buffer = [CChar](repeating: 0, count: 4096)
    let count = try check("readlink", "'\(path)'") { readlink(path.string, &buffer, buffer.count) }
    return String(decoding: buffer.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
}
