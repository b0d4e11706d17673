import CLinux
import Glibc
import LinuxSystem
import Stage2Interface

/// Takes on user, groups and capability bounds of the app, and makes room for limits above the present ones.
///
/// The bounding set decides what the app can have: executing a program as root gives exactly that, as any other user
/// nothing but its ambient capabilities and what the file carries within it. `CAP_SYS_ADMIN` stays in this process
/// until then, because loading a filter without no-new-privileges needs it; it is not in the bounding set, so no program
/// can inherit it.
///
/// Source: capabilities(7), "Transformation of capabilities during execve()"; seccomp(2).
func dropPrivileges(_ spec: LaunchSpec) throws {
    // The limits themselves come last: they may stop this very program.
    for limit in spec.limits { try makeRoom(for: limit.resource, hard: limit.hard) }
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
    if spec.user != 0 { try keepCapabilities(ambient: spec.ambientCapabilities) }
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

/// After a change of user only `CAP_SYS_ADMIN`, for the filter, and what the app is to have.
///
/// Source: capabilities(7), "Ambient": what is permitted and inheritable may be raised to ambient.
private func keepCapabilities(ambient: UInt64) throws {
    let administration: UInt64 = 1 << 21
    var effective: UInt64 = 0
    var permitted: UInt64 = 0
    var inheritable: UInt64 = 0
    try check("capget", "this process") { clinux_capget(&effective, &permitted, &inheritable) }
    let kept = permitted & administration
    try check("capset", "CAP_SYS_ADMIN and ambient capabilities until the app starts") {
        clinux_capset(kept, kept | ambient, ambient)
    }
    for number in CInt(0)..<64 where ambient & 1 << UInt64(number) != 0 {
        try check("prctl", "PR_CAP_AMBIENT_RAISE \(number)") { clinux_raise_ambient(number) }
    }
}
