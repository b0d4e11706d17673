import CLinux
import Glibc
import LinuxSystem
import SystemPackage

/// Says whether a tree is exactly as it was when it was sealed, and nothing about what is wrong where it is not: that is
/// for ``SealCheck``, which looks again.
///
/// Looks at each entry as ``SealCheck`` does. Nearly all of the time is spent in the kernel, so large trees are split
/// between this process and a copy of it.
enum QuickSealCheck {
    /// Entries from which on splitting pays: starting a process takes as long as looking at a few hundred.
    static let splitThreshold: UInt64 = 4000

    static func passes(_ tree: TreeID, seal: borrowing Descriptor, root: borrowing Descriptor) -> Bool {
        do {
            return try check(tree, seal, root)
        } catch {
            return false
        }
    }

    private static func check(
        _ tree: TreeID, _ seal: borrowing Descriptor, _ root: borrowing Descriptor
    ) throws -> Bool {
        let count = try SealReader(seal.duplicate(), of: tree).header?.recordCount ?? 0
        guard count >= splitThreshold, canForkForSpeed() else {
            return try check(tree, seal, root, 0..<count)
        }
        // This process also computes the checksum of the whole seal, and starts earlier.
        let middle = count / 2
        let (sealNumber, rootNumber) = (seal.raw, root.raw)
        let child = try forkProcess {
            let passes = try? check(
                tree, Descriptor(owning: sealNumber), Descriptor(owning: rootNumber), middle..<count)
            _exit(passes == true ? 0 : 1)  // an error is looked into by the parent
        }
        let passes = try? check(tree, seal, root, 0..<middle)  // the same
        return try child.wait() == .exited(0) && passes == true
    }

    /// Looks at some of the entries; from the first on, also at the checksum.
    static func check(
        _ tree: TreeID, _ seal: borrowing Descriptor, _ root: borrowing Descriptor, _ range: Range<UInt64>
    ) throws -> Bool {
        var walk = try Walk(SealReader(seal.duplicate(), of: tree), root: root.duplicate())
        return try walk.passes(range)
    }
}

private struct Walk: ~Copyable {
    private struct Frame {
        let index: UInt32
        let name: [CChar]
        /// -1 until something in it is looked at.
        var descriptor: CInt
    }

    private var reader: SealReader
    private var frames: [Frame] = []
    private let root: Descriptor

    init(_ reader: consuming SealReader, root: consuming Descriptor) {
        self.reader = reader
        self.root = root
    }

    deinit {
        for frame in frames where frame.descriptor >= 0 && frame.index > 0 { close(frame.descriptor) }
    }

    mutating func passes(_ range: Range<UInt64>) throws -> Bool {
        var passed: UInt64 = 0
        while try reader.next() {
            defer { passed += 1 }
            if passed >= range.upperBound {
                // Only the checksum is left, which belongs to whoever looks at the first entry.
                if range.lowerBound == 0 { continue }
                return true
            }
            let record = reader.record
            leaveAll(but: record.parent)
            let isDirectory = record.mode & S_IFMT == S_IFDIR
            if isDirectory {
                let length = strlen(reader.name) + 1
                frames.append(
                    Frame(
                        index: reader.index, name: Array(UnsafeBufferPointer(start: reader.name, count: length)),
                        descriptor: passed == 0 ? root.raw : -1))
            }
            if !range.contains(passed) { continue }
            guard let directory = try openInnermost() else { return false }
            var status = clinux_stat()
            let result =
                isDirectory
                ? clinux_statx(directory, "", CInt(CLINUX_AT_EMPTY_PATH), &status)
                : clinux_statx(directory, reader.name, CInt(CLINUX_AT_SYMLINK_NOFOLLOW), &status)
            guard result == 0, record.isUnchanged(status), SealHeader.device(status) == reader.header?.device else {
                return false
            }
        }
        return true
    }

    private mutating func leaveAll(but parent: UInt32) {
        while let last = frames.last, last.index != parent {
            if last.descriptor >= 0 && last.index > 0 { close(last.descriptor) }
            frames.removeLast()
        }
    }

    private mutating func openInnermost() throws -> CInt? {
        guard let last = frames.last else { return nil }
        if last.descriptor >= 0 { return last.descriptor }
        let flags = CInt(CLINUX_O_PATH | CLINUX_O_DIRECTORY | CLINUX_O_NOFOLLOW | CLINUX_O_CLOEXEC)
        for index in frames.indices where frames[index].descriptor < 0 {
            guard index > 0 else { return nil }
            let number = clinux_openat(frames[index - 1].descriptor, frames[index].name, flags, 0)
            if number < 0 { return nil }
            frames[index].descriptor = number
        }
        return frames[frames.count - 1].descriptor
    }
}
