#include "clinux.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/fs.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/single_threaded.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>
#include <grp.h>

// Paths and descriptors

int clinux_openat2(int dirfd, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve) {
    struct open_how how = {.flags = flags, .mode = mode, .resolve = resolve};
    return (int)syscall(SYS_openat2, dirfd, path, &how, sizeof how);
}

int clinux_openat(int dirfd, const char *path, int flags, mode_t mode) { return openat(dirfd, path, flags, mode); }

int clinux_dup3(int from, int to, int flags) { return dup3(from, to, flags); }

int clinux_duplicate(int fd, int lowest) { return fcntl(fd, F_DUPFD_CLOEXEC, lowest); }

int clinux_get_descriptor_flags(int fd) { return fcntl(fd, F_GETFD); }

int clinux_set_descriptor_flags(int fd, int flags) { return fcntl(fd, F_SETFD, flags); }

int clinux_pipe2(int fds[2], int flags) { return pipe2(fds, flags); }

int clinux_set_pipe_size(int fd, int size) { return fcntl(fd, F_SETPIPE_SZ, size); }

int clinux_memfd_create(const char *name, unsigned int flags) { return memfd_create(name, flags); }

int clinux_add_seals(int fd, int seals) { return fcntl(fd, F_ADD_SEALS, seals); }

int clinux_close_range(unsigned int first, unsigned int last, unsigned int flags) {
    return (int)syscall(SYS_close_range, first, last, flags);
}

int clinux_renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned int flags) {
    return (int)syscall(SYS_renameat2, from_fd, from, to_fd, to, flags);
}

int clinux_linkat(int from_fd, const char *from, int to_fd, const char *to, int flags) {
    return linkat(from_fd, from, to_fd, to, flags);
}

ssize_t clinux_copy_file_range(int from, int to, size_t length) {
    return copy_file_range(from, NULL, to, NULL, length, 0);
}

int clinux_clone_file(int to, int from) { return ioctl(to, FICLONE, from); }

int clinux_syncfs(int fd) { return syncfs(fd); }

int clinux_start_writing(int fd, int64_t offset, int64_t length) {
    return sync_file_range(fd, offset, length, SYNC_FILE_RANGE_WRITE);
}

int clinux_drop_page_cache(int fd) {
    errno = posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
    return errno ? -1 : 0;
}

mode_t clinux_umask(mode_t mask) { return umask(mask); }

static int64_t nanoseconds(struct statx_timestamp time) { return time.tv_sec * 1000000000ll + time.tv_nsec; }

int clinux_statx(int dirfd, const char *path, int flags, struct clinux_stat *out) {
    struct statx s;
    if (statx(dirfd, path, flags, STATX_BASIC_STATS | 0x1000, &s) < 0) return -1;
    *out = (struct clinux_stat){
        .inode = s.stx_ino, .size = s.stx_size, .blocks = s.stx_blocks, .mount_id = s.stx_mnt_id,
        .change_time = nanoseconds(s.stx_ctime), .modification_time = nanoseconds(s.stx_mtime),
        .access_time = nanoseconds(s.stx_atime), .mode = s.stx_mode, .user = s.stx_uid, .group = s.stx_gid,
        .links = s.stx_nlink, .device_major = s.stx_dev_major, .device_minor = s.stx_dev_minor,
        .special_major = s.stx_rdev_major, .special_minor = s.stx_rdev_minor};
    return 0;
}

ssize_t clinux_getdents(int fd, void *buffer, size_t length) { return syscall(SYS_getdents64, fd, buffer, length); }

uint64_t clinux_makedev(unsigned int major, unsigned int minor) { return makedev(major, minor); }

int clinux_mknodat(int dirfd, const char *path, mode_t mode, uint64_t device) {
    return mknodat(dirfd, path, mode, device);
}

