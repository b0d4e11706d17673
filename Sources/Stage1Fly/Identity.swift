import CLinux
import Glibc
import LinuxSystem
import Stage2Interface

/// Takes on groups and user of the app; what it may do beyond that is not restricted in this flavor.
func assume(_ spec: LaunchSpec) throws {
    try check("setresgid", "\(spec.group)") { setresgid(spec.group, spec.group, spec.group) }
    try check("setgroups", "\(spec.supplementaryGroups.count) groups") {
        clinux_setgroups(spec.supplementaryGroups.count, spec.supplementaryGroups)
    }
    try check("setresuid", "\(spec.user)") { setresuid(spec.user, spec.user, spec.user) }
}
