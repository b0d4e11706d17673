import CLinux
import Glibc
package import SystemPackage

/// How deep ``removeTree(_:below:)`` descends with one open directory per level before it starts over from a moved part.
private let openDirectoryLimit = 100

/// Removes a name and everything below it.
///
/// Nothing there is no error.
/// Symlinks are removed, not followed, and nothing on another file system is entered: a mount that is still there fails
/// with `EBUSY`. Names are handled as bytes. Killed half-way, the next call finishes. Memory and descriptors are bounded
/// for any depth: what lies deeper than ``openDirectoryLimit`` is moved up next to the top and removed from there.
package func removeTree(_ name: String, below parent: borrowing Descriptor) throws(SystemCallError) {
    var bytes = name.utf8.map { CChar(bitPattern: $0) }
    bytes.append(0)
    let top = parent.raw
    try removeEntry(bytes, below: top, top: top, depth: 0)
}

/// As ``removeTree(_:below:)`` for a path.
package func removeTree(_ path: FilePath) throws(SystemCallError) {
    guard let name = path.lastComponent else { return }
    let parent = path.removingLastComponent()
    do {
        try removeTree(name.string, below: Descriptor.open(parent.isEmpty ? "." : parent, [.directory, .path]))
    } catch  where error.errno == .noSuchFileOrDirectory {
        return
    }
}

private func removeEntry(
    _ name: [CChar], below directory: CInt, top: CInt, depth: Int
) throws(SystemCallError) {
    do {
        try check("unlinkat", quoted(name)) { unlinkat(directory, name, 0) }
        return
    } catch  where error.errno == .noSuchFileOrDirectory {
        return
    } catch  where error.errno == .isDirectory || error.errno == .notPermitted {
        // a directory; its content comes first
    }
    if depth >= openDirectoryLimit {
        try moveUp(name, from: directory, to: top)
        return
    }
    let flags = O_RDONLY | O_CLOEXEC | CInt(CLINUX_O_DIRECTORY) | CInt(CLINUX_O_NOFOLLOW)
    let child: Descriptor
    do {
        child = Descriptor(
            owning: try check("openat", quoted(name)) { clinux_openat(directory, name, flags, 0) })
    } catch  where error.errno == .noSuchFileOrDirectory {
        return
    }
    try removeContent(of: child, top: top, depth: depth)
    do {
        try check("unlinkat", quoted(name)) { unlinkat(directory, name, CInt(CLINUX_AT_REMOVEDIR)) }
    } catch  where error.errno == .noSuchFileOrDirectory {
        return
    }
}

/// Empties a directory, one buffer of names at a time, until a whole pass finds nothing.
private func removeContent(of directory: borrowing Descriptor, top: CInt, depth: Int) throws(SystemCallError) {
    let number = directory.raw
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 14, alignment: 8)
    defer { buffer.deallocate() }
    var found = true
    while found {
        found = false
        try directory.seek(to: 0)
        while true {
            let length = try check("getdents64", "descriptor \(number)") {
                clinux_getdents(number, buffer.baseAddress, buffer.count)
            }
            if length == 0 { break }
            var offset = 0
            while offset < length {
                let size = Int(buffer.load(fromByteOffset: offset + 16, as: UInt16.self))
                let name = entryName(UnsafeRawBufferPointer(rebasing: buffer[(offset + 19)..<(offset + size)]))
                offset += size
                if name == [46, 0] || name == [46, 46, 0] { continue }
                found = true
                try removeEntry(name, below: number, top: top, depth: depth + 1)
            }
        }
    }
}

private func entryName(_ bytes: UnsafeRawBufferPointer) -> [CChar] {
    var name = bytes.prefix { $0 != 0 }.map { CChar(bitPattern: $0) }
    name.append(0)
    return name
}

/// Moves a directory that lies too deep next to the top and removes it from there.
private func moveUp(_ name: [CChar], from directory: CInt, to top: CInt) throws(SystemCallError) {
    var moved = ".removing-\(hexadecimal(try randomBytes(8)))".utf8.map { CChar(bitPattern: $0) }
    moved.append(0)
    try check("renameat", quoted(name)) { renameat(directory, name, top, moved) }
    try removeEntry(moved, below: top, top: top, depth: 0)
}

private func quoted(_ name: [CChar]) -> String {
    "'\(String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self))'"
}
