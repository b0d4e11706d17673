import LinuxSystem
import SystemPackage

/// A pod without a supervisor has its lock in its app's hands, and an app may close whatever it inherits, as sshd does.
/// It runs all the same for as long as its first process does.
extension Pod {
    /// Whether the first process of such a pod runs, with or without the lock.
    func hasSurvivor() throws(SystemCallError) -> Bool {
        if let _ = try survivor() { return true }
        return false
    }

    /// The first process of such a pod; nil when it has ended.
    ///
    /// Its mount namespace tells it from another process that has got its number.
    func survivor() throws(SystemCallError) -> Descriptor? {
        guard directory == .run, let namespace = try plainNumber(PodFile.mountNamespace),
            let pid = try plainNumber(PodFile.pid), let pid = Int32(exactly: pid)
        else { return nil }
        do {
            let process = try openProcess(pid)
            guard try FileStatus(of: FilePath("/proc/\(pid)/ns/mnt")).inode == namespace else { return nil }
            return process
        } catch  where error.errno == .noSuchProcess || error.errno == .noSuchFileOrDirectory {
            return nil
        }
    }

    /// The number in a file; nil when the file or the number is not there.
    private func plainNumber(_ name: String) throws(SystemCallError) -> UInt64? {
        guard let bytes = try read(name) else { return nil }
        return UInt64(String(decoding: bytes.prefix { $0 != 10 }, as: UTF8.self))
    }
}
