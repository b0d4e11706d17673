import CLinux
import Glibc
import LinuxSystem
import Stage2Interface

/// Takes on user, groups, limits and capability bounds of the app.
///
/// The bounding set decides what the app can have: executing a program as root gives exactly that, as any other user
/// nothing but what the file carries within it. `CAP_SYS_ADMIN` stays in this process until then, because loading a
/// filter without no-new-privileges needs it; it is not in the bounding set, so no program can inherit it.
///
/// Source: capabilities(7), "Transformation of capabilities during execve()"; seccomp(2).
func dropPrivileges(_ spec: LaunchSpec) throws {
    for limit in spec.limits { try apply(limit) }
    _ = clinux_umask(0o022)
    if let allowed = spec.capabilities { try boundCapabilities(to: allowed) }
    if spec.noNewPrivileges {
        try check("prctl", "PR_SET_NO_NEW_PRIVS") { clinux_set_no_new_privileges() }
    }
    try check("setgroups", "\(spec.supplementaryGroups.count) groups") {
        clinux_setgroups(spec.supplementaryGroups.count, spec.supplementaryGroups)
    }
    try check("setresgid", "\(spec.group)") { setresgid(spec.group, spec.group, spec.group) }
    if spec.user != 0 { try check("prctl", "PR_SET_KEEPCAPS") { clinux_set_keep_capabilities(1) } }
    try check("setresuid", "\(spec.user)") { setresuid(spec.user, spec.user, spec.user) }
    if spec.user != 0 { try keepFilterPrivilege() }
}

/// A limit that is already as wanted is left alone: setting it may need a privilege that is not there.
private func apply(_ limit: LaunchSpec.ResourceLimit) throws {
    var soft: UInt64 = 0
    var hard: UInt64 = 0
    let resource = CInt(truncatingIfNeeded: limit.resource)
    try check("getrlimit", "resource \(resource)") { clinux_getrlimit(resource, &soft, &hard) }
    if soft == limit.soft && hard == limit.hard { return }
    try check("setrlimit", "resource \(resource) to \(limit.soft):\(limit.hard)") {
        clinux_setrlimit(resource, limit.soft, limit.hard)
    }
}

private func boundCapabilities(to allowed: UInt64) throws {
    try check("prctl", "PR_CAP_AMBIENT_CLEAR_ALL") { clinux_clear_ambient() }
    for number in CInt(0)..<64 {
        let isBound = clinux_read_bounding(number)
        if isBound < 0 { break }  // this kernel knows no more
        guard isBound == 1, allowed & 1 << UInt64(number) == 0 else { continue }
        try check("prctl", "PR_CAPBSET_DROP \(number)") { clinux_drop_bounding(number) }
    }
    var effective: UInt64 = 0
    var permitted: UInt64 = 0
    var inheritable: UInt64 = 0
    try check("capget", "this process") { clinux_capget(&effective, &permitted, &inheritable) }
    try check("capset", "no inheritable capabilities") { clinux_capset(effective, permitted, 0) }
}

/// After a change of user only `CAP_SYS_ADMIN`, for the filter.
private func keepFilterPrivilege() throws {
    let administration: UInt64 = 1 << 21
    var effective: UInt64 = 0
    var permitted: UInt64 = 0
    var inheritable: UInt64 = 0
    try check("capget", "this process") { clinux_capget(&effective, &permitted, &inheritable) }
    let kept = permitted & administration
    try check("capset", "CAP_SYS_ADMIN until the app starts") { clinux_capset(kept, kept, 0) }
}
