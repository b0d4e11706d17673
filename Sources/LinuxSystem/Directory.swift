import CLinux
import Glibc
package import SystemPackage

/// Makes a directory with exactly this mode, whatever the umask.
///
/// With `mayExist` one that is there already is left as it is.
package func makeDirectory(_ path: FilePath, mode: UInt32, mayExist: Bool = false) throws(SystemCallError) {
    do {
        try check("mkdir", "'\(path)'") { mkdir(path.string, mode_t(mode)) }
        try check("chmod", "'\(path)'") { chmod(path.string, mode_t(mode)) }
    } catch  where mayExist && error.errno == .fileExists {
        return
    }
}

/// Makes a directory and the missing ones above it, all with this mode; what exists is left as it is.
package func makeDirectories(_ path: FilePath, mode: UInt32) throws(SystemCallError) {
    do {
        try makeDirectory(path, mode: mode, mayExist: true)
    } catch  where error.errno == .noSuchFileOrDirectory && !path.removingLastComponent().isEmpty {
        try makeDirectories(path.removingLastComponent(), mode: mode)
        try makeDirectory(path, mode: mode, mayExist: true)
    }
}

/// Removes a directory that is empty.
package func removeEmptyDirectory(_ path: FilePath) throws(SystemCallError) {
    try check("rmdir", "'\(path)'") { rmdir(path.string) }
}

extension Descriptor {
    /// Makes a directory below this one, with exactly this mode.
    package borrowing func makeDirectory(
        _ name: String, mode: UInt32, mayExist: Bool = false
    ) throws(SystemCallError) {
        let directory = raw
        do {
            try check("mkdirat", "'\(name)'") { mkdirat(directory, name, mode_t(mode)) }
            try check("fchmodat", "'\(name)'") { fchmodat(directory, name, mode_t(mode), 0) }
        } catch  where mayExist && error.errno == .fileExists {
            return
        }
    }

    /// Removes a name that is no directory; nothing there is no error.
    package borrowing func removeFile(_ name: String) throws(SystemCallError) {
        let directory = raw
        do {
            try check("unlinkat", "'\(name)'") { unlinkat(directory, name, 0) }
        } catch  where error.errno == .noSuchFileOrDirectory {
            return
        }
    }

    /// Moves a name of this directory to another one, replacing what is there.
    package borrowing func rename(
        _ name: String, to other: borrowing Descriptor, as newName: String
    ) throws(SystemCallError) {
        let from = raw
        let target = other.raw
        try check("renameat", "'\(name)' to '\(newName)'") { renameat(from, name, target, newName) }
    }
}

/// One name in a directory.
///
/// The kind is a hint: file systems may leave it out.
package struct DirectoryEntry: Equatable, Sendable {
    package let name: String
    package let kind: FileKind?
}

/// The names in a directory without `.` and `..`, in the order of the file system.
///
/// Names that are no UTF-8 come with replacement characters, so they cannot be opened by this name.
package func directoryEntries(_ directory: borrowing Descriptor) throws(SystemCallError) -> [DirectoryEntry] {
    let number = directory.raw
    try directory.seek(to: 0)
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 8)
    defer { buffer.deallocate() }
    var entries: [DirectoryEntry] = []
    while true {
        let length = try check("getdents64", "descriptor \(number)") {
            clinux_getdents(number, buffer.baseAddress, buffer.count)
        }
        if length == 0 { return entries }
        var offset = 0
        while offset < length {
            let size = Int(buffer.load(fromByteOffset: offset + 16, as: UInt16.self))
            let type = UInt32(buffer[offset + 18])
            let start = buffer.baseAddress.map { UnsafeRawPointer($0 + offset + 19) }
            if let start {
                let name = String(cString: start.assumingMemoryBound(to: CChar.self))
                if name != "." && name != ".." {
                    entries.append(DirectoryEntry(name: name, kind: FileKind(mode: type << 12)))
                }
            }
            offset += size
        }
    }
}

/// The sorted names in a directory; one that does not exist has none.
package func listDirectory(_ path: FilePath) throws(SystemCallError) -> [String] {
    do {
        return try directoryEntries(Descriptor.open(path, [.directory])).map(\.name).sorted()
    } catch  where error.errno == .noSuchFileOrDirectory {
        return []
    }
}
