import AppContainer
import CSeccomp

/// What the name of a system call means on this machine.
///
/// Source: seccomp_syscall_resolve_name(3); the common table of system calls, scripts/syscall.tbl of Linux.
enum SystemCallName: Hashable {
    case number(CInt)
    /// There is such a call, but not here: nothing has to be filtered.
    case elsewhere
    case unknown

    init(_ name: String) {
        let number = seccomp_syscall_resolve_name(name)
        if number >= 0 {
            self = .number(number)
        } else if let index = Self.newest.firstIndex(of: name) {
            self = .number(Self.firstOfNewest + CInt(index))
        } else if number != __NR_SCMP_ERROR || Self.listed.contains(name) {
            self = .elsewhere
        } else {
            self = .unknown
        }
    }

    /// The first number that has no name here, on every architecture with the common table.
    static let firstUnnamed = firstOfNewest + CInt(newest.count)

    private static let firstOfNewest: CInt = 451

    /// The calls that libseccomp 2.5.4 does not know, in the order of their numbers, which all architectures share.
    private static let newest = [
        "cachestat", "fchmodat2", "map_shadow_stack", "futex_wake", "futex_wait", "futex_requeue", "statmount",
        "listmount", "lsm_get_self_attr", "lsm_set_self_attr", "lsm_list_modules", "mseal", "setxattrat",
        "getxattrat", "listxattrat", "removexattrat", "open_tree_attr", "file_getattr", "file_setattr",
    ]

    /// Names that rkt's own lists have, and old kernels or other architectures had.
    private static let listed = Set(
        DefaultSandbox.seccompWhitelist + DefaultSandbox.seccompBlacklist
            + ["clock", "default-whitelist", "mount", "network-io", "obsolete", "privileged", "process", "raw-io"]
            .flatMap { SystemCallGroup.named("@systemd/\($0)") ?? [] })
}
