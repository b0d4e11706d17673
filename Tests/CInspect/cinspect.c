#define _GNU_SOURCE
#include "cinspect.h"

#include <errno.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

static const int child_limit_milliseconds = 300;

// Runs `body` in a child, which tells the errno of its call through shared memory.
struct attempt {
    long (*body)(long number, const long *arguments);
    long number;
    const long *arguments;
};

static struct cinspect_outcome try_in_child(struct attempt attempt) {
    struct cinspect_outcome outcome = {0, 0, 0};
    volatile int *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) {
        outcome.error = errno;
        return outcome;
    }
    shared[0] = -1;
    pid_t child = fork();
    if (child == -1) {
        outcome.error = errno;
    } else if (child == 0) {
        errno = 0;
        long result = attempt.body(attempt.number, attempt.arguments);
        shared[0] = result == -1 ? errno : 0;
        _exit(0);
    } else {
        int status = 0;
        for (int passed = 0;; passed++) {
            pid_t ended = waitpid(child, &status, WNOHANG | __WALL);
            if (ended == child || (ended == -1 && errno != EINTR)) break;
            if (passed == child_limit_milliseconds) {
                outcome.blocked = 1;
                kill(child, SIGKILL);
            }
            struct timespec pause = {0, 1000000};
            nanosleep(&pause, NULL);
        }
        if (!outcome.blocked && WIFSIGNALED(status)) outcome.signal = WTERMSIG(status);
        if (shared[0] > 0) outcome.error = shared[0];
    }
    munmap((void *)shared, 4096);
    return outcome;
}

static long native_call(long number, const long *a) { return syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]); }

struct cinspect_outcome cinspect_call(long number, const long arguments[6]) {
    return try_in_child((struct attempt){native_call, number, arguments});
}

static long foreign_call(long number, const long *a) {
#if defined(__x86_64__)
    long result;
    __asm__ volatile("int $0x80"
                     : "=a"(result)
                     : "a"(number), "b"(a[0]), "c"(a[1]), "d"(a[2]), "S"(a[3]), "D"(a[4])
                     : "memory", "r8", "r9", "r10", "r11");
    int code = (int)result;
    if (code < 0 && code > -4096) {
        errno = -code;
        return -1;
    }
    return code;
#else
    (void)number;
    (void)a;
    errno = ENOSYS;
    return -1;
#endif
}

struct cinspect_outcome cinspect_call32(long number, const long arguments[6]) {
    return try_in_child((struct attempt){foreign_call, number, arguments});
}

static long foreign_socket(long unused, const long *a) {
#if defined(__x86_64__)
    (void)unused;
    uint32_t *low = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
    if (low == MAP_FAILED) return -1;
    low[0] = (uint32_t)a[0];
    low[1] = (uint32_t)a[1];
    low[2] = (uint32_t)a[2];
    const long arguments[6] = {1 /* SYS_SOCKET */, (long)low, 0, 0, 0, 0};
    return foreign_call(102 /* socketcall */, arguments);
#else
    errno = ENOSYS;
    return -1;
#endif
}

struct cinspect_outcome cinspect_socketcall32(int family, int type, int protocol) {
    const long arguments[6] = {family, type, protocol, 0, 0, 0};
    return try_in_child((struct attempt){foreign_socket, 0, arguments});
}

struct cinspect_outcome cinspect_unshare(long flags) {
    const long arguments[6] = {flags, 0, 0, 0, 0, 0};
    return try_in_child((struct attempt){native_call, SYS_unshare, arguments});
}

static long clone_and_reap(long flags, const long *unused) {
    (void)unused;
    long child = syscall(SYS_clone, flags | SIGCHLD, 0, 0, 0, 0);
    if (child == 0) _exit(0);
    if (child > 0) waitpid((pid_t)child, NULL, 0);
    return child;
}

struct cinspect_outcome cinspect_clone(long flags) { return try_in_child((struct attempt){clone_and_reap, flags, NULL}); }

static long clone3_and_reap(long flags, const long *unused) {
    (void)unused;
    struct clone_args arguments;
    memset(&arguments, 0, sizeof arguments);
    arguments.flags = (uint64_t)flags;
    arguments.exit_signal = SIGCHLD;
    long child = syscall(SYS_clone3, &arguments, sizeof arguments);
    if (child == 0) _exit(0);
    if (child > 0) waitpid((pid_t)child, NULL, 0);
    return child;
}

