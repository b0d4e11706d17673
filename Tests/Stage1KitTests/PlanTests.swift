import AppContainer
import LinuxSystem
import Testing

@testable import Stage1Kit

@Suite struct VolumePlanTests {
    private func app(mounts: [Mount], points: [MountPoint] = []) throws -> PreparedApp {
        var app = App(exec: ["/bin/true"])
        app.mountPoints = points
        return try PreparedApp.sample(app, mounts: mounts)
    }

    private func pod(_ app: PreparedApp, _ volumes: [Volume] = []) throws -> PodManifest {
        var pod = PodManifest(acVersion: try SemVer("1.0.0"))
        pod.apps = [app.runtime]
        pod.volumes = volumes
        return pod
    }

    @Test(arguments: ["/", "/x/..", "/proc", "/proc/self/attr", "/dev", "/dev/"])
    func `nothing covers the root, /proc or the whole of /dev`(path: String) throws {
        let app = try app(mounts: [Mount(ACName("data"), path: path)])
        let data = try Volume(ACName("data"), .host(source: "/srv"))
        let error = #expect(throws: Failure.self) { try volumePlan(for: app, of: pod(app, [data])) }
        #expect(error?.description.hasPrefix("cannot mount a volume on '/") == true)
    }

    @Test(arguments: ["/dev/disk", "/sys/fs/cgroup", "/processes", "/device"])
    func `a device, a kernel tree and names that only begin alike can be targets`(path: String) throws {
        let app = try app(mounts: [Mount(ACName("data"), path: path)])
        let data = try Volume(ACName("data"), .host(source: "/srv"))
        #expect(try volumePlan(for: app, of: pod(app, [data])).mounts.map(\.targetInApp) == [path])
    }

    @Test func `an empty volume that only one app has is not the pod's of that name`() throws {
        let own = try Volume(ACName("data"), .empty(mode: "0700", uid: 1, gid: 2))
        let app = try app(mounts: [Mount(ACName("data"), path: "/own", appVolume: own)])
        let shared = try Volume(ACName("data"), .empty(mode: "0755", uid: 0, gid: 0))
        #expect(
            try volumePlan(for: app, of: pod(app, [shared])).mounts.map(\.source)
                == [.pod(name: "app.data", mode: 0o700, user: 1, group: 2)])
    }

    @Test func `of two mount points on one path the first counts`() throws {
        let points = [
            try MountPoint(ACName("one"), path: "/data"), try MountPoint(ACName("two"), path: "/x/../data"),
        ]
        let app = try app(mounts: [], points: points)
        let two = try Volume(ACName("two"), .host(source: "/srv"))
        let plan = try volumePlan(for: app, of: pod(app, [two]))
        #expect(plan.mounts.map(\.source) == [.pod(name: "app-one", mode: 0o755, user: 0, group: 0)])
        #expect(plan.warnings.count == 1)
    }

    @Test func `a volume inside another is mounted after it, and the first of two on one path wins`() throws {
        let outer = try Volume(ACName("outer"), .host(source: "/srv/a"))
        let inner = try Volume(ACName("inner"), .host(source: "/srv/b"), readOnly: true)
        let app = try app(mounts: [
            Mount(ACName("inner"), path: "/data/logs"), Mount(ACName("outer"), path: "/data/"),
            Mount(ACName("inner"), path: "/x/../data"),
        ])

        let plan = try volumePlan(for: app, of: pod(app, [outer, inner]))

        #expect(
            plan.mounts == [
                VolumeMount(source: .host("/srv/a", recursive: nil), targetInApp: "/data", readOnly: false),
                VolumeMount(source: .host("/srv/b", recursive: nil), targetInApp: "/data/logs", readOnly: true),
            ])
        #expect(plan.warnings.isEmpty)
    }

    @Test func `a mount point without a volume gets an empty one and a warning`() throws {
        let app = try app(mounts: [], points: [MountPoint(ACName("data"), path: "/data", readOnly: true)])
        let plan = try volumePlan(for: app, of: pod(app))
        #expect(
            plan.mounts == [
                VolumeMount(
                    source: .pod(name: "app-data", mode: 0o755, user: 0, group: 0), targetInApp: "/data", readOnly: true
                )
            ])
        #expect(plan.warnings.count == 1)
        #expect(plan.warnings[0].hasPrefix("warning: no volume specified for mount point \"data\""))
    }

    @Test func `a mount without its volume is refused`() throws {
        let app = try app(mounts: [Mount(ACName("nothing"), path: "/data")])
        let error = #expect(throws: Failure.self) { try volumePlan(for: app, of: pod(app)) }
        #expect(error?.description == "could not find volume nothing")
    }
}

@Suite struct IdentityTests {
    private struct Files: UserSource {
        func database(_ path: String) -> String {
            path == "/etc/passwd"
                ? "root:x:0:0::/:\nweb:x:33:33::/:\nalone:x:77:1::/:\n007:x:0:0::/:\nbad:x:4294967296:0::/:\n"
                : "web:x:34:\n"
        }

        func owner(of path: String) -> (user: UInt32, group: UInt32) { (5, 6) }
    }

    private func user(_ text: String, group: String = "0", isDocker: Bool = false) throws -> AppIdentity {
        let app = App(exec: ["/x"], user: text, group: group)
        return try resolveIdentity(of: .sample(app, isDocker: isDocker), in: Files())
    }

    @Test(arguments: [("0", 0), ("root", 0), ("65534", 65534), ("web", 33), ("/etc/passwd", 5)] as [(String, UInt32)])
    func `a number, a name and the owner of a path are resolved`(text: String, expected: UInt32) throws {
        #expect(try user(text).user == expected)
    }

