// Kernel calls that Swift cannot reach through `import Glibc`: the header hides them behind _GNU_SOURCE, libc has no
// wrapper, or the C function is variadic. Declarations only, no policy: each returns -1 and sets errno on failure,
// exactly like the call it stands for.
#ifndef CLINUX_H
#define CLINUX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

// Paths and descriptors

#define CLINUX_AT_FDCWD (-100)
#define CLINUX_AT_EMPTY_PATH 0x1000
#define CLINUX_AT_SYMLINK_NOFOLLOW 0x100
#define CLINUX_AT_REMOVEDIR 0x200
#define CLINUX_AT_RECURSIVE 0x8000
#define CLINUX_O_PATH 0x200000
#define CLINUX_O_TMPFILE 0x410000
#define CLINUX_O_CLOEXEC 0x80000
#define CLINUX_O_NOFOLLOW 0x20000
#define CLINUX_O_DIRECTORY 0x10000

/// openat2(2). Linux 5.6; not in glibc 2.36.
int clinux_openat2(int dirfd, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve);
#define CLINUX_RESOLVE_NO_XDEV 0x01
#define CLINUX_RESOLVE_NO_MAGICLINKS 0x02
#define CLINUX_RESOLVE_NO_SYMLINKS 0x04
#define CLINUX_RESOLVE_BENEATH 0x08
#define CLINUX_RESOLVE_IN_ROOT 0x10

/// openat(2) with a mode; the variadic function cannot be called from Swift.
int clinux_openat(int dirfd, const char *path, int flags, mode_t mode);

/// dup3(2).
int clinux_dup3(int from, int to, int flags);

/// fcntl(2) with F_DUPFD_CLOEXEC: the lowest free descriptor that is at least `lowest`.
int clinux_duplicate(int fd, int lowest);

/// fcntl(2) with F_GETFD and F_SETFD.
int clinux_get_descriptor_flags(int fd);
int clinux_set_descriptor_flags(int fd, int flags);

/// pipe2(2).
int clinux_pipe2(int fds[2], int flags);

/// fcntl(2) with F_SETPIPE_SZ.
int clinux_set_pipe_size(int fd, int size);

/// memfd_create(2).
int clinux_memfd_create(const char *name, unsigned int flags);
#define CLINUX_MFD_CLOEXEC 1u
#define CLINUX_MFD_ALLOW_SEALING 2u
/// fcntl(2) with F_ADD_SEALS.
int clinux_add_seals(int fd, int seals);
#define CLINUX_SEAL_ALL 15

/// close_range(2). Linux 5.9; flags from Linux 5.11.
int clinux_close_range(unsigned int first, unsigned int last, unsigned int flags);
#define CLINUX_CLOSE_RANGE_CLOEXEC 4u

/// renameat2(2).
int clinux_renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned int flags);
#define CLINUX_RENAME_NOREPLACE 1u
#define CLINUX_RENAME_EXCHANGE 2u

/// linkat(2), whose AT_EMPTY_PATH glibc hides.
int clinux_linkat(int from_fd, const char *from, int to_fd, const char *to, int flags);

/// copy_file_range(2); the file offsets of both descriptors are used.
ssize_t clinux_copy_file_range(int from, int to, size_t length);

/// ioctl(2) with FICLONE: share the data of `from` with the whole of `to`.
int clinux_clone_file(int to, int from);

/// syncfs(2).
int clinux_syncfs(int fd);

/// sync_file_range(2) with SYNC_FILE_RANGE_WRITE: starts writing a range to the disk and does not wait.
int clinux_start_writing(int fd, int64_t offset, int64_t length);

/// fadvise(2), whose advice numbers Swift has; posix_fadvise returns the error instead of setting errno.
int clinux_drop_page_cache(int fd);

/// umask(2), one place so that Swift needs no second name for it.
mode_t clinux_umask(mode_t mask);

/// What statx(2) tells about one name; nanoseconds since 1970 for the times.
struct clinux_stat {
    uint64_t inode, size, blocks, mount_id;
    int64_t change_time, modification_time, access_time;
    uint32_t mode, user, group, links, device_major, device_minor, special_major, special_minor;
};

/// statx(2). `flags` as for fstatat.
int clinux_statx(int dirfd, const char *path, int flags, struct clinux_stat *out);

/// Reads directory entries with getdents64(2) into `buffer`; the number of bytes, 0 at the end.
ssize_t clinux_getdents(int fd, void *buffer, size_t length);

/// Device numbers.
uint64_t clinux_makedev(unsigned int major, unsigned int minor);
int clinux_mknodat(int dirfd, const char *path, mode_t mode, uint64_t device);

