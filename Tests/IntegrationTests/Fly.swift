import SystemPackage
import TestSupport
import Testing

extension Integration {
    /// What stage1-fly gives that stage1-ns must not.
    @Suite struct Fly {
        @Test func `the app is in the host's namespaces but for its mounts`() throws {
            try RktFixture.with { rkt throws in
                let facts = try rkt.ask(.fly, "namespaces")
                for name in ["pid", "uts", "ipc", "net", "cgroup", "user"] {
                    #expect(facts["ns.\(name)"] == (try hostNamespace(name)), "\(name)")
                }
                #expect(facts["ns.mnt"] != (try hostNamespace("mnt")))
            }
        }

        @Test func `the pid of rkt is the pid of the app`() throws {
            try RktFixture.with { rkt throws in
                let (pod, uuid) = try rkt.startWaitingPod(.fly)
                #expect(Facts(pod.outputSoFar)["waiting"] == "\(pod.pid)")
                #expect(try rkt("status", uuid).lines.contains("pid=\(pod.pid)"))
                #expect(try readText(rkt.podDirectory(uuid).appending("pid")) == "\(pod.pid)\n")
                pod.signal(15)
                pod.wait()
            }
        }

        @Test func `an app that closes what it inherits runs on for rkt`() throws {
            try RktFixture.with { rkt throws in
                let image = try rkt.fetch(
                    RktFixture.probe("example.com/closing").file("/busybox", from: Programs.find("busybox")))
                let script = "for i in 3 4 5 6 7 8 9; do eval \"exec $i>&-\"; done; echo closed; exec /inspect wait 60"
                let pod = try rkt.start(
                    rkt.podArguments(
                        .fly, image: image, options: ["--uuid-file-save=\(rkt.directory)/uuid"],
                        appOptions: ["--exec=/busybox"], ["sh", "-c", script]))
                try pod.waitForOutput("waiting=")
                let uuid = try readText(rkt.directory.appending("uuid"))
                #expect(try rkt("status", uuid).succeeded().lines.contains("state=running"))
                try rkt("gc", "--grace-period=0s").succeeded()
                try rkt("rm", uuid).refused("is currently running")
                let waiting = try rkt.start(["status", "--wait", uuid])
                try rkt("stop", uuid).succeeded()
                #expect(pod.wait(.seconds(20)).status == 0)
                #expect(waiting.wait(.seconds(20)).lines.contains("state=exited"))
                try rkt("rm", uuid).succeeded()
                #expect(rkt.podIDs == [])
            }
        }

        @Test func `the host's devices, processes and kernel are there, and a temporary directory of its own`() throws {
            try RktFixture.with { rkt throws in
                let facts = try rkt.ask(
                    .fly, "stat /dev/null + list /sys/class/net + read /proc/1/comm + list /tmp + open-write /dev/null")
                #expect(facts["stat /dev/null"]?.hasSuffix("1:3") == true)
                #expect(facts["list /sys/class/net"]?.contains("lo") == true)
                #expect(
                    facts["read /proc/1/comm"] == (try readText("/proc/1/comm").split(separator: "\n").joined() + "\\n")
                )
                #expect(facts["list /tmp"] == "")
            }
        }

        /// Propagation of host volumes, /dev, /proc and /sys is that of their source.
        @Test(arguments: [(true, true), (false, false)])
        func `a mount made below a shared volume appears on the host, below a private one it does not`(
            shared: Bool, appears: Bool
        ) throws {
            try RktFixture.with { rkt throws in
                let source = rkt.directory.appending("source")
                try rkt.mountMemory(on: source)
                try Command("/bin/mount", [shared ? "--make-shared" : "--make-private", source.string]).run()
                    .succeeded()
                try makeDirectories(source.appending("made"))
                let facts = try rkt.ask(
                    .fly, "mount tmpfs /data/made tmpfs + write /data/made/note 1",
                    options: ["--volume=data,kind=host,source=\(source)"],
                    appOptions: ["--mount=volume=data,target=/data"])
                #expect(facts["mount /data/made"] == "ok")
                let onHost = mountPoints(below: source.appending("made"))
                #expect(onHost.isEmpty == !appears)
                #expect(exists(source.appending("made/note")) == appears)
            }
        }