static struct timespec timespec_from(int64_t nanoseconds) {
    struct timespec time = {.tv_sec = nanoseconds / 1000000000, .tv_nsec = nanoseconds % 1000000000};
    if (time.tv_nsec < 0) {
        time.tv_sec -= 1;
        time.tv_nsec += 1000000000;
    }
    return time;
}

int clinux_set_times(int dirfd, const char *path, int64_t access, int64_t modification, int flags) {
    struct timespec times[2] = {timespec_from(access), timespec_from(modification)};
    return (int)syscall(SYS_utimensat, dirfd, path, times, flags);
}

long clinux_filesystem_type(int fd) {
    struct statfs s;
    return fstatfs(fd, &s) < 0 ? -1 : (long)s.f_type;
}

ssize_t clinux_flistxattr(int fd, char *list, size_t size) { return flistxattr(fd, list, size); }

ssize_t clinux_fgetxattr(int fd, const char *name, void *value, size_t size) {
    return fgetxattr(fd, name, value, size);
}

int clinux_fsetxattr(int fd, const char *name, const void *value, size_t size, int flags) {
    return fsetxattr(fd, name, value, size, flags);
}

ssize_t clinux_llistxattr(const char *path, char *list, size_t size) { return llistxattr(path, list, size); }

ssize_t clinux_lgetxattr(const char *path, const char *name, void *value, size_t size) {
    return lgetxattr(path, name, value, size);
}

int clinux_lsetxattr(const char *path, const char *name, const void *value, size_t size, int flags) {
    return lsetxattr(path, name, value, size, flags);
}

// Mounts

int clinux_open_tree(int dirfd, const char *path, unsigned int flags) {
    return (int)syscall(SYS_open_tree, dirfd, path, flags);
}

int clinux_move_mount(int from_fd, const char *from, int to_fd, const char *to, unsigned int flags) {
    return (int)syscall(SYS_move_mount, from_fd, from, to_fd, to, flags);
}

int clinux_mount_setattr(
    int dirfd, const char *path, unsigned int flags, uint64_t set, uint64_t clear, uint64_t propagation) {
    struct {
        uint64_t set, clear, propagation, userns_fd;
    } attr = {.set = set, .clear = clear, .propagation = propagation};
    return (int)syscall(SYS_mount_setattr, dirfd, path, flags, &attr, sizeof attr);
}

int clinux_mount_idmap(int fd, unsigned int flags, int user_namespace) {
    struct {
        uint64_t set, clear, propagation, userns_fd;
    } attr = {.set = 0x100000 /* MOUNT_ATTR_IDMAP */, .userns_fd = (uint64_t)user_namespace};
    return (int)syscall(SYS_mount_setattr, fd, "", flags | 0x1000 /* AT_EMPTY_PATH */, &attr, sizeof attr);
}

int clinux_fsopen(const char *type, unsigned int flags) { return (int)syscall(SYS_fsopen, type, flags | 1); }

int clinux_fsconfig_string(int fd, const char *key, const char *value) {
    return (int)syscall(SYS_fsconfig, fd, 1, key, value, 0);
}

int clinux_fsconfig_flag(int fd, const char *key) { return (int)syscall(SYS_fsconfig, fd, 0, key, NULL, 0); }

int clinux_fsconfig_descriptor(int fd, const char *key, int value) {
    return (int)syscall(SYS_fsconfig, fd, 5, key, NULL, value);
}

int clinux_fsconfig_create(int fd) { return (int)syscall(SYS_fsconfig, fd, 6, NULL, NULL, 0); }

int clinux_fsmount(int fd, unsigned int attributes) { return (int)syscall(SYS_fsmount, fd, 1, attributes); }

int clinux_pivot_root(const char *new_root, const char *put_old) {
    return (int)syscall(SYS_pivot_root, new_root, put_old);
}

// Processes and namespaces

// With other threads around, the child's memory allocator may be locked by one that it does not have: fork(3) takes care.
static pid_t fork_beside_threads(int *pidfd) {
    pid_t pid = fork();
    if (pid > 0 && pidfd) *pidfd = clinux_pidfd_open(pid, 0);
    return pid;
}

