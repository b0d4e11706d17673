import CLinux
import Glibc
import LinuxSystem
import Stage2Interface
import SystemPackage

/// Takes on groups and user of the app; what it may do beyond that is not restricted in this flavor.
func assume(_ spec: LaunchSpec) throws {
    // The limits themselves come last: they may stop this very program.
    for limit in spec.limits { try makeRoom(for: limit.resource, hard: limit.hard) }
    try check("setresgid", "\(spec.group)") { setresgid(spec.group, spec.group, spec.group) }
    try check("setgroups", "\(spec.supplementaryGroups.count) groups") {
        clinux_setgroups(spec.supplementaryGroups.count, spec.supplementaryGroups)
    }
    try check("setresuid", "\(spec.user)") { setresuid(spec.user, spec.user, spec.user) }
}

/// Executes the program, with the limits of the app.
func execute(_ program: FilePath, _ spec: LaunchSpec) throws(SystemCallError) -> Never {
    try replaceProcess(program, spec.arguments, environment: spec.environment) { () throws(SystemCallError) in
        for limit in spec.limits { try setResourceLimit(limit.resource, soft: limit.soft, hard: limit.hard) }
    }
}
