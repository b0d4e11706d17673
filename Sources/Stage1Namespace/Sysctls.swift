import LinuxSystem
import Stage1Kit

/// Writes the settings that apps ask for; they count for the namespaces of the calling process.
///
/// Through a `/proc` that was just mounted and that nobody else sees: the one at hand may be read-only or covered.
func applySysctls(of plans: [AppPlan]) throws {
    let sysctls = plans.flatMap(\.sysctls)
    if sysctls.isEmpty { return }
    let mount = try DetachedMount(type: "proc", attributes: [.noSetUserID, .noDevices, .noExecute])
    let root = try mount.descriptor.open("sys", [.directory, .path])
    for sysctl in sysctls {
        do {
            try root.openBeneath(sysctl.path, [.writeOnly]).writeAll(sysctl.value)
        } catch {
            throw Failure("cannot set sysctl '\(sysctl.key)' to '\(sysctl.value)'", cause: error)
        }
    }
}