/// utimensat(2) with nanoseconds since 1970 for both times.
int clinux_set_times(int dirfd, const char *path, int64_t access, int64_t modification, int flags);

/// statfs(2): the magic number of the file system, or -1.
long clinux_filesystem_type(int fd);
#define CLINUX_PROC_SUPER_MAGIC 0x9fa0
#define CLINUX_CGROUP2_SUPER_MAGIC 0x63677270
#define CLINUX_TMPFS_MAGIC 0x01021994
#define CLINUX_OVERLAYFS_SUPER_MAGIC 0x794c7630

/// Extended attributes on a descriptor, and on a name without following it (through /proc/self/fd for O_PATH).
ssize_t clinux_flistxattr(int fd, char *list, size_t size);
ssize_t clinux_fgetxattr(int fd, const char *name, void *value, size_t size);
int clinux_fsetxattr(int fd, const char *name, const void *value, size_t size, int flags);
ssize_t clinux_llistxattr(const char *path, char *list, size_t size);
ssize_t clinux_lgetxattr(const char *path, const char *name, void *value, size_t size);
int clinux_lsetxattr(const char *path, const char *name, const void *value, size_t size, int flags);

// Mounts

/// open_tree(2). Linux 5.2; in glibc since 2.36.
int clinux_open_tree(int dirfd, const char *path, unsigned int flags);
#define CLINUX_OPEN_TREE_CLONE 0x1
#define CLINUX_OPEN_TREE_CLOEXEC 0x80000

/// move_mount(2). Linux 5.2; in glibc since 2.36.
int clinux_move_mount(int from_fd, const char *from, int to_fd, const char *to, unsigned int flags);
#define CLINUX_MOVE_MOUNT_F_EMPTY_PATH 0x4
#define CLINUX_MOVE_MOUNT_T_SYMLINKS 0x10
#define CLINUX_MOVE_MOUNT_T_EMPTY_PATH 0x40

/// mount_setattr(2); `propagation` 0 leaves it alone. Linux 5.12; in glibc since 2.36.
int clinux_mount_setattr(
    int dirfd, const char *path, unsigned int flags, uint64_t set, uint64_t clear, uint64_t propagation);
#define CLINUX_MOUNT_ATTR_RDONLY 0x1
#define CLINUX_MOUNT_ATTR_NOSUID 0x2
#define CLINUX_MOUNT_ATTR_NODEV 0x4
#define CLINUX_MOUNT_ATTR_NOEXEC 0x8

/// mount_setattr(2) with MOUNT_ATTR_IDMAP: owners as a user namespace maps them, of a mount that is not attached.
/// Linux 5.12.
int clinux_mount_idmap(int fd, unsigned int flags, int user_namespace);

/// fsopen(2), fsconfig(2), fsmount(2). Linux 5.2.
int clinux_fsopen(const char *type, unsigned int flags);
int clinux_fsconfig_string(int fd, const char *key, const char *value);
int clinux_fsconfig_flag(int fd, const char *key);
int clinux_fsconfig_descriptor(int fd, const char *key, int value);
int clinux_fsconfig_create(int fd);
int clinux_fsmount(int fd, unsigned int attributes);

/// pivot_root(2); not in glibc.
int clinux_pivot_root(const char *new_root, const char *put_old);

// Processes and namespaces

extern int unshare(int flags);
extern int setns(int fd, int type);
extern int setresuid(uid_t real, uid_t effective, uid_t saved);
extern int setresgid(gid_t real, gid_t effective, gid_t saved);

#define CLINUX_CLONE_NEWTIME 0x00000080
#define CLINUX_CLONE_PIDFD 0x00001000
#define CLINUX_CLONE_NEWNS 0x00020000
#define CLINUX_CLONE_NEWCGROUP 0x02000000
#define CLINUX_CLONE_NEWUTS 0x04000000
#define CLINUX_CLONE_NEWIPC 0x08000000
#define CLINUX_CLONE_NEWUSER 0x10000000
#define CLINUX_CLONE_NEWPID 0x20000000
#define CLINUX_CLONE_NEWNET 0x40000000

/// clone3(2) like fork: 0 in the child, the child's pid in the parent, its pidfd in `*pidfd`. `cgroup` is a
/// descriptor of a cgroup v2 directory to start in, or -1. Linux 5.7.
pid_t clinux_clone(uint64_t flags, int *pidfd, int cgroup);

/// pidfd_open(2), pidfd_send_signal(2). Linux 5.3.
int clinux_pidfd_open(pid_t pid, unsigned int flags);
int clinux_pidfd_send_signal(int pidfd, int signal);

