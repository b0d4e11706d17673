/// The names that stand for many system calls in seccomp isolators, such as `@docker/default-blacklist`.
///
/// Source: rkt 1.30.0, Documentation/seccomp-guide.md for the names; systemd.exec(5) of systemd 231,
/// "SystemCallFilter=", for the groups of systemd, to which the newer twins of their calls were added.
package enum SystemCallGroup {
    /// What a set of names means.
    package enum Resolved: Equatable, Sendable {
        /// All system calls: `@appc.io/all`.
        case all
        case names(Set<String>)
    }

    /// Replaces the groups among `entries` by their names; groups that are not known mean nothing, as in rkt.
    package static func resolve(_ entries: [String]) -> Resolved {
        var names: Set<String> = []
        for entry in entries {
            if entry == "@appc.io/all" { return .all }
            if entry.hasPrefix("@") { names.formUnion(named(entry) ?? []) } else { names.insert(entry) }
        }
        return .names(names)
    }

    /// The names of one group, or `nil` when it is not known or, as `@appc.io/all`, has no list.
    package static func named(_ group: String) -> [String]? {
        switch group {
        case "@appc.io/empty": []
        case "@docker/default-whitelist", "@rkt/default-whitelist": DefaultSandbox.seccompWhitelist
        case "@docker/default-blacklist", "@rkt/default-blacklist": DefaultSandbox.seccompBlacklist
        case "@systemd/clock": clock
        case "@systemd/default-whitelist": defaultWhitelist
        case "@systemd/mount": mount
        case "@systemd/network-io": networkIo
        case "@systemd/obsolete": obsolete
        case "@systemd/privileged": privileged
        case "@systemd/process": process
        case "@systemd/raw-io": rawIo
        default: nil
        }
    }

    private static let clock = DefaultSandbox.words(
        """
        adjtimex clock_adjtime clock_adjtime64 clock_settime clock_settime64 settimeofday stime
        """)
    private static let defaultWhitelist = DefaultSandbox.words(
        """
        clock_getres clock_gettime clock_nanosleep execve exit exit_group futex get_robust_list get_thread_area
        getegid getegid32 geteuid geteuid32 getgid getgid32 getgroups getgroups32 getpgid getpgrp getpid getppid
        getresgid getresgid32 getresuid getresuid32 getrlimit getsid gettid gettimeofday getuid getuid32
        membarrier nanosleep pause prlimit64 restart_syscall rt_sigreturn sched_yield set_robust_list
        set_thread_area set_tid_address sigreturn time ugetrlimit
        """)
    private static let mount = DefaultSandbox.words(
        """
        chroot mount pivot_root umount umount2 fsconfig fsmount fsopen fspick mount_setattr move_mount open_tree
        """)
    private static let networkIo = DefaultSandbox.words(
        """
        accept accept4 bind connect getpeername getsockname getsockopt listen recv recvfrom recvmmsg
        recvmmsg_time64 recvmsg send sendmmsg sendmsg sendto setsockopt shutdown socket socketcall socketpair
        """)
    private static let obsolete = DefaultSandbox.words(
        """
        _sysctl afs_syscall break create_module ftime get_kernel_syms getpmsg gtty lock mpx prof profil putpmsg
        query_module security sgetmask ssetmask stty sysfs tuxcall ulimit uselib ustat vserver
        """)
    private static let privileged = DefaultSandbox.words(
        """
        acct adjtimex bdflush bpf capset chown chown32 chroot clock_adjtime clock_adjtime64 clock_settime
        clock_settime64 delete_module fchown fchown32 fchownat finit_module init_module ioperm iopl
        kexec_file_load kexec_load lchown lchown32 nfsservctl pciconfig_iobase pciconfig_read pciconfig_write
        pivot_root quotactl reboot s390_pci_mmio_read s390_pci_mmio_write setdomainname setfsuid setfsuid32
        setgroups setgroups32 sethostname setresuid setresuid32 setreuid setreuid32 settimeofday setuid setuid32
        stime swapoff swapon _sysctl vhangup
        """)
    private static let process = DefaultSandbox.words(
        """
        arch_prctl clone clone3 execve execveat fork getrusage kill prctl setns tgkill tkill unshare vfork
        """)
    private static let rawIo = DefaultSandbox.words(
        """
        ioperm iopl pciconfig_iobase pciconfig_read pciconfig_write s390_pci_mmio_read s390_pci_mmio_write
        """)
}
