import Glibc
import LinuxSystem
import SystemPackage

/// Which mount namespace a pod without a pid namespace lives in: tells its processes from others.
///
/// The inode number of the namespace, decimal, in `mount-namespace` in the pod directory. A number can come to mean
/// another namespace only after the last process of the pod has ended.
package enum MountNamespaceRecord {
    private static let file: FilePath = "mount-namespace"

    /// Remembers the namespace of the calling process.
    package static func saveOwn() throws {
        let inode = try FileStatus(of: "/proc/self/ns/mnt").inode
        try writeFile(Array("\(inode)\n".utf8), to: file, mode: 0o644, durable: false)
    }

    /// Whether a process is in the pod's namespace; one that has ended is not.
    package static func matches(_ pid: CInt) throws -> Bool {
        guard let status = try? FileStatus(of: FilePath("/proc/\(pid)/ns/mnt")) else { return false }  // it has ended
        return try status.inode == load()
    }

    /// Every process in the pod's namespace, at this instant.
    package static func members() throws -> [CInt] {
        try listDirectory("/proc").compactMap { CInt($0) }.filter { try matches($0) }
    }

    private static func load() throws -> UInt64 {
        guard let inode = UInt64(try readTextFile(file, limit: 64).prefix { $0 != "\n" }) else {
            throw Failure("'\(file)' in the pod directory holds no number")
        }
        return inode
    }
}
