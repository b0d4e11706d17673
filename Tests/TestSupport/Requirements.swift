import CLinux
import Glibc
import SystemPackage

/// What this machine has.
///
/// Tests that need more say so: `.enabled(if: Requirements.root, "needs root")`.
package enum Requirements {
    package static let root = geteuid() == 0

    /// Whether a memory limit can be set below our own cgroup, in v1 or v2.
    package static let memoryController = canMakeCgroup(in: "/sys/fs/cgroup/memory") || unified("memory")
    package static let cpuController =
        canMakeCgroup(in: "/sys/fs/cgroup/cpu") || canMakeCgroup(in: "/sys/fs/cgroup/cpu,cpuacct") || unified("cpu")
    package static let pidsController = canMakeCgroup(in: "/sys/fs/cgroup/pids") || isUnified && unified("pids")
    /// Whether bandwidth of disks can be limited.
    package static let diskThrottling =
        canMakeCgroup(in: "/sys/fs/cgroup/blkio")
        && access("/sys/fs/cgroup/blkio/blkio.throttle.read_bps_device", F_OK) == 0 || isUnified && unified("io")
    package static let devicesController = canMakeCgroup(in: "/sys/fs/cgroup/devices") || isUnified

    /// cgroup v2 alone, without v1 controllers.
    package static let isUnified: Bool = {
        let descriptor = open("/sys/fs/cgroup", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        defer { close(descriptor) }
        return clinux_filesystem_type(descriptor) == CLINUX_CGROUP2_SUPER_MAGIC
    }()

    /// Lowering oom_score_adj and raising hard limits needs CAP_SYS_RESOURCE.
    package static let resourceCapability: Bool = {
        var effective: UInt64 = 0
        var permitted: UInt64 = 0
        var inheritable: UInt64 = 0
        _ = clinux_capget(&effective, &permitted, &inheritable)
        return effective & 1 << 24 != 0
    }()

    /// Numbers of system calls in tests are those of x86-64.
    package static let x86 = {
        #if arch(x86_64)
            true
        #else
            false
        #endif
    }()

    package static func has(_ program: String) -> Bool { (try? Programs.find(program)) != nil }

    private static func unified(_ controller: String) -> Bool {
        let file: FilePath =
            isUnified ? "/sys/fs/cgroup/cgroup.controllers" : "/sys/fs/cgroup/unified/cgroup.controllers"
        let words = (try? readText(file))?.split { $0 == " " || $0 == "\n" } ?? []  // no such hierarchy
        return words.contains(Substring(controller))
    }

    private static func canMakeCgroup(in hierarchy: String) -> Bool {
        let probe = "\(hierarchy)/probe-\(getpid())"
        if access("\(hierarchy)/cgroup.procs", F_OK) != 0 || mkdir(probe, 0o755) == -1 { return false }
        rmdir(probe)
        return true
    }
}
