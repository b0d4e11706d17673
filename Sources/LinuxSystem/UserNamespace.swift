import CLinux
import Glibc
package import SystemPackage

/// A user namespace whose users and groups are a range of the host's.
///
/// Nobody lives in it: it stands for the mapping where mounts are to have other owners.
///
/// Source: user_namespaces(7); mount_setattr(2), MOUNT_ATTR_IDMAP.
package final class UserNamespace {
    package let range: UserRange
    fileprivate let descriptor: Descriptor

    /// Makes one.
    ///
    /// Needs root, and a process with one thread. A process that lives for a moment carries the namespace until it is
    /// opened; it is gone when this returns.
    package init(_ range: UserRange) throws(SystemCallError) {
        self.range = range
        let life = try Pipe()
        let carrier = try forkProcess(into: .user) {
            close(life.writer.raw)
            _ = try? life.reader.readByte()  // ends with the one who made us
            _exit(0)
        }
        let found: Result<CInt, SystemCallError>
        do throws(SystemCallError) {
            try range.mapUsers(of: carrier.pid)
            found = .success(try Descriptor.open(FilePath("/proc/\(carrier.pid)/ns/user")).release())
        } catch {
            found = .failure(error)
        }
        try carrier.send(SIGKILL)
        _ = try carrier.wait()
        withExtendedLifetime(life) {}
        descriptor = Descriptor(owning: try found.get())
    }
}

extension UserRange {
    /// Gives a process that has just got a user namespace, and done nothing in it yet, these users and groups.
    ///
    /// It may still set its supplementary groups: whoever maps more than itself leaves that alone.
    ///
    /// Source: user_namespaces(7), "User and group ID mappings".
    package func mapUsers(of process: CInt) throws(SystemCallError) {
        for file in ["uid_map", "gid_map"] {
            try Descriptor.open(FilePath("/proc/\(process)/\(file)"), [.writeOnly]).writeAll("0 \(shift) \(count)\n")
        }
    }
}

/// Makes the calling process, which keeps the user it came with into a user namespace, the root of that namespace.
///
/// The kernel forgets the signal for the parent's death, and lets others look at the process again, as after any change
/// of user: `PR_SET_DUMPABLE` is off when this returns, the signal is up to the caller.
package func becomeRootOfUserNamespace() throws(SystemCallError) {
    try check("setgroups", "none, in the user namespace") { clinux_setgroups(0, nil) }
    try check("setresgid", "0 in the user namespace") { setresgid(0, 0, 0) }
    try check("setresuid", "0 in the user namespace") { setresuid(0, 0, 0) }
    try check("prctl", "PR_SET_DUMPABLE") { clinux_set_dumpable(0) }
}

extension DetachedMount {
    /// Shows every file with the owner that the namespace has for it, and writes files of the namespace's users with the
    /// owner that they have inside.
    ///
    /// What is on the disk does not change. Not every file system can; then this throws `EINVAL`.
    package borrowing func shiftOwners(
        by users: UserNamespace, recursive: Bool = true
    ) throws(SystemCallError) {
        let number = descriptor.raw
        let namespace = users.descriptor.raw
        try check("mount_setattr", "owners \(users.range) of descriptor \(number)") {
            clinux_mount_idmap(number, recursive ? UInt32(CLINUX_AT_RECURSIVE) : 0, namespace)
        }
    }

    /// Whether nothing can be written through it, by the mount's attributes or the file system's state.
    package borrowing func isReadOnly() throws(SystemCallError) -> Bool {
        var status = statvfs()
        let number = descriptor.raw
        try check("fstatvfs", "descriptor \(number)") { fstatvfs(number, &status) }
        return status.f_flag & UInt(ST_RDONLY) != 0
    }
}

/// Takes the topmost mount away from a mount point; it lives on where it is in use.
package func detachMount(at path: FilePath) throws(SystemCallError) {
    try check("umount2", "'\(path)'") { umount2(path.string, CInt(MNT_DETACH)) }
}
