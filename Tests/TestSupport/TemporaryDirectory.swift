import CLinux
import Glibc
package import SystemPackage

/// A directory of its own for one test, below the build folder, removed when the test is over.
///
/// Never follows a symlink and never enters a mount while removing: what a failed test has mounted is let go first.
package final class TemporaryDirectory {
    package let path: FilePath

    package init(_ purpose: String = "test") throws {
        let parent = Programs.testDirectory
        try makeDirectories(parent)
        var template = Array("\(parent)/\(purpose)-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw Trouble("mkdtemp below \(parent): errno \(errno)") }
        path = FilePath(String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self))
        chmod(path.string, 0o755)
    }

    deinit { removeTree(path) }

    /// Runs `body` with a fresh directory and removes it, also after an error.
    package static func with<Result>(_ purpose: String = "test", _ body: (FilePath) throws -> Result) throws -> Result {
        let directory = try TemporaryDirectory(purpose)
        defer { withExtendedLifetime(directory) {} }
        return try body(directory.path)
    }
}

/// Something that stops a test before it could look at the product.
package struct Trouble: Error, CustomStringConvertible {
    package let description: String
    package init(_ description: String) { self.description = description }
}

package func makeDirectories(_ path: FilePath, mode: UInt32 = 0o755) throws {
    if mkdir(path.string, mode) == 0 || errno == EEXIST { return }
    guard errno == ENOENT, path.components.count > 1 else { throw Trouble("mkdir \(path): errno \(errno)") }
    try makeDirectories(path.removingLastComponent(), mode: mode)
    try makeDirectories(path, mode: mode)
}

/// Removes what is below and at `path`, as far as it is on the same file system.
package func removeTree(_ path: FilePath) {
    for mount in mountPoints(below: path).reversed() { umount2(mount, CInt(MNT_DETACH)) }
    var top = clinux_stat()
    if clinux_statx(CLINUX_AT_FDCWD, path.string, CLINUX_AT_SYMLINK_NOFOLLOW, &top) == -1 { return }
    removeTree(path.string, device: (top.device_major, top.device_minor))
}

private func removeTree(_ path: String, device: (UInt32, UInt32)) {
    var status = clinux_stat()
    if clinux_statx(CLINUX_AT_FDCWD, path, CLINUX_AT_SYMLINK_NOFOLLOW, &status) == -1 { return }
    if status.mode & 0o170000 != 0o040000 {
        unlink(path)
        return
    }
    if (status.device_major, status.device_minor) != device { return }
    let names = (try? entries(of: FilePath(path))) ?? []  // gone: fine
    for name in names { removeTree("\(path)/\(name)", device: device) }
    rmdir(path)
}

/// The names in a directory, sorted.
package func entries(of path: FilePath) throws -> [String] {
    guard let directory = opendir(path.string) else { throw Trouble("opendir \(path): errno \(errno)") }
    defer { closedir(directory) }
    var found: [String] = []
    while let entry = readdir(directory) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) {
            $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        if name != "." && name != ".." { found.append(name) }
    }
    return found.sorted()
}

/// Reads a file whole; files of /proc too.
package func readBytes(_ path: FilePath) throws -> [UInt8] {
    let descriptor = open(path.string, O_RDONLY | O_CLOEXEC)
    if descriptor == -1 { throw Trouble("open \(path): errno \(errno)") }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
        let count = read(descriptor, &buffer, buffer.count)
        if count < 0 { throw Trouble("read \(path): errno \(errno)") }
        if count == 0 { return bytes }
        bytes += buffer[..<count]
    }
}

package func readText(_ path: FilePath) throws -> String {
    String(decoding: try readBytes(path), as: UTF8.self)
}

package func writeBytes(_ bytes: [UInt8], to path: FilePath, mode: UInt32 = 0o644) throws {
    let descriptor = open(path.string, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
    if descriptor == -1 { throw Trouble("create \(path): errno \(errno)") }
    defer { close(descriptor) }
    try writeAll(bytes, to: descriptor)
    chmod(path.string, mode)
}

package func writeText(_ text: String, to path: FilePath, mode: UInt32 = 0o644) throws {
    try writeBytes(Array(text.utf8), to: path, mode: mode)
}

func writeAll(_ bytes: [UInt8], to descriptor: CInt) throws {
    var done = 0
    while done < bytes.count {
        let written = bytes[done...].withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        if written <= 0 { throw Trouble("write: errno \(errno)") }
        done += written
    }
}

package func exists(_ path: FilePath) -> Bool {
    var status = clinux_stat()
    return clinux_statx(CLINUX_AT_FDCWD, path.string, CLINUX_AT_SYMLINK_NOFOLLOW, &status) == 0
}

/// `KIND 0oMODE UID:GID SIZE` of the name itself, like the probe prints it.
package struct FileFacts: Equatable {
    package let mode: UInt32
    package let user, group: UInt32
    package let size: UInt64
    package let inode: UInt64
    package let modificationTime, changeTime: Int64
    package let links: UInt32
    package let device: (major: UInt32, minor: UInt32)

    package init(_ path: FilePath) throws {
        var status = clinux_stat()
        if clinux_statx(CLINUX_AT_FDCWD, path.string, CLINUX_AT_SYMLINK_NOFOLLOW, &status) == -1 {
            throw Trouble("stat \(path): errno \(errno)")
        }
        (mode, user, group, size, inode) = (status.mode, status.user, status.group, status.size, status.inode)
        (modificationTime, changeTime, links) = (status.modification_time, status.change_time, status.links)
        device = (status.special_major, status.special_minor)
    }

    package var permissions: UInt32 { mode & 0o7777 }
    package var kind: UInt32 { mode & 0o170000 }

    package static func == (a: FileFacts, b: FileFacts) -> Bool {
        (a.mode, a.user, a.group, a.size, a.inode) == (b.mode, b.user, b.group, b.size, b.inode)
            && a.modificationTime == b.modificationTime
    }
}

/// Sets the times of a file, nanoseconds since 1970.
package func setTimes(_ path: FilePath, modification: Int64) {
    _ = clinux_set_times(CLINUX_AT_FDCWD, path.string, modification, modification, CLINUX_AT_SYMLINK_NOFOLLOW)
}

/// Mount points of this process at and below `path`, the outer ones first.
package func mountPoints(below path: FilePath) -> [String] {
    let lines = ((try? readText("/proc/self/mountinfo")) ?? "").split(separator: "\n")  // none: nothing is mounted
    return lines.compactMap { line in
        let fields = line.split(separator: " ")
        guard fields.count > 4 else { return nil }
        let point = String(fields[4])
        return point == path.string || point.hasPrefix(path.string + "/") ? point : nil
    }
}

/// The value of an extended attribute of the name itself; empty when there is none.
package func attribute(_ name: String, of path: FilePath) -> [UInt8] {
    var value = [UInt8](repeating: 0, count: 65536)
    let count = clinux_lgetxattr(path.string, name, &value, value.count)
    return count < 0 ? [] : Array(value[..<count])
}