pid_t clinux_clone(uint64_t flags, int *pidfd, int cgroup) {
    if (!__libc_single_threaded && flags == 0 && cgroup < 0) return fork_beside_threads(pidfd);
    struct clone_args args = {.flags = flags, .exit_signal = SIGCHLD};
    if (pidfd) {
        args.flags |= CLONE_PIDFD;
        args.pidfd = (uint64_t)(uintptr_t)pidfd;
    }
    if (cgroup >= 0) {
        args.flags |= CLONE_INTO_CGROUP;
        args.cgroup = (uint64_t)cgroup;
    }
    return (pid_t)syscall(SYS_clone3, &args, sizeof args);
}

int clinux_pidfd_open(pid_t pid, unsigned int flags) { return (int)syscall(SYS_pidfd_open, pid, flags); }

int clinux_pidfd_send_signal(int pidfd, int signal) {
    return (int)syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0);
}

static int wait_for(idtype_t type, id_t id, int nohang, struct clinux_child *out) {
    siginfo_t info = {0};
    if (waitid(type, id, &info, WEXITED | (nohang ? WNOHANG : 0)) < 0) return -1;
    if (info.si_pid == 0) return 0;
    *out = (struct clinux_child){.pid = info.si_pid, .code = info.si_code, .status = info.si_status};
    return 1;
}

int clinux_wait(pid_t pid, int nohang, struct clinux_child *out) {
    return wait_for(pid ? P_PID : P_ALL, (id_t)pid, nohang, out);
}

int clinux_wait_pidfd(int pidfd, int nohang, struct clinux_child *out) {
    return wait_for(P_PIDFD, (id_t)pidfd, nohang, out);
}

int clinux_has_stopped(int pidfd) {
    siginfo_t info = {0};
    if (waitid(P_PIDFD, (id_t)pidfd, &info, WSTOPPED | WNOHANG) < 0) return -1;
    return info.si_pid != 0;
}

int clinux_execveat(int fd, char *const argv[], char *const envp[]) {
    return (int)syscall(SYS_execveat, fd, "", argv, envp, AT_EMPTY_PATH);
}

int clinux_execve(const char *path, char *const argv[], char *const envp[]) { return execve(path, argv, envp); }

char **clinux_environment(void) { return environ; }

int clinux_set_parent_death_signal(int signal) { return prctl(PR_SET_PDEATHSIG, signal, 0, 0, 0); }

int clinux_set_no_new_privileges(void) { return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); }

int clinux_set_dumpable(int dumpable) { return prctl(PR_SET_DUMPABLE, dumpable, 0, 0, 0); }

int clinux_set_child_subreaper(int on) { return prctl(PR_SET_CHILD_SUBREAPER, on, 0, 0, 0); }

int clinux_drop_bounding(int capability) { return prctl(PR_CAPBSET_DROP, capability, 0, 0, 0); }

int clinux_read_bounding(int capability) { return prctl(PR_CAPBSET_READ, capability, 0, 0, 0); }

int clinux_set_keep_capabilities(int keep) { return prctl(PR_SET_KEEPCAPS, keep, 0, 0, 0); }

int clinux_set_secure_bits(unsigned long bits) { return prctl(PR_SET_SECUREBITS, bits, 0, 0, 0); }

int clinux_clear_ambient(void) { return prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0); }

int clinux_raise_ambient(int capability) { return prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0); }

int clinux_set_name(const char *name) { return prctl(PR_SET_NAME, name, 0, 0, 0); }

int clinux_capget(uint64_t *effective, uint64_t *permitted, uint64_t *inheritable) {
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[2];
    if (syscall(SYS_capget, &header, data) < 0) return -1;
    *effective = data[0].effective | (uint64_t)data[1].effective << 32;
    *permitted = data[0].permitted | (uint64_t)data[1].permitted << 32;
    *inheritable = data[0].inheritable | (uint64_t)data[1].inheritable << 32;
    return 0;
}

