import AppContainer
import LinuxSystem
import Stage1Kit
import Stage2Interface
import SystemPackage
import Testing

@Suite struct ResourcePlanTests {
    private func plan(_ isolators: Isolator...) throws -> ResourcePlan {
        var app = App(exec: ["/x"])
        app.isolators = isolators
        return try ResourcePlan(app)
    }

    private func limit(_ text: String) throws -> ResourceLimits { ResourceLimits(limit: try Quantity(text)) }

    private func texts(_ plan: ResourcePlan, isUnified: Bool, disks: [String] = []) -> [String] {
        cgroupSettings(plan, isUnified: isUnified, disks: disks).map { "\($0.file)=\($0.value)" }
    }

    @Test func `limits become values for both versions of cgroups`() throws {
        let plan = try plan(
            .memory(limit("64Mi")), .cpu(limit("500m")), .cpuShares(1024), .pids(limit("20")),
            .blockBandwidth(ResourceLimits(isDefault: true, limit: Quantity("1M"))),
            .blockIOPS(ResourceLimits(isDefault: true, limit: Quantity("100"))))
        #expect(
            texts(plan, isUnified: true, disks: ["8:0", "254:1"]) == [
                "memory.max=67108864", "memory.swap.max=0", "cpu.max=50000 100000", "cpu.weight=39", "pids.max=20",
                "io.max=8:0 rbps=1000000 wbps=1000000 riops=100 wiops=100",
                "io.max=254:1 rbps=1000000 wbps=1000000 riops=100 wiops=100",
            ])
        #expect(
            texts(plan, isUnified: false, disks: ["8:0"]) == [
                "memory.limit_in_bytes=67108864", "memory.memsw.limit_in_bytes=67108864",
                "cpu.cfs_period_us=100000", "cpu.cfs_quota_us=50000", "cpu.shares=1024", "pids.max=20",
                "blkio.throttle.read_bps_device=8:0 1000000", "blkio.throttle.write_bps_device=8:0 1000000",
                "blkio.throttle.read_iops_device=8:0 100", "blkio.throttle.write_iops_device=8:0 100",
            ])
        #expect(plan.needs(isUnified: false).map(\.controller) == ["memory", "cpu", "cpu", "pids", "blkio", "blkio"])
        #expect(plan.needs(isUnified: true).last?.controller == "io")
    }

    @Test func `nothing wanted is nothing written`() throws {
        let plan = try plan(.memory(ResourceLimits(request: Quantity("1G"))), .cpu(ResourceLimits()))
        #expect(texts(plan, isUnified: true, disks: ["8:0"]).isEmpty)
        #expect(plan.needs(isUnified: true).isEmpty)
    }

    @Test(arguments: [
        ("5m", "5000 1000000"), ("9m", "9000 1000000"), ("10m", "1000 100000"), ("1", "100000 100000"),
        ("175000k", "17500000000000 100000"),
    ])
    func `a share of the processors is exact`(cpu: String, expected: String) throws {
        #expect(texts(try plan(.cpu(limit(cpu))), isUnified: true) == ["cpu.max=\(expected)"])
    }

    @Test func `what the kernel cannot count is no limit`() throws {
        #expect(texts(try plan(.cpu(limit("200000k"))), isUnified: true).isEmpty)
        #expect(texts(try plan(.cpu(limit("9223372036854775"))), isUnified: false).isEmpty)
        #expect(texts(try plan(.memory(limit("16E"))), isUnified: false).isEmpty)
        #expect(texts(try plan(.pids(limit("4194305"))), isUnified: true).isEmpty)
        let operations = try plan(.blockIOPS(ResourceLimits(isDefault: true, limit: Quantity("5G"))))
        #expect(texts(operations, isUnified: false, disks: ["8:0"]).isEmpty)
    }

    @Test func `what cannot be meant is refused`() throws {
        let nothing = try limit("0")
        let sentences: [(Isolator, String)] = [
            (.memory(try limit("1e25")), "memory limit '1e25' is too large"),
            (.memory(try limit("1")), "memory limit of 1 bytes too low. Try a reasonable value, such as 16M"),
            (.cpu(try limit("9223372036854776")), "cpu limit exceeds the maximum millivalue: 9223372036854776"),
            (.cpu(try limit("1e20")), "cpu limit exceeds the maximum millivalue: 1e20"),
            (.cpu(nothing), "cpu limit of 0 lets nothing run"),
            (.pids(nothing), "resource/pids limit of 0 lets nothing start"),
            (.blockBandwidth(nothing), "resource/block-bandwidth limit of 0 lets nothing start"),
        ]
        for (isolator, sentence) in sentences {
            let error = #expect(throws: Failure.self) { try plan(isolator) }
            #expect(error.map { "\($0)" } == sentence)
        }
    }

    @Test func `a score is exact from the user and only raised by an image`() {
        #expect(OutOfMemoryScore.exactly(0).change(from: 500) == 0)
        #expect(OutOfMemoryScore.exactly(500).change(from: 500) == nil)
        #expect(OutOfMemoryScore.atLeast(0).change(from: 500) == nil)
        #expect(OutOfMemoryScore.atLeast(600).change(from: 500) == 600)
        #expect(OutOfMemoryScore.atLeast(0).change(from: -500) == 0)
    }

    @Test func `limits of the user replace, those of an image end at the hard limit`() throws {
        let nofile = ProcessLimit.Resource.nofile.number
        let inherited = InheritedLimits(
            [LaunchSpec.ResourceLimit(resource: nofile, soft: 100, hard: 1000)], mayRaise: false)
        func limits(_ isolators: Isolator...) throws -> [UInt64] {
            var app = App(exec: ["/x"])
            app.isolators = isolators
            return try inherited.limits(of: app).flatMap { [$0.soft, $0.hard] }
        }
        #expect(try limits() == [100, 1000])
        #expect(try limits(.processLimits([ProcessLimit(parsing: "nofile=5:500")])) == [5, 500])
        #expect(try limits(.processLimitsAtMost([ProcessLimit(parsing: "nofile=5:unlimited")])) == [5, 1000])
        #expect(try limits(.processLimitsAtMost([ProcessLimit(parsing: "nofile=2000")])) == [1000, 1000])
        #expect(throws: Failure.self) { try limits(.processLimits([ProcessLimit(parsing: "nofile=1001")])) }
    }
}

