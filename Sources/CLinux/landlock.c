#include "clinux.h"

#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

int clinux_landlock_version(void) { return (int)syscall(SYS_landlock_create_ruleset, NULL, 0, 1u); }

int clinux_landlock_create(uint64_t rights) {
    struct {
        uint64_t handled_access_fs;
    } attributes = {rights};
    return (int)syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes, 0u);
}

int clinux_landlock_allow(int ruleset, int beneath, uint64_t rights) {
    struct {
        uint64_t allowed_access;
        int32_t parent_fd;
    } __attribute__((packed)) rule = {rights, beneath};
    return (int)syscall(SYS_landlock_add_rule, ruleset, 1, &rule, 0u);
}

int clinux_landlock_restrict(int ruleset) { return (int)syscall(SYS_landlock_restrict_self, ruleset, 0u); }