int clinux_capset(uint64_t effective, uint64_t permitted, uint64_t inheritable) {
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[2] = {
        {(uint32_t)effective, (uint32_t)permitted, (uint32_t)inheritable},
        {(uint32_t)(effective >> 32), (uint32_t)(permitted >> 32), (uint32_t)(inheritable >> 32)}};
    return (int)syscall(SYS_capset, &header, data);
}

int clinux_load_seccomp(const void *instructions, unsigned short count) {
    struct sock_fprog program = {.len = count, .filter = (struct sock_filter *)instructions};
    return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program);
}

int clinux_load_device_program(const void *instructions, unsigned int count) {
    union bpf_attr attr;
    memset(&attr, 0, sizeof attr);
    attr.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
    attr.insns = (uint64_t)(uintptr_t)instructions;
    attr.insn_cnt = count;
    attr.license = (uint64_t)(uintptr_t)"Apache-2.0";
    return (int)syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof attr);
}

int clinux_attach_device_program(int cgroup, int program) {
    union bpf_attr attr;
    memset(&attr, 0, sizeof attr);
    attr.target_fd = (uint32_t)cgroup;
    attr.attach_bpf_fd = (uint32_t)program;
    attr.attach_type = BPF_CGROUP_DEVICE;
    attr.attach_flags = BPF_F_ALLOW_MULTI;
    return (int)syscall(SYS_bpf, BPF_PROG_ATTACH, &attr, sizeof attr);
}

int clinux_setgroups(size_t count, const gid_t *groups) {
    return (int)syscall(SYS_setgroups, count, groups);
}

int clinux_block_all_signals(void) {
    sigset_t all;
    sigfillset(&all);
    return sigprocmask(SIG_SETMASK, &all, NULL);
}

int clinux_unblock_all_signals(void) {
    sigset_t none;
    sigemptyset(&none);
    return sigprocmask(SIG_SETMASK, &none, NULL);
}

int clinux_reset_signal_handlers(void) {
    for (int number = 1; number < NSIG; number++) {
        if (number != SIGKILL && number != SIGSTOP) signal(number, SIG_DFL);
    }
    return 0;
}

int clinux_ignore_signal(int number) { return signal(number, SIG_IGN) == SIG_ERR ? -1 : 0; }

int clinux_signalfd(void) {
    sigset_t all;
    sigfillset(&all);
    return signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
}

int clinux_read_signal(int fd, pid_t *sender, bool *is_from_kernel) {
    struct signalfd_siginfo info;
    ssize_t length = read(fd, &info, sizeof info);
    if (length < 0) return errno == EAGAIN ? 0 : -1;
    *sender = (pid_t)info.ssi_pid;
    *is_from_kernel = info.ssi_code == SI_KERNEL;
    return (int)info.ssi_signo;
}

int clinux_poll(const int *fds, int count, int timeout) {
    struct pollfd polled[8];
    for (int i = 0; i < count && i < 8; i++) polled[i] = (struct pollfd){.fd = fds[i], .events = POLLIN};
    int ready = poll(polled, (nfds_t)(count < 8 ? count : 8), timeout);
    if (ready < 0) return -1;
    int mask = 0;
    for (int i = 0; i < count && i < 8; i++) mask |= polled[i].revents ? 1 << i : 0;
    return mask;
}

int clinux_can_write(int fd) {
    struct pollfd polled = {.fd = fd, .events = POLLOUT};
    int ready = poll(&polled, 1, 0);
    return ready < 0 ? -1 : ready > 0;
}

int clinux_inotify_init(void) { return inotify_init1(IN_CLOEXEC); }

int clinux_inotify_add_watch(int fd, const char *path, uint32_t mask) { return inotify_add_watch(fd, path, mask); }

int clinux_personality(unsigned long persona) { return personality(persona); }

