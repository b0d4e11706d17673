// What the probe needs and the runtime never does: system calls by number, through both entrances of the kernel, made
// in a child, because a filter may kill who makes them.
#ifndef CINSPECT_H
#define CINSPECT_H

#include <stdint.h>
#include <sys/types.h>

/// How a call that was made in a child ended.
struct cinspect_outcome {
    /// The signal that killed the child, or 0.
    int signal;
    /// The errno of the call, 0 when it succeeded.
    int error;
    /// The child had not come back after the time limit and was killed; the call was let through.
    int blocked;
};

/// Makes system call `number` with `arguments` in a child.
struct cinspect_outcome cinspect_call(long number, const long arguments[6]);

/// The same through `int $0x80`, the entrance of 32-bit programs; `error` is ENOSYS where the machine has none.
struct cinspect_outcome cinspect_call32(long number, const long arguments[6]);

/// socket(2) through socketcall(2) of the 32-bit entrance.
struct cinspect_outcome cinspect_socketcall32(int family, int type, int protocol);

/// Like unshare(2), clone(2) with these flags, tried in a child.
struct cinspect_outcome cinspect_unshare(long flags);
struct cinspect_outcome cinspect_clone(long flags);

/// clone3(2) with these flags; `error` is ENOSYS where the sandbox makes libc fall back to clone.
struct cinspect_outcome cinspect_clone3(uint64_t flags);

/// fork(2) and a double fork whose grandchild lives for `milliseconds`; its pid.
pid_t cinspect_orphan(int milliseconds);

/// Blocks until one of HUP INT QUIT USR1 USR2 TERM WINCH CONT arrives, or `seconds` have passed: its number, or 0.
int cinspect_wait_for_signal(int seconds);

/// Blocks these signals so that none is lost before ``cinspect_wait_for_signal``.
void cinspect_hold_signals(void);

/// Fills `bytes` of fresh memory page by page; 0, or -1 with errno.
int cinspect_touch_memory(uint64_t bytes);

/// TIOCSTI on descriptor `fd`: pushes a byte into the input of the terminal.
int cinspect_push_terminal_input(int fd);

/// Attaches to process `pid` with ptrace(2), reads which program it runs into `program`, and lets it go: 0, or -1 with
/// errno.
int cinspect_trace(pid_t pid, char *program, size_t size);

/// Waits until the service manager that listens at `path` has taken all that was said to it before, as sd_notify_barrier(3)
/// does: 0, or -1 with errno.
int cinspect_notify_barrier(const char *path, int milliseconds);

/// keyctl(2): the number of the session keyring, or -1 with errno.
long cinspect_session_keyring(void);

#endif
