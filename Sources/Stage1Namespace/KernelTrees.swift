import LinuxSystem
import Stage1Kit
import SystemPackage

/// What apps may read but not change.
///
/// Source: rkt 1.30.0, stage1/init/common/units.go, and what systemd-nspawn adds.
private let readOnlyPaths = [
    "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger",
]

/// Directories that apps do not see into.
private let hiddenDirectories = [
    "/proc/acpi", "/proc/scsi", "/sys/firmware", "/sys/fs", "/sys/hypervisor", "/sys/module", "/sys/power",
]

/// Files that apps cannot read.
///
/// The first six are rkt's; the others tell of the host or of keys that the kernel does not separate.
private let hiddenFiles = [
    "/proc/config.gz", "/proc/kallsyms", "/proc/sched_debug", "/proc/kcore", "/proc/kmem", "/proc/mem", "/proc/keys",
    "/proc/latency_stats", "/proc/timer_list",
]

/// Restrictions of `/sys`, in the form that apps may see with `masked`.
func kernelTreeAttributes(masked: Bool) -> MountAttributes {
    masked ? [.noSetUserID, .noDevices, .noExecute, .readOnly] : [.noSetUserID, .noDevices, .noExecute]
}

/// Mounts `/proc` and `/sys` of the pod, with `masked` in the form that apps may see.
///
/// Apps get copies of both with all that hangs below, so nothing in an app's root can come between a path and its cover.
func mountKernelTrees(_ root: borrowing Descriptor, masked: Bool, users: PrivateUsers?) throws {
    let restrictions: MountAttributes = [.noSetUserID, .noDevices, .noExecute]
    try mountProcesses(root, restrictions, users)
    let objects = try openMountTarget("/sys", below: root, isDirectory: true)
    if let made = users?.takeKernelObjects() {
        try made.attach(at: objects)
    } else {
        try DetachedMount(type: "sysfs", attributes: kernelTreeAttributes(masked: masked)).attach(at: objects)
    }
    guard masked else { return }
    for path in readOnlyPaths { try coverExisting(path, below: root, with: readOnlyView) }
    for path in hiddenDirectories {
        try coverExisting(path, below: root) { _ in
            try DetachedMount(
                type: "tmpfs", options: [("mode", "000"), ("size", "4k")], attributes: restrictions.union(.readOnly))
        }
    }
    for path in hiddenFiles {
        try coverExisting(path, below: root) { _ in
            try DetachedMount(copying: "/dev/null", recursive: false)  // the host's own, not the image's
        }
    }
}

private func mountProcesses(
    _ root: borrowing Descriptor, _ restrictions: MountAttributes, _ users: PrivateUsers?
) throws {
    do {
        try DetachedMount(type: "proc", attributes: restrictions).attach(
            at: openMountTarget("/proc", below: root, isDirectory: true))
    } catch {
        guard users != nil, error.errno == .notPermitted else { throw error }
        throw Failure(
            "cannot mount /proc in the user namespace: something covers a part of the host's /proc, as in a container",
            cause: error)
    }
}

/// Covers a path of the kernel's trees; what this kernel does not have needs no cover.
private func coverExisting(
    _ path: String, below root: borrowing Descriptor, with cover: (borrowing Descriptor) throws -> DetachedMount
) throws {
    do {
        let target = try root.openBeneath(path, [.path])
        try cover(target).attach(at: target)
    } catch let error as SystemCallError where error.call == "openat2" && error.errno == .noSuchFileOrDirectory {
        return
    }
}

private func readOnlyView(of target: borrowing Descriptor) throws -> DetachedMount {
    let view = try DetachedMount(copying: target, recursive: false)
    try view.restrict(.readOnly)
    return view
}
