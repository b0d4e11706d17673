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

/// Mounts `/proc` and `/sys` of the pod, with `masked` in the form that apps may see.
///
/// Apps get copies of both with all that hangs below, so nothing in an app's root can come between a path and its cover.
func mountKernelTrees(_ root: borrowing Descriptor, masked: Bool) throws {
    let restrictions: MountAttributes = [.noSetUserID, .noDevices, .noExecute]
    try DetachedMount(type: "proc", attributes: restrictions).attach(
        at: openMountTarget("/proc", below: root, isDirectory: true))
    try DetachedMount(type: "sysfs", attributes: masked ? restrictions.union(.readOnly) : restrictions).attach(
        at: openMountTarget("/sys", below: root, isDirectory: true))
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