@Suite struct SysctlTests {
    private func sysctls(_ settings: [(String, String)]) throws -> [String] {
        var map = StringMap()
        for (key, value) in settings { map[key] = value }
        var app = App(exec: ["/x"])
        app.isolators = [.sysctl(map)]
        return try Stage1Kit.sysctls(of: app).map { "\($0.path)=\($0.value)" }
    }

    @Test func `settings of a namespace have their place`() throws {
        let wanted = [
            ("kernel.shmmax", "1"), ("kernel.msgmnb", "2"), ("kernel.sem", "1 2 3 4"), ("fs.mqueue.msg_max", "5"),
            ("net.ipv4.conf.eth0/100.forwarding", "1"),
        ]
        #expect(
            try sysctls(wanted) == [
                "kernel/shmmax=1", "kernel/msgmnb=2", "kernel/sem=1 2 3 4", "fs/mqueue/msg_max=5",
                "net/ipv4/conf/eth0.100/forwarding=1",
            ])
    }

    @Test(arguments: [
        "kernel.core_pattern", "kernel.hostname", "vm.overcommit_memory", "fs.file-max", "kernel", "", "net.",
        "net..core", "net.//.x", "net.a/", "../../etc/passwd", "/proc/sys/net", "net.ipv4.a\nb", "net.ipv4.a b",
        "net./.x", "kernel.semx", "kernel.sem.x",
    ])
    func `anything else is refused`(key: String) {
        if key == "net.a/" { return }  // a word may end in a dot
        #expect(throws: Failure.self) { try sysctls([(key, "1")]) }
    }

    @Test(arguments: ["a\nb", "a\u{0}", String(repeating: "9", count: 1025)])
    func `a value is one short line`(value: String) {
        #expect(throws: Failure.self) { try sysctls([("kernel.shmmax", value)]) }
    }
}

@Suite struct UnifiedParentTests {
    private let all: Set = ["cpu", "memory", "pids"]

    private func parent(_ levels: [UnifiedLevel], _ wanted: Set<String> = ["memory"]) throws -> UnifiedParent? {
        try UnifiedParent(levels, wanted: wanted, process: 10)
    }

