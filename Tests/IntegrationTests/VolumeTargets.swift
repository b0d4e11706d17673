import SystemPackage
import TestSupport
import Testing

extension Integration {
    /// Where volumes can be mounted, and what can be one.
    @Suite struct VolumeTargets {
        @Test(arguments: Flavor.all, ["/", "/x/..", "/proc", "/proc/self/attr", "/dev"])
        func `the root, the kernel's tree of processes and all devices cannot be covered`(
            flavor: Flavor, path: String
        ) throws {
            try RktFixture.with { rkt throws in
                let source = try rkt.source([:])
                try rkt.run(
                    flavor, image: rkt.probeImage(), options: ["--volume=v,kind=host,source=\(source)"],
                    appOptions: ["--mount=volume=v,target=\(path)"], ["user"]
                ).refused("cannot mount a volume on '/")
                try rkt.run(
                    flavor, image: rkt.fetch(RktFixture.probe("example.com/a").mountPoint("v", path)),
                    options: ["--volume=v,kind=host,source=\(source)"], ["user"]
                ).refused("cannot mount a volume on '/")
                #expect(try entries(of: source) == [])
            }
        }

        @Test(arguments: Flavor.all, ["/proc/self/attr", "/proc/sys", "/..", "/dev", "/dev/../proc/1/fd", "/proc"])
        func `nor through a link of the image`(flavor: Flavor, link: String) throws {
            try RktFixture.with { rkt throws in
                let source = try rkt.source([:])
                let image = try rkt.fetch(RktFixture.probe("example.com/a").symlink("/link", to: link))
                let result = try rkt.run(
                    flavor, image: image, options: ["--volume=v,kind=host,source=\(source)"],
                    appOptions: ["--mount=volume=v,target=/link"], ["user"])
                result.refused("/link")
                #expect(result.output == "")
            }
        }

        /// With stage1-fly these are the host's.
        @Test(arguments: ["/dev/rkt-test-volume", "/sys/rkt-test-volume", "/sys", "/link/rkt-test-volume"])
        func `stage1-fly makes and mounts nothing in the host's trees`(path: String) throws {
            try RktFixture.with { rkt throws in
                let source = try rkt.source([:])
                let image = try rkt.fetch(RktFixture.probe("example.com/a").symlink("/link", to: "/dev"))
                let before = try readText("/proc/self/mountinfo")
                try rkt.run(
                    .fly, image: image, options: ["--volume=v,kind=host,source=\(source)"],
                    appOptions: ["--mount=volume=v,target=\(path)"], ["user"]
                ).refused(path)
                #expect(!exists("/dev/rkt-test-volume"))
                #expect(try readText("/proc/self/mountinfo") == before)
            }
        }

        @Test func `below sys there is what the user mounts, and then nothing else`() throws {
            try RktFixture.with { rkt throws in
                let source = try rkt.source(["note": "mine"])
                let facts = try rkt.ask(
                    "read /sys/fs/cgroup/note + list /sys", options: ["--volume=v,kind=host,source=\(source)"],
                    appOptions: ["--mount=volume=v,target=/sys/fs/cgroup"])
                #expect(facts["read /sys/fs/cgroup/note"] == "mine")
                #expect(facts["list /sys"] == "fs")
                let usual = try rkt.ask("list /sys")
                #expect(usual["list /sys"]?.contains("kernel") == true)
            }
        }

        @Test(arguments: Flavor.all)
        func `a socket can be a volume`(flavor: Flavor) throws {
            try RktFixture.with { rkt throws in
                let server = try rkt.start(
                    rkt.podArguments(
                        .fly, image: rkt.probeImage(),
                        options: ["--volume=run,kind=host,source=\(try rkt.source([:]))"],
                        appOptions: ["--mount=volume=run,target=/srv"], ["serve", "/srv/socket"]))
                let socket = rkt.directory.appending("source/socket")
                try waitUntil("the socket to be there") { exists(socket) }
                let facts = try rkt.ask(
                    flavor, "stat /run/there.sock", options: ["--volume=s,kind=host,source=\(socket)"],
                    appOptions: ["--mount=volume=s,target=/run/there.sock"])
                #expect(facts["stat /run/there.sock"]?.hasPrefix("socket") == true)
                server.signal(15)
                server.wait()
            }
        }

        @Test(arguments: Flavor.all)
        func `a directory does not go on a file, nor a file on a directory`(flavor: Flavor) throws {
            try RktFixture.with { rkt throws in
                let source = try rkt.source(["note": ""])
                for (from, target) in [(source, "/inspect"), (source.appending("note"), "/etc")] {
                    try rkt.run(
                        flavor, image: rkt.probeImage(), options: ["--volume=v,kind=host,source=\(from)"],
                        appOptions: ["--mount=volume=v,target=\(target)"], ["user"]
                    ).refused(target)
                }
            }
        }

