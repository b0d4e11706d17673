import CLinux
import Glibc
package import SystemPackage

/// Kinds of namespaces.
///
/// Source: namespaces(7).
package struct Namespaces: OptionSet, Sendable {
    package let rawValue: UInt64
    package init(rawValue: UInt64) { self.rawValue = rawValue }

    package static let mount = Namespaces(rawValue: UInt64(CLINUX_CLONE_NEWNS))
    package static let cgroup = Namespaces(rawValue: UInt64(CLINUX_CLONE_NEWCGROUP))
    package static let hostname = Namespaces(rawValue: UInt64(CLINUX_CLONE_NEWUTS))
    package static let ipc = Namespaces(rawValue: UInt64(CLINUX_CLONE_NEWIPC))
    package static let user = Namespaces(rawValue: UInt64(CLINUX_CLONE_NEWUSER))
    package static let pid = Namespaces(rawValue: UInt64(CLINUX_CLONE_NEWPID))
    package static let network = Namespaces(rawValue: UInt64(CLINUX_CLONE_NEWNET))

    /// Gives the calling process new ones; of `pid` only its children are in the new one.
    package func unshare() throws(SystemCallError) {
        let flags = CInt(truncatingIfNeeded: rawValue)
        try check("unshare", "namespaces 0x\(String(rawValue, radix: 16))") { CLinux.unshare(flags) }
    }

    /// Moves the calling process into these namespaces of the process behind a pidfd.
    ///
    /// Source: setns(2), Linux 5.8.
    package func join(_ process: borrowing Descriptor) throws(SystemCallError) {
        let number = process.raw
        let flags = CInt(truncatingIfNeeded: rawValue)
        try check("setns", "namespaces 0x\(String(rawValue, radix: 16)) of process descriptor \(number)") {
            setns(number, flags)
        }
    }
}

/// Makes the current directory the root of the calling process's mount namespace and lets go of the old one.
///
/// The current directory must be a mount point. Nothing of the old root stays reachable.
///
/// Source: pivot_root(2), "pivot_root(".", ".")".
package func pivotIntoCurrentDirectory() throws(SystemCallError) {
    try check("pivot_root", "the current directory") { clinux_pivot_root(".", ".") }
    try check("umount2", "the old root") { umount2(".", CInt(MNT_DETACH)) }
    try check("chdir", "'/'") { chdir("/") }
}

package func changeDirectory(to directory: borrowing Descriptor) throws(SystemCallError) {
    let number = directory.raw
    try check("fchdir", "descriptor \(number)") { fchdir(number) }
}

package func changeDirectory(to path: FilePath) throws(SystemCallError) {
    try check("chdir", "'\(path)'") { chdir(path.string) }
}

/// Changes the root of the calling process; no confinement by itself.
package func changeRoot(to path: FilePath) throws(SystemCallError) {
    try check("chroot", "'\(path)'") { chroot(path.string) }
}

package func setHostname(_ name: String) throws(SystemCallError) {
    try check("sethostname", "'\(name)'") { clinux_sethostname(name, name.utf8.count) }
}

/// Brings the loopback device of the current network namespace up.
package func bringLoopbackUp() throws(SystemCallError) {
    try check("ioctl", "SIOCSIFFLAGS on 'lo'") { clinux_loopback_up() }
}
