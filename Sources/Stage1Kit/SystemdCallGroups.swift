import AppContainer

/// The groups of system calls that systemd 231 to 234 had and rkt offered as wildcards.
///
/// Source: systemd.exec(5), "SystemCallFilter="; rkt 1.30.0, Documentation/seccomp-guide.md.
enum SystemdCallGroups {
    static let named: [String: [String]] = [
        "@systemd/clock": ["adjtimex", "clock_adjtime", "clock_settime", "settimeofday", "stime"],
        "@systemd/default-whitelist": DefaultSandbox.alwaysAllowed,
        "@systemd/mount": ["chroot", "mount", "pivot_root", "umount", "umount2"],
        "@systemd/network-io": [
            "accept", "accept4", "bind", "connect", "getpeername", "getsockname", "getsockopt", "listen", "recv",
            "recvfrom", "recvmmsg", "recvmsg", "send", "sendmmsg", "sendmsg", "sendto", "setsockopt", "shutdown",
            "socket", "socketcall", "socketpair",
        ],
        "@systemd/obsolete": [
            "_sysctl", "afs_syscall", "break", "create_module", "ftime", "get_kernel_syms", "getpmsg", "gtty", "lock",
            "mpx", "prof", "profil", "putpmsg", "query_module", "security", "sgetmask", "ssetmask", "stty", "sysfs",
            "tuxcall", "ulimit", "uselib", "ustat", "vserver",
        ],
        "@systemd/privileged": [
            "acct", "bdflush", "bpf", "capset", "chown", "chown32", "chroot", "fchown", "fchown32", "fchownat",
            "kexec_file_load", "kexec_load", "lchown", "lchown32", "nfsservctl", "pivot_root", "quotactl", "reboot",
            "setdomainname", "setfsuid", "setfsuid32", "setgroups", "setgroups32", "sethostname", "setresuid",
            "setresuid32", "setreuid", "setreuid32", "setuid", "setuid32", "swapoff", "swapon", "sysctl", "vhangup",
            "adjtimex", "clock_adjtime", "clock_settime", "settimeofday", "stime", "delete_module", "finit_module",
            "init_module", "ioperm", "iopl", "pciconfig_iobase", "pciconfig_read", "pciconfig_write",
        ],
        "@systemd/process": [
            "arch_prctl", "clone", "execveat", "fork", "kill", "prctl", "setns", "tgkill", "tkill", "unshare", "vfork",
        ],
        "@systemd/raw-io": ["ioperm", "iopl", "pciconfig_iobase", "pciconfig_read", "pciconfig_write"],
    ]
}