/// What waitid(2) reports, without the union that Swift cannot read.
struct clinux_child {
    pid_t pid;
    /// CLD_EXITED, CLD_KILLED or CLD_DUMPED.
    int code;
    /// The exit status, or the signal.
    int status;
};

/// waitid(2) for processes that ended. `pid` 0 waits for any child. Returns 1 when `*out` is filled, 0 when none has
/// ended yet (only with `nohang`).
int clinux_wait(pid_t pid, int nohang, struct clinux_child *out);
int clinux_wait_pidfd(int pidfd, int nohang, struct clinux_child *out);
#define CLINUX_CLD_EXITED 1
/// waitid(2) with WSTOPPED: 1 when the child has stopped since this was asked last, 0 when it has not.
int clinux_has_stopped(int pidfd);

/// execveat(2) with AT_EMPTY_PATH, and execve(2).
int clinux_execveat(int fd, char *const argv[], char *const envp[]);
int clinux_execve(const char *path, char *const argv[], char *const envp[]);

/// The process's environment, `NULL` at the end.
char **clinux_environment(void);

/// prctl(2), one function per operation used.
int clinux_set_parent_death_signal(int signal);
int clinux_set_no_new_privileges(void);
int clinux_set_dumpable(int dumpable);
int clinux_set_child_subreaper(int on);
int clinux_drop_bounding(int capability);
int clinux_read_bounding(int capability);
int clinux_set_keep_capabilities(int keep);
int clinux_set_secure_bits(unsigned long bits);
int clinux_clear_ambient(void);
int clinux_raise_ambient(int capability);
int clinux_set_name(const char *name);

/// sched_getattr(2) and sched_setattr(2): policy, priority and niceness of process `pid` for the calling thread.
int clinux_adopt_scheduling(pid_t pid);
/// sched_getaffinity(2) and sched_setaffinity(2): the processors of process `pid` for the calling thread.
int clinux_adopt_processors(pid_t pid);
/// ioprio_get(2) and ioprio_set(2): the class and priority of process `pid` for the calling thread.
int clinux_adopt_io_priority(pid_t pid);
/// personality(2).
int clinux_set_personality(unsigned long persona);
/// keyctl(2) with KEYCTL_JOIN_SESSION_KEYRING: a new session keyring without a name, with nothing in it.
int clinux_new_session_keyring(void);

// Of <linux/securebits.h>, each with its lock: no capabilities for user 0, kept ones stay kept, none become ambient.
#define CLINUX_SECBITS_NO_PRIVILEGED_USER 0xefu

/// capget(2) and capset(2) of the calling thread, version 3, as one 64 bit mask per set.
int clinux_capget(uint64_t *effective, uint64_t *permitted, uint64_t *inheritable);
int clinux_capset(uint64_t effective, uint64_t permitted, uint64_t inheritable);

/// seccomp(2) with SECCOMP_SET_MODE_FILTER: loads `count` instructions of 8 bytes each.
int clinux_load_seccomp(const void *instructions, unsigned short count);

/// bpf(2) for a program of type BPF_PROG_TYPE_CGROUP_DEVICE: loads `count` instructions of 8 bytes each.
int clinux_load_device_program(const void *instructions, unsigned int count);
/// bpf(2) with BPF_PROG_ATTACH, BPF_CGROUP_DEVICE.
int clinux_attach_device_program(int cgroup, int program);

/// landlock_create_ruleset(2) with LANDLOCK_CREATE_RULESET_VERSION: the version of the interface. Linux 5.13.
int clinux_landlock_version(void);
/// landlock_create_ruleset(2): rights to files that are taken away unless a rule gives them.
int clinux_landlock_create(uint64_t rights);
/// landlock_add_rule(2) with LANDLOCK_RULE_PATH_BENEATH.
int clinux_landlock_allow(int ruleset, int beneath, uint64_t rights);
/// landlock_restrict_self(2), for this thread and what comes of it.
int clinux_landlock_restrict(int ruleset);

/// setgroups(2) of the calling thread: glibc's would wait for threads that a child made by clinux_clone does not have.
int clinux_setgroups(size_t count, const gid_t *groups);

/// Blocks every signal, and tells the earlier mask through signalfd4(2): the descriptor reports all blocked signals.
int clinux_block_all_signals(void);
int clinux_unblock_all_signals(void);
/// sigaction(2): default or ignore.
int clinux_reset_signal_handlers(void);
int clinux_ignore_signal(int signal);
/// signalfd4(2) for all signals, close-on-exec and non-blocking.
int clinux_signalfd(void);
/// Reads one signal: its number, the sender's pid, and whether the kernel sent it itself; 0 when there is none.
int clinux_read_signal(int fd, pid_t *sender, bool *is_from_kernel);