    @Test func `without limits a pod stays below its own cgroup`() throws {
        let result = try parent(
            [UnifiedLevel("/c/s", controllers: all, processes: [10, 11], limits: ["pids.max"])], [])
        #expect(result?.directory == "/c/s")
        #expect(result?.isOccupied == false)
    }

    @Test func `alone in its cgroup rkt makes room in it`() throws {
        let result = try parent([
            UnifiedLevel("/c/s", controllers: all, processes: [10], limits: ["memory.max"]),
            UnifiedLevel("/c", isMachine: true, controllers: all, given: all),
        ])
        #expect(result?.directory == "/c/s")
        #expect(result?.missing == ["memory"])
        #expect(result?.refuge(for: "X") == "/c/s/rkt-X-supervisor")
    }

    @Test func `among others it goes to the nearest cgroup above`() throws {
        let result = try parent([
            UnifiedLevel("/c/u/s", controllers: ["memory"], processes: [9, 10]),
            UnifiedLevel("/c/u", controllers: all, given: ["memory"]),
            UnifiedLevel("/c", isMachine: true, controllers: all, given: all, processes: [1]),
        ])
        #expect(result?.directory == "/c/u")
        #expect(result?.missing == [])
        #expect(result?.refuge(for: "X") == nil)
    }

    @Test func `never past a limit`() {
        let levels = [
            UnifiedLevel("/c/s", controllers: all, processes: [9, 10], limits: ["memory.max"]),
            UnifiedLevel("/c", isMachine: true, controllers: all, given: all),
        ]
        let error = #expect(throws: Failure.self) { try parent(levels) }
        #expect(
            error.map { "\($0)" }
                == "cannot give apps limits of their own below cgroup '/c/s': other processes are in it, and elsewhere "
                + "its memory.max would not count; start rkt as the only process of its service or scope")
    }

    @Test func `a service that was not given a controller is told to have it delegated`() {
        let levels = [
            UnifiedLevel("/c/s", controllers: ["memory"], processes: [10], limits: ["pids.max"]),
            UnifiedLevel("/c", isMachine: true, controllers: all, given: all),
        ]
        let error = #expect(throws: Failure.self) { try parent(levels, ["cpu", "memory"]) }
        #expect(
            error.map { "\($0)" }
                == "cannot give apps limits of their own below cgroup '/c/s': it was not given cpu, and elsewhere its "
                + "pids.max would not count; start rkt in a service or scope with Delegate=yes")
    }

    @Test func `the top of the machine may hold processes, that of a container not`() throws {
        let machine = [UnifiedLevel("/c", isMachine: true, controllers: all, given: ["cpu"], processes: [1, 10])]
        #expect(try parent(machine)?.missing == ["memory"])
        let container = [UnifiedLevel("/c", controllers: all, processes: [1, 10])]
        #expect(throws: Failure.self) { try parent(container) }
    }

    @Test func `no cgroups, no parent`() throws { #expect(try parent([]) == nil) }
}

@Suite struct MemoryKillsTests {
    private func kills(_ events: String, isUnified: Bool = true) throws -> String? {
        let app = try ACName("app")
        return MemoryKills(events, isUnified: isUnified)?.sentence(of: app, limit: "4096")
    }

    @Test func `an app over its own limit is told so`() throws {
        let own = "app 'app' reached its memory limit of 4096 bytes, and the kernel ended "
        #expect(try kills("low 0\nhigh 0\nmax 9\noom 1\noom_kill 1\noom_group_kill 0\n") == own + "a process of it")
        #expect(try kills("max 9\noom 2\noom_kill 3\n") == own + "3 processes of it")
        #expect(try kills("oom_kill_disable 0\nunder_oom 0\noom_kill 1\n", isUnified: false) == own + "a process of it")
    }

    @Test func `where a limit above was reached the app's own is not named`() throws {
        #expect(
            try kills("max 0\noom 0\noom_kill 1\n")
                == "memory ran out outside of the limit of app 'app', and the kernel ended a process of it")
    }

    @Test func `without an end there is nothing to tell`() throws {
        #expect(try kills("oom 1\noom_kill 0\n") == nil)
        #expect(try kills("") == nil)
    }
}