struct cinspect_outcome cinspect_clone3(uint64_t flags) {
    return try_in_child((struct attempt){clone3_and_reap, (long)flags, NULL});
}

static void sleep_for(int milliseconds) {
    struct timespec pause = {milliseconds / 1000, (milliseconds % 1000) * 1000000L};
    nanosleep(&pause, NULL);
}

pid_t cinspect_orphan(int milliseconds) {
    int ends[2];
    if (pipe(ends) == -1) return -1;
    pid_t child = fork();
    if (child == -1) return -1;
    if (child == 0) {
        pid_t grandchild = fork();
        if (grandchild == 0) {
            close(ends[0]);
            close(ends[1]);
            sleep_for(milliseconds);
            _exit(0);
        }
        if (write(ends[1], &grandchild, sizeof grandchild) != sizeof grandchild) _exit(1);
        _exit(0);
    }
    waitpid(child, NULL, 0);
    pid_t grandchild = -1;
    if (read(ends[0], &grandchild, sizeof grandchild) != sizeof grandchild) grandchild = -1;
    close(ends[0]);
    close(ends[1]);
    return grandchild;
}

static sigset_t awaited_signals(void) {
    static const int awaited[] = {SIGHUP, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2, SIGTERM, SIGWINCH, SIGCONT};
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < sizeof awaited / sizeof awaited[0]; i++) sigaddset(&set, awaited[i]);
    return set;
}

void cinspect_hold_signals(void) {
    sigset_t set = awaited_signals();
    sigprocmask(SIG_BLOCK, &set, NULL);
}

int cinspect_wait_for_signal(int seconds) {
    sigset_t set = awaited_signals();
    struct timespec limit = {seconds, 0};
    int signal;
    do signal = sigtimedwait(&set, NULL, &limit);
    while (signal == -1 && errno == EINTR);
    return signal == -1 ? 0 : signal;
}

int cinspect_touch_memory(uint64_t bytes) {
    char *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return -1;
    for (uint64_t at = 0; at < bytes; at += 4096) memory[at] = (char)(at >> 12 | 1);
    munmap(memory, bytes);
    return 0;
}

int cinspect_push_terminal_input(int fd) {
    char byte = 'x';
    return ioctl(fd, TIOCSTI, &byte);
}

int cinspect_trace(pid_t pid, char *program, size_t size) {
    // Unlike PTRACE_ATTACH this leaves no SIGSTOP behind that stops the process when it is let go.
    if (ptrace(PTRACE_SEIZE, pid, 0, 0) == -1) return -1;
    ptrace(PTRACE_INTERRUPT, pid, 0, 0);
    int status = 0;
    while (waitpid(pid, &status, __WALL) == -1 && errno == EINTR) {
    }
    if (!WIFSTOPPED(status)) {  // it ended before it could be looked at
        errno = ESRCH;
        return -1;
    }
    char link[64];
    snprintf(link, sizeof link, "/proc/%d/exe", pid);
    ssize_t length = readlink(link, program, size - 1);
    program[length < 0 ? 0 : length] = 0;
    ptrace(PTRACE_DETACH, pid, 0, 0);
    return 0;
}

long cinspect_session_keyring(void) {
    const int get_keyring_id = 0, session = -3;  // KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING
    return syscall(SYS_keyctl, get_keyring_id, session, 0);
}

int cinspect_notify_barrier(const char *path, int milliseconds) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    strcpy(address.sun_path, path);
    int ends[2];
    int number = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (number == -1 || pipe(ends) == -1) return -1;
    char text[] = "BARRIER=1";
    struct iovec content = {.iov_base = text, .iov_len = sizeof text - 1};
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control = {{0}};
    struct msghdr message = {
        .msg_name = &address, .msg_namelen = sizeof address, .msg_iov = &content, .msg_iovlen = 1,
        .msg_control = &control, .msg_controllen = sizeof control.space};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    *header = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
    memcpy(CMSG_DATA(header), &ends[1], sizeof(int));
    ssize_t sent = sendmsg(number, &message, MSG_NOSIGNAL);
    close(number);
    close(ends[1]);
    struct pollfd end = {.fd = ends[0]};
    int ready = sent == -1 ? -1 : poll(&end, 1, milliseconds);
    close(ends[0]);
    if (ready == 0) errno = ETIMEDOUT;
    return ready == 1 ? 0 : -1;
}
