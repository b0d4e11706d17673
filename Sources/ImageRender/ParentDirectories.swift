import CLinux
import Glibc
import LinuxSystem
import SystemPackage

/// Open directories of a tree that is being made, by path, so that files of one directory look it up once.
///
/// Each path is looked up by the kernel with the tree's top as its root directory: a symlink of the image on the way
/// leads where it would lead inside the image, never out of it. What is missing on the way is made; what is no
/// directory and leads to none is replaced by one, because the later entry of an archive wins.
///
/// Source: openat2(2), RESOLVE_IN_ROOT.
struct ParentDirectories: ~Copyable {
    private struct Slot {
        var path: [UInt8]
        var descriptor: CInt
        var lastUse: UInt64
    }

    /// Open directories; well below the 1024 descriptors a process has by default, together with one per level of
    /// ``maximumTreeDepth`` afterwards.
    private static let capacity = 64

    private let root: CInt
    private var slots: [Slot] = []
    private var index: [[UInt8]: Int] = [:]
    /// Inodes of the directories that had to be made, until somebody takes note.
    var made: [UInt64] = []
    private var forgotten: [CInt] = []
    private var clock: UInt64 = 0
    private var latest = 0

    /// - Parameter root: stays open as long as this value lives.
    init(root: CInt) { self.root = root }

    deinit {
        for slot in slots { close(slot.descriptor) }
        for descriptor in forgotten { close(descriptor) }
    }

    /// Looks everything up anew from now on: to be called when a name that may be part of a path is removed.
    ///
    /// Descriptors that were given out stay open until ``closeForgotten()``.
    mutating func forget() {
        forgotten.append(contentsOf: slots.map(\.descriptor))
        slots.removeAll(keepingCapacity: true)
        index.removeAll(keepingCapacity: true)
        latest = 0
    }

    /// To be called when no descriptor from before ``forget()`` is in use any more.
    mutating func closeForgotten() {
        if forgotten.isEmpty { return }
        for descriptor in forgotten { close(descriptor) }
        forgotten.removeAll(keepingCapacity: true)
    }

    /// The directory at `path`, to be used before the next call.
    mutating func open(_ path: ArraySlice<UInt8>) throws(SystemCallError) -> CInt {
        if path.isEmpty { return root }
        clock &+= 1
        if latest < slots.count, slots[latest].path.elementsEqual(path) {
            slots[latest].lastUse = clock
            return slots[latest].descriptor
        }
        let key = Array(path)
        if let found = index[key] {
            slots[found].lastUse = clock
            latest = found
            return slots[found].descriptor
        }
        if let descriptor = try lookUp(key) { return remember(key, descriptor) }
        return remember(key, try make(key))
    }

    /// The directory at `path` if there is one; nothing is made.
    mutating func openExisting(_ path: ArraySlice<UInt8>) throws(SystemCallError) -> CInt? {
        if path.isEmpty { return root }
        clock &+= 1
        let key = Array(path)
        if let found = index[key] {
            slots[found].lastUse = clock
            return slots[found].descriptor
        }
        guard let descriptor = try lookUp(key) else { return nil }
        return remember(key, descriptor)
    }

    /// `nil` when there is no such directory.
    private func lookUp(_ path: [UInt8]) throws(SystemCallError) -> CInt? {
        let flags = UInt64(CLINUX_O_PATH | CLINUX_O_DIRECTORY | CLINUX_O_CLOEXEC)
        let resolve = UInt64(CLINUX_RESOLVE_IN_ROOT | CLINUX_RESOLVE_NO_MAGICLINKS)
        let name = terminated(path)
        let root = root
        while true {
            do {
                return try check("openat2", "'\(words(path))'") { clinux_openat2(root, name, flags, 0, resolve) }
            } catch {
                switch error.errno {
                case .noSuchFileOrDirectory, .notDirectory, .tooManySymbolicLinkLevels: return nil
                case .resourceTemporarilyUnavailable: continue  // a rename elsewhere raced with `..` in a symlink
                default: throw error
                }
            }
        }
    }

    private mutating func make(_ path: [UInt8]) throws(SystemCallError) -> CInt {
        let (above, name) = split(path)
        let parent = try open(above)
        let text = terminated(name)
        do {
            try check("mkdirat", "'\(words(path))'") { mkdirat(parent, text, 0o700) }
        } catch  where error.errno == .fileExists {
            try check("unlinkat", "'\(words(path))'") { unlinkat(parent, text, 0) }
            try check("mkdirat", "'\(words(path))'") { mkdirat(parent, text, 0o700) }
        }
        var status = clinux_stat()
        try check("statx", "'\(words(path))'") {
            clinux_statx(parent, text, CInt(CLINUX_AT_SYMLINK_NOFOLLOW), &status)
        }
        made.append(status.inode)
        guard let descriptor = try lookUp(path) else {
            throw SystemCallError(call: "openat2", subject: "'\(words(path))'", errno: .noSuchFileOrDirectory)
        }
        return descriptor
    }

    private mutating func remember(_ path: [UInt8], _ descriptor: CInt) -> CInt {
        let slot = Slot(path: path, descriptor: descriptor, lastUse: clock)
        if slots.count < Self.capacity {
            latest = slots.count
            slots.append(slot)
        } else {
            latest = 0
            for other in slots.indices where slots[other].lastUse < slots[latest].lastUse { latest = other }
            index[slots[latest].path] = nil
            close(slots[latest].descriptor)
            slots[latest] = slot
        }
        index[path] = latest
        return descriptor
    }
}
