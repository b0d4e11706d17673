import LinuxSystem
import SystemPackage
import Testing

@Suite struct CgroupLayoutTests {
    private let hybridMounts = """
        30 23 0:26 / /sys/fs/cgroup ro - tmpfs tmpfs ro
        31 30 0:27 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct
        32 30 0:28 /jail /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory
        33 30 0:29 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,name=systemd
        34 30 0:30 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw
        """

    @Test func `a host with both versions counts as version 1, and a mounted part is seen from its top`() {
        let layout = CgroupLayout(
            processCgroups: "5:cpu,cpuacct:/user\n4:memory:/jail/a\n3:pids:/\n2:name=systemd:/user\n0::/user\n",
            mountInfo: hybridMounts, isUnified: false)
        #expect(layout.version == .v1)
        #expect(
            layout.own == [
                "cpu": "/sys/fs/cgroup/cpu,cpuacct/user", "cpuacct": "/sys/fs/cgroup/cpu,cpuacct/user",
                "memory": "/sys/fs/cgroup/memory/a", "name=systemd": "/sys/fs/cgroup/systemd/user",
            ])
    }

    @Test func `version 2 has one hierarchy`() {
        let layout = CgroupLayout(
            processCgroups: "0::/system.slice/web.service\n",
            mountInfo: "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n", isUnified: true)
        #expect(layout.version == .v2)
        #expect(layout.own == [CgroupLayout.unified: "/sys/fs/cgroup/system.slice/web.service"])
        #expect(layout.unifiedRoot == "/sys/fs/cgroup")
    }

    @Test func `a host without cgroups has none`() {
        #expect(CgroupLayout(processCgroups: "0::/\n", mountInfo: "", isUnified: false).version == .none)
        let readOnly = hybridMounts.split(separator: "\n").map { line in
            var fields = line.split(separator: " ").map(String.init)
            fields[5] = "ro,nosuid"
            return fields.joined(separator: " ")
        }
        let layout = CgroupLayout(
            processCgroups: "4:memory:/\n0::/\n", mountInfo: readOnly.joined(separator: "\n"), isUnified: false)
        #expect(layout.version == .none)
    }
}