        @Test func `a mount made on the host below a shared volume appears in the app`() throws {
            try RktFixture.with { rkt throws in
                let source = rkt.directory.appending("source")
                try rkt.mountMemory(on: source)
                try Command("/bin/mount", ["--make-shared", source.string]).run().succeeded()
                try makeDirectories(source.appending("late"))
                let pod = try rkt.start(
                    rkt.podArguments(
                        .fly, image: rkt.probeImage(), options: ["--volume=data,kind=host,source=\(source)"],
                        appOptions: ["--mount=volume=data,target=/data"],
                        ["wait", "60", "+", "exists", "/data/late/note"]))
                try pod.waitForOutput("waiting=")
                try Command("/bin/mount", ["-t", "tmpfs", "tmpfs", source.appending("late").string]).run().succeeded()
                try writeText("", to: source.appending("late/note"))
                pod.signal(15)
                #expect(Facts(pod.wait().output)["exists /data/late/note"] == "yes")
            }
        }

        @Test func `in stage1-ns nothing mounted reaches the host`() throws {
            try RktFixture.with { rkt throws in
                let source = rkt.directory.appending("source")
                try rkt.mountMemory(on: source)
                try Command("/bin/mount", ["--make-shared", source.string]).run().succeeded()
                try makeDirectories(source.appending("made"))
                let facts = try rkt.ask(
                    "mount tmpfs /data/made tmpfs",
                    options: [
                        "--volume=data,kind=host,source=\(source)", "--insecure-options=image,all-run",
                    ], appOptions: ["--mount=volume=data,target=/data", "--caps-retain=CAP_SYS_ADMIN"])
                #expect(facts["mount /data/made"] == "ok")
                #expect(mountPoints(below: source.appending("made")).isEmpty)
            }
        }

        @Test func `what only stage1-ns does is refused where the user asks, and told where the image does`() throws {
            try RktFixture.with { rkt throws in
                for (flag, mode) in [("stdin", "stream"), ("stdout", "null"), ("stderr", "tty"), ("stdin", "null")] {
                    try rkt.run(.fly, image: rkt.probeImage(), appOptions: ["--\(flag)=\(mode)"], ["user"]).refused(
                        "stage1-fly leaves an app the streams of rkt; --\(flag)=\(mode) needs stage1-ns")
                }
                try rkt.run(.fly, image: rkt.probeImage(), appOptions: ["--stdout=log"], ["user"]).succeeded()
                let image = try rkt.fetch(
                    RktFixture.probe("example.com/a").eventHandler(
                        "pre-start", exec: ["/inspect", "write", "/made", "x"]
                    )
                    .isolator("os/linux/no-new-privileges", "true"))
                let result = try rkt.run(.fly, image: image, ["exists", "/made"]).succeeded()
                #expect(result.text == "exists /made=no")
                #expect(
                    result.errors.contains("runs no handlers, ignoring pre-start; stage1-ns runs them"), "\(result)")
                #expect(result.errors.contains("ignoring os/linux/no-new-privileges"), "\(result)")
            }
        }

        @Test func `the host's mounts are the same while it runs and after a kill`() throws {
            try RktFixture.with { rkt throws in
                for flavor in Flavor.all {
                    let before = try readText("/proc/self/mountinfo")
                    let (pod, _) = try rkt.startWaitingPod(flavor)
                    #expect(try readText("/proc/self/mountinfo") == before, "\(flavor), running")
                    pod.signal(9)
                    pod.wait()
                    #expect(try readText("/proc/self/mountinfo") == before, "\(flavor), killed")
                    try waitUntil("the pod to be gone") { !(try rkt("list", "--no-legend").output).contains("running") }
                    try rkt.collectGarbage()
                    #expect(try readText("/proc/self/mountinfo") == before, "\(flavor), collected")
                }
            }
        }
    }
}