        /// A device that no app has by itself.
        @Test func `a device that is a volume can be used, read-only only to read`() throws {
            try RktFixture.with { rkt throws in
                for target in ["/dev/messages", "/opt/messages"] {
                    let volume = "--volume=d,kind=host,source=/dev/kmsg"
                    let mount = ["--mount=volume=d,target=\(target)", "--caps-retain=CAP_SYSLOG"]
                    let facts = try rkt.ask(
                        "stat \(target) + open \(target) + open-write \(target)", options: [volume], appOptions: mount)
                    #expect(facts["stat \(target)"]?.hasSuffix("1:11") == true)
                    #expect(facts["open \(target)"] == "ok")
                    #expect(facts["open-write \(target)"] == "ok")
                    let result = try rkt.run(
                        image: rkt.probeImage(), options: ["\(volume),readOnly=true"], appOptions: mount,
                        ["open", target, "+", "open-write", target])
                    if result.status == 0 {
                        #expect(Facts(result.output)["open \(target)"] == "ok")
                        #expect(Facts(result.output)["open-write \(target)"] != "ok")
                    } else {
                        result.refused("device")  // nothing here can keep the app from writing
                    }
                }
                let none = try rkt.ask("device c 1 11 /tmp", appOptions: ["--caps-retain=CAP_SYSLOG,CAP_MKNOD"])
                #expect(none["device c 1:11"]?.contains("=ok read=ok") != true)
            }
        }

        @Test(arguments: Flavor.all)
        func `volumes inside volumes do not appear on the host`(flavor: Flavor) throws {
            try RktFixture.with { rkt throws in
                let outer = rkt.directory.appending("outer")
                try rkt.mountMemory(on: outer)
                try Command("/bin/mount", ["--make-shared", outer.string]).run().succeeded()
                try makeDirectories(outer.appending("inner"))
                let inner = try rkt.source(["note": "inner"], "other")
                let pod = try rkt.startWaitingPod(
                    flavor,
                    options: ["--volume=o,kind=host,source=\(outer)", "--volume=i,kind=host,source=\(inner)"],
                    appOptions: ["--mount=volume=i,target=/data/inner", "--mount=volume=o,target=/data"],
                    questions: "exists /data/inner/note")
                #expect(Facts(pod.0.outputSoFar)["exists /data/inner/note"] == "yes")
                #expect(try entries(of: outer.appending("inner")) == [])
                #expect(mountPoints(below: outer) == [outer.string])
                pod.0.signal(15)
                pod.0.wait()
            }
        }
    }

    /// Somebody who shares a volume renames in it as fast as it goes while others are mounted below.
    @Suite struct VolumeRaces {
        @Test(arguments: ["/OUTSIDE", "../../../../../../../../OUTSIDE", "/proc/self/root/OUTSIDE", "/"])
        func `whatever a neighbour swaps, nothing is made or mounted outside`(link: String) throws {
            try RktFixture.with { rkt throws in
                let shared = try rkt.source([:], "shared")
                let outside = try rkt.source(["keep": "keep"], "outside")
                let other = try rkt.source(["note": "other"], "other")
                try makeDirectories(shared.appending("place"))
                let target = link.replacingFirst("/OUTSIDE", outside.string)
                try Command("/bin/ln", ["-s", target, shared.appending("link").string]).run().succeeded()
                let image = try rkt.fetch(
                    RktFixture.probe("example.com/victim").directory("/data").mountPoint("v", "/data/place/deep")
                        .eventHandler("pre-start", exec: ["/inspect", "sleep", "20"]))
                let before = try readText("/proc/self/mountinfo")
                let rounds = Programs.long ? 2000 : 25
                var (started, refused) = (0, 0)
                let swapper = try rkt.start([
                    "run", "--net=none", "--volume=shared,kind=host,source=\(shared)", try rkt.probeImage(),
                    "--mount=volume=shared,target=/data", "--", "swap", "/data/place", "/data/link",
                ])
                try swapper.waitForOutput("swapping=")
                for _ in 0..<rounds {
                    let result = try rkt.run(
                        image: image,
                        options: [
                            "--volume=shared,kind=host,source=\(shared)", "--volume=v,kind=host,source=\(other)",
                        ],
                        appOptions: ["--mount=volume=shared,target=/data"], ["mounts"], limit: .seconds(30))
                    if result.status == 0 { started += 1 } else { refused += 1 }
                    let inApp = result.lines.filter { $0.hasPrefix("mount") }
                    #expect(inApp.allSatisfy { !$0.contains(" \(outside) ") }, "\(result)")
                }
                swapper.signal(15)
                #expect(!swapper.wait(.seconds(20)).output.contains("swapping=E"), "it swapped to the end")
                #expect(started + refused == rounds && started > 0, "\(started) started, \(refused) refused")
                #expect(try readText("/proc/self/mountinfo") == before)
                #expect(try entries(of: outside) == ["keep"])
                #expect(try entries(of: other) == ["note"])
                #expect(!exists("/deep"))
            }
        }

        @Test func `an app that swaps in a pod's own volume changes nothing for its neighbour but the place`() throws {
            try RktFixture.with { rkt throws in
                let outside = try rkt.source(["keep": "keep"], "outside")
                let image = try rkt.fetch(
                    RktFixture.probe("example.com/victim").eventHandler(
                        "pre-start", exec: ["/inspect", "sleep", "100"]))
                for _ in 0..<(Programs.long ? 300 : 8) {
                    let result = try rkt([
                        "run", "--net=none", "--volume=shared,kind=empty", "--volume=inner,kind=empty",
                        "--mount=volume=shared,target=/data", image, "--name=attacker", "--", "mkdir", "/data/place",
                        "+",
                        "symlink", "/data/link", outside.string, "+", "swap", "/data/place", "/data/link", "---", image,
                        "--name=victim", "--mount=volume=inner,target=/data/place/deep", "--", "sleep", "20", "+",
                        "exit",
                        "9",
                    ])
                    #expect([9, 254].contains(result.status), "\(result)")
                    #expect(try entries(of: outside) == ["keep"])
                }
            }
        }
    }
}
