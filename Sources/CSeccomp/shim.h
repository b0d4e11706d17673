#include <seccomp.h>
#include <stdint.h>

/// SCMP_ACT_ERRNO and SCMP_SYS are macros that Swift does not import.
static inline uint32_t cseccomp_fail_with(uint16_t code) { return SCMP_ACT_ERRNO(code); }