int clinux_sethostname(const char *name, size_t length) { return sethostname(name, length); }

int clinux_loopback_up(void) {
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return -1;
    struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
    int result = ioctl(fd, SIOCSIFFLAGS, &request);
    int code = errno;
    close(fd);
    errno = code;
    return result;
}

int clinux_set_controlling_terminal(int fd) { return ioctl(fd, TIOCSCTTY, 0); }

// Pages of a private mapping that this process has written to are its own; the others are the file's.
static void release_unwritten(unsigned long start, unsigned long end) {
    int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
    if (fd < 0) return;
    static uint64_t pages[4096];
    const unsigned long size = (unsigned long)sysconf(_SC_PAGESIZE);
    unsigned long count = (end - start) / size;
    if (count > 4096) count = 4096;
    ssize_t got = pread(fd, pages, count * sizeof *pages, (off_t)(start / size * sizeof *pages));
    close(fd);
    for (long i = 0; i < got / (long)sizeof *pages; i++) {
        const int is_file_page = pages[i] >> 61 & 1, is_present = pages[i] >> 63 & 1;
        if (is_file_page && is_present) madvise((void *)(start + (unsigned long)i * size), size, MADV_DONTNEED);
    }
}

static void release_program_pages(void) {
    char program[4096];
    ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
    if (length <= 0) return;
    program[length] = 0;
    int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
    if (fd < 0) return;
    static char maps[65536];
    size_t filled = 0;
    for (ssize_t got; filled < sizeof maps - 1 && (got = read(fd, maps + filled, sizeof maps - 1 - filled)) > 0;)
        filled += (size_t)got;
    close(fd);
    maps[filled] = 0;
    // The code comes last: what runs after its pages are gone brings some of them back.
    unsigned long code_start = 0, code_end = 0;
    for (char *line = maps; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
        unsigned long start, end;
        char rights[5];
        if (sscanf(line, "%lx-%lx %4s", &start, &end, rights) != 3 || rights[0] != 'r') continue;
        char *stop = strchr(line, '\n'), *path = strchr(line, '/');
        if (!path || !stop || path > stop || (size_t)(stop - path) != (size_t)length) continue;
        if (memcmp(path, program, (size_t)length) != 0) continue;
        if (rights[2] == 'x') {
            code_start = start;
            code_end = end;
        } else if (rights[1] == 'w') {
            release_unwritten(start, end);
        } else {
            madvise((void *)start, end - start, MADV_DONTNEED);
        }
    }
    if (code_end) madvise((void *)code_start, code_end - code_start, MADV_DONTNEED);
}

int clinux_poll_released(const int *fds, int count) {
    release_program_pages();
    return clinux_poll(fds, count, -1);
}

int clinux_getrandom(void *buffer, size_t length) { return getrandom(buffer, length, 0) == (ssize_t)length ? 0 : -1; }

int clinux_flock(int fd, int operation) { return flock(fd, operation); }

size_t clinux_format_local_time(int64_t seconds, const char *format, char *buffer, size_t length) {
    time_t time = (time_t)seconds;
    struct tm fields;
    if (!localtime_r(&time, &fields)) return 0;
    return strftime(buffer, length, format, &fields);
}

int64_t clinux_now(void) {
    struct timespec time;
    clock_gettime(CLOCK_REALTIME, &time);
    return time.tv_sec * 1000000000ll + time.tv_nsec;
}

int clinux_getrlimit(int resource, uint64_t *soft, uint64_t *hard) {
    struct rlimit limit;
    if (getrlimit((__rlimit_resource_t)resource, &limit) < 0) return -1;
    *soft = limit.rlim_cur;
    *hard = limit.rlim_max;
    return 0;
}

int clinux_setrlimit(int resource, uint64_t soft, uint64_t hard) {
    struct rlimit limit = {.rlim_cur = soft, .rlim_max = hard};
    return setrlimit((__rlimit_resource_t)resource, &limit);
}
