#include "clinux.h"
#include <sched.h>
#include <sys/personality.h>
#include <sys/syscall.h>
#include <unistd.h>

// As the kernel has it since Linux 5.3; not in glibc 2.36.
struct attributes {
    uint32_t size, policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime, deadline, period;
    uint32_t clamp_low, clamp_high;
};

int clinux_adopt_scheduling(pid_t pid) {
    struct attributes attributes = {.size = sizeof attributes};
    if (syscall(SYS_sched_getattr, pid, &attributes, sizeof attributes, 0) < 0) return -1;
    return (int)syscall(SYS_sched_setattr, 0, &attributes, 0);
}

int clinux_adopt_processors(pid_t pid) {
    unsigned long mask[1024] = {0};
    long length = syscall(SYS_sched_getaffinity, pid, sizeof mask, mask);
    if (length < 0) return -1;
    return (int)syscall(SYS_sched_setaffinity, 0, (size_t)length, mask);
}

int clinux_adopt_io_priority(pid_t pid) {
    const int process = 1;  // IOPRIO_WHO_PROCESS
    int priority = (int)syscall(SYS_ioprio_get, process, pid);
    return priority < 0 ? -1 : (int)syscall(SYS_ioprio_set, process, 0, priority);
}

int clinux_set_personality(unsigned long persona) { return personality(persona) < 0 ? -1 : 0; }

int clinux_new_session_keyring(void) {
    const int join_session_keyring = 1;  // KEYCTL_JOIN_SESSION_KEYRING
    return syscall(SYS_keyctl, join_session_keyring, NULL) < 0 ? -1 : 0;
}