    @Test(arguments: [
        "-1", "+0", " 0", "00", "4294967295", "4294967296", "1000:", "0x0", "nobody", "007", "bad", "65536:0",
    ])
    func `what is no user is an error and never root`(text: String) {
        #expect(throws: (any Error).self) { try user(text) }
    }

    @Test func `groups come from the group file`() throws { #expect(try user("web", group: "web").group == 34) }

    /// Source: rkt 1.30.0: a converted image that names only a user has the group of that name, or the user's number.
    @Test func `a converted image that names only a user needs no group of that name`() throws {
        #expect(try user("web", group: "web", isDocker: true).group == 34)
        #expect(try user("1234", group: "1234", isDocker: true).group == 1234)
        #expect(try user("alone", group: "alone", isDocker: true) == user("77", group: "77"))
        #expect(throws: UserResolutionError.notFound("alone", kind: "group")) { try user("alone", group: "alone") }
        #expect(throws: UserResolutionError.notFound("nobody", kind: "group")) {
            try user("alone", group: "nobody", isDocker: true)
        }
        #expect(throws: UserResolutionError.notFound("nobody", kind: "user")) {
            try user("nobody", group: "nobody", isDocker: true)
        }
    }
}

@Suite struct RestrictionTests {
    private func app(_ isolators: Isolator...) -> App {
        var app = App(exec: ["/x"])
        app.isolators = isolators
        return app
    }

    @Test func `an app without isolators has the fourteen default capabilities`() throws {
        #expect(try capabilityMask(of: app()) == 0xa804_25fb)
    }

    @Test func `a retain set is exact, a remove set takes from the default`() throws {
        #expect(try capabilityMask(of: app(.capabilitiesRetain(["CAP_SYS_ADMIN"]))) == 1 << 21)
        #expect(try capabilityMask(of: app(.capabilitiesRemove(["CAP_CHOWN"]))) == 0xa804_25fa)
    }

    @Test func `both kinds at once and unknown names are refused`() {
        #expect(throws: Failure.self) {
            try capabilityMask(of: app(.capabilitiesRetain(["CAP_CHOWN"]), .capabilitiesRemove(["CAP_KILL"])))
        }
        #expect(throws: Failure.self) { try capabilityMask(of: app(.capabilitiesRemove(["CAP_NOTHING"]))) }
        #expect(throws: Failure.self) { try capabilityMask(of: app(.capabilitiesRetain(["CHOWN"]))) }
    }

    @Test func `every retain set lets a program start and end`() throws {
        let policy = try seccompPolicy(of: app(.seccompRetain(SeccompSet(["uname"]))))
        guard case .allow(let names, nil) = policy else {
            Issue.record("not a whitelist: \(policy)")
            return
        }
        #expect(Set(names).isSuperset(of: ["uname", "execve", "exit_group", "brk", "rt_sigreturn"]))
        #expect(!names.contains("socket"))
    }

    @Test func `unknown groups and removing everything are refused`() {
        #expect(throws: Failure.self) { try seccompPolicy(of: app(.seccompRemove(SeccompSet(["@nobody/knows"])))) }
        #expect(throws: Failure.self) { try seccompPolicy(of: app(.seccompRemove(SeccompSet(["@appc.io/all"])))) }
    }

    @Test func `the same policy compiles to the same filter, within what the kernel takes`() throws {
        let filter = try compileFilter(.standard)
        #expect(try compileFilter(.standard) == filter)
        #expect(filter.count % 8 == 0 && filter.count / 8 < 4096)
        #expect(try compileFilter(.unfiltered).isEmpty)
    }

    @Test func `names nobody knows are refused, those of other architectures do nothing`() throws {
        for name in ["mkdirr", "MKDIR", "", "no such call", "sys_mkdir"] {
            #expect(throws: Failure.self) { try seccompPolicy(of: app(.seccompRetain(SeccompSet([name])))) }
            #expect(throws: Failure.self) { try seccompPolicy(of: app(.seccompRemove(SeccompSet(["read", name])))) }
        }
        let foreign = ["chown32", "socketcall", "breakpoint", "s390_pci_mmio_read", "_llseek"]
        let policy = try seccompPolicy(of: app(.seccompRemove(SeccompSet(foreign + ["uname"]))))
        #expect(try compileFilter(policy) == compileFilter(.deny(["uname"], errno: nil)))
    }

    @Test func `the newest calls can be named, and are unknown to those who do not`() throws {
        #expect(SystemCallName("fchmodat2") == .number(452))
        #expect(SystemCallName("file_setattr") == .number(469))
        let without = try compileFilter(.allow(["read"], errno: nil))
        #expect(try compileFilter(.allow(["read", "fchmodat2"], errno: nil)) != without)
        #expect(try compileFilter(.deny(["fchmodat2"], errno: nil)) != compileFilter(.deny([], errno: nil)))
    }

    @Test func `ambient capabilities are among those an app may have`() throws {
        #expect(try ambientMask(of: app(.capabilitiesAmbient(["CAP_NET_RAW"])), within: 1 << 13 | 1) == 1 << 13)
        #expect(try ambientMask(of: app(.capabilitiesAmbient(["CAP_NET_RAW"])), within: nil) == 1 << 13)
        #expect(throws: Failure.self) {
            try ambientMask(of: app(.capabilitiesAmbient(["CAP_SYS_ADMIN"])), within: 0xa804_25fb)
        }
        #expect(throws: Failure.self) { try ambientMask(of: app(.capabilitiesAmbient(["CAP_X"])), within: nil) }
    }

    @Test func `a call or an error name nobody knows cannot be denied`() {
        #expect(throws: Failure.self) { try compileFilter(.deny(["no_such_call"], errno: nil)) }
        #expect(throws: Failure.self) { try compileFilter(.deny(["uname"], errno: "ENOTHING")) }
    }
}