/// poll(2) over up to 8 descriptors for reading; a bit per descriptor that is ready. `timeout` in milliseconds, -1 for ever.
int clinux_poll(const int *fds, int count, int timeout);

/// poll(2) for writing, without waiting: 1 when a write of up to PIPE_BUF bytes would not block, or would fail.
int clinux_can_write(int fd);

/// As clinux_poll without a timeout, after madvise(2) with MADV_DONTNEED on every page of the program file that this
/// process has not written to: a process that only waits needs none of them, and gets them back when it wakes.
int clinux_poll_released(const int *fds, int count);

/// inotify_init1(2).
int clinux_inotify_init(void);
/// inotify_add_watch(2).
int clinux_inotify_add_watch(int fd, const char *path, uint32_t mask);
#define CLINUX_IN_CREATE 0x100u
#define CLINUX_IN_DELETE_SELF 0x400u
#define CLINUX_IN_MOVED_TO 0x80u
#define CLINUX_IN_MOVED_FROM 0x40u
#define CLINUX_IN_MOVE_SELF 0x800u
#define CLINUX_IN_DELETE 0x200u
#define CLINUX_IN_CLOSE_WRITE 0x8u
#define CLINUX_IN_ATTRIB 0x4u
#define CLINUX_IN_MODIFY 0x2u

/// personality(2), sethostname(2).
int clinux_personality(unsigned long persona);
int clinux_sethostname(const char *name, size_t length);

/// Brings the loopback device of the network namespace up: SIOCSIFFLAGS on `lo`.
int clinux_loopback_up(void);

/// TIOCSCTTY, TIOCNOTTY and the window size of a terminal.
int clinux_set_controlling_terminal(int fd);

/// random bytes, getrandom(2).
int clinux_getrandom(void *buffer, size_t length);

/// flock(2): operation as there.
int clinux_flock(int fd, int operation);

/// localtime_r(3) and strftime(3): seconds since 1970 in the local zone; the length written.
size_t clinux_format_local_time(int64_t seconds, const char *format, char *buffer, size_t length);
/// clock_gettime(2) with CLOCK_REALTIME, nanoseconds since 1970.
int64_t clinux_now(void);

/// getrlimit(2) and setrlimit(2) by number; RLIM_INFINITY is UINT64_MAX.
int clinux_getrlimit(int resource, uint64_t *soft, uint64_t *hard);
int clinux_setrlimit(int resource, uint64_t soft, uint64_t hard);

// Waiting for many

/// epoll_create1(2).
int clinux_epoll_create(void);
/// epoll_ctl(2): the token comes back with the event.
int clinux_epoll_set(int epoll, int operation, int fd, uint32_t events, uint64_t token);
#define CLINUX_EPOLL_CTL_ADD 1
#define CLINUX_EPOLL_CTL_DEL 2
#define CLINUX_EPOLL_CTL_MOD 3
struct clinux_event {
    uint64_t token;
    uint32_t ready;
};
/// epoll_wait(2) for at most 64 events.
int clinux_epoll_wait(int epoll, struct clinux_event *out, int count, int timeout);

// Unix sockets, all close-on-exec

/// socketpair(2) of SOCK_SEQPACKET.
int clinux_socketpair(int fds[2]);
/// socket(2), bind(2) with mode 0600, listen(2); accepting does not block.
int clinux_listen_unix(const char *path, int type);
/// socket(2), connect(2).
int clinux_connect_unix(const char *path, int type);
/// accept4(2).
int clinux_accept(int fd);
/// getsockopt(2) with SO_PEERCRED.
int clinux_peer_user(int fd, uint32_t *user);
/// sendmsg(2) with SCM_RIGHTS for at most 32 descriptors; no SIGPIPE.
ssize_t clinux_send_message(int fd, const void *bytes, size_t length, const int *descriptors, int count);
/// recvmsg(2): `*count` is the room on entry and the number of descriptors afterwards. A cut message is EMSGSIZE.
ssize_t clinux_receive_message(int fd, void *bytes, size_t length, int *descriptors, int *count);
/// send(2) that neither blocks nor raises SIGPIPE.
ssize_t clinux_send_now(int fd, const void *bytes, size_t length);

// Terminals

/// TIOCGWINSZ, TIOCSWINSZ.
int clinux_get_window(int fd, uint16_t *rows, uint16_t *columns);
int clinux_set_window(int fd, uint16_t rows, uint16_t columns);
/// TIOCSPTLCK off and TIOCGPTPEER.
int clinux_open_terminal_peer(int controller);

/// fcntl(2) with F_SETFL: O_NONBLOCK and nothing else.
int clinux_set_nonblocking(int fd);

#endif
