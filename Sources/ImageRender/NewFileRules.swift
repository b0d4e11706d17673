import CLinux
import Glibc
import LinuxSystem
import SystemPackage

/// What files get that are made in a directory, so that only the rest has to be set.
struct NewFileRules {
    /// They belong to root:root.
    let makeRootsFiles: Bool
    /// They get extended attributes, as where there is a default access control list.
    let giveAttributes: Bool
    /// The permissions that are not taken away.
    let freeModes: UInt32

    /// For an empty directory, open for reading, and the directories made in it.
    init(in directory: CInt) throws(SystemCallError) {
        var status = clinux_stat()
        try check("statx", "a new directory") {
            clinux_statx(directory, "", CInt(CLINUX_AT_EMPTY_PATH), &status)
        }
        let owners = [status.user, status.group, status.mode & S_ISGID, geteuid(), getegid()]
        makeRootsFiles = owners.allSatisfy { $0 == 0 }
        giveAttributes = try !extendedAttributes(of: directory, where: { !isPutByTheHost($0) }).isEmpty
        freeModes = giveAttributes ? 0 : 0o777 & ~fileModeMask()
    }
}

/// The umask, without changing it for a moment as umask(2) would; everything where it cannot be known.
///
/// Source: proc_pid_status(5), Linux 4.7.
private func fileModeMask() -> UInt32 {
    let status = (try? readTextFile("/proc/self/status", limit: 1 << 16)) ?? ""  // without it every mode is set
    for line in status.split(separator: "\n") where line.hasPrefix("Umask:") {
        return UInt32(line.dropFirst(6).drop { $0 == "\t" || $0 == " " }, radix: 8) ?? 0o777
    }
    return 0o777
}
