import SystemPackage
import TestSupport
import Testing

extension Integration {
    /// What isolators beyond memory and processors do, and that an image gets no more by them.
    @Suite struct Isolators {
        /// Tries to have 30 processes at once.
        private static let crowd = [
            "-c", "for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do /busybox sleep 1 & done",
        ]

        private static func shell(_ name: String) throws -> ACIBuilder {
            try RktFixture.probe(name).file("/busybox", from: Programs.find("busybox"))
                .app(exec: ["/busybox", "sh"])
        }

        @Test(.enabled(if: Requirements.pidsController, "no pids controller that can be used"))
        func `an app over its number of processes cannot start more`() throws {
            try RktFixture.with { rkt throws in
                let image = try rkt.fetch(Self.shell("example.com/crowd"))
                let limited = try rkt.run(image: image, appOptions: ["--pids=8"], Self.crowd)
                #expect(limited.errors.contains("can't fork"), "\(limited)")
                #expect(limited.status != 0)
                try rkt.run(image: image, appOptions: ["--pids=40"], Self.crowd).succeeded()
                let own = try rkt.fetch(
                    Self.shell("example.com/few").isolator("resource/pids", #"{"limit":"8"}"#))
                #expect(try rkt.run(image: own, Self.crowd).errors.contains("can't fork"))
                try rkt.run(image: own, appOptions: ["--pids=40"], Self.crowd).succeeded()
            }
        }

        @Test func `rlimits are those asked for, in run and in enter`() throws {
            try RktFixture.with { rkt throws in
                let (pod, uuid) = try rkt.startWaitingPod(
                    appOptions: [
                        "--rlimit=nofile=64:128", "--rlimit=core=0", "--rlimit=fsize=4096", "--rlimit=nofile=65:129",
                    ],
                    questions: "rlimits")
                let inside = limits(pod.outputSoFar)
                #expect(inside["Max open files"] == "65 129")
                #expect(inside["Max core file size"] == "0 0")
                #expect(inside["Max file size"] == "4096 4096")
                let entered = try rkt("enter", uuid, "/inspect", "rlimits").succeeded()
                #expect(limits(entered.output) == inside)
                #expect(limits(try rkt.ask("rlimits").description)["Max open files"] != "65 129")
                pod.signal(15)
                pod.wait()
            }
        }

        @Test func `stage1-fly sets rlimits too, and says what it does not do`() throws {
            try RktFixture.with { rkt throws in
                let result = try rkt.run(
                    .fly, image: rkt.probeImage(), appOptions: ["--rlimit=nofile=65:129", "--memory=64M", "--pids=10"],
                    ["rlimits"]
                ).succeeded()
                #expect(limits(result.output)["Max open files"] == "65 129")
                #expect(
                    result.errors.contains(
                        "warning: stage1-fly does not isolate apps, ignoring resource/memory, resource/pids"))
            }
        }

        @Test func `an image's rlimits end at the caller's hard limit, the user's where the kernel says`() throws {
            try RktFixture.with { rkt throws in
                let image = try rkt.fetch(
                    RktFixture.probe("example.com/greedy")
                        .isolator("os/linux/rlimits", #"{"nofile":"unlimited","fsize":"1048576"}"#))
                let hard = try Command("/bin/sh", ["-c", "ulimit -Hn"]).run().text
                let inside = limits(try rkt.ask("rlimits", image: image).description)
                #expect(inside["Max open files"] == "\(hard) \(hard)")
                #expect(inside["Max file size"] == "1048576 1048576")
                let overridden = try rkt.ask("rlimits", appOptions: ["--rlimit=fsize=4096"], image: image)
                #expect(limits(overridden.description)["Max file size"] == "4096 4096")
                let more = try rkt.run(
                    image: rkt.probeImage(), appOptions: ["--rlimit=nofile=1000000"], ["rlimits"])
                if Requirements.resourceCapability {
                    #expect(limits(try more.succeeded().output)["Max open files"] == "1000000 1000000")
                } else {
                    more.refused("cannot raise rlimit nofile to '1000000': the hard limit of rkt itself is \(hard)")
                }
            }
        }

        @Test func `a limit that no program can start with kills the app, not rkt`() throws {
            try RktFixture.with { rkt throws in
                let image = try rkt.probeImage()
                let result = try rkt.run(image: image, appOptions: ["--rlimit=as=1048576"], ["user"])
                #expect([9, 11].contains(result.status), "\(result)")
                if Requirements.memoryController {
                    let tiny = try rkt.run(image: image, appOptions: ["--memory=4096"], ["user"])
                    #expect(tiny.status != 0)
                    #expect(
                        tiny.errors.contains("run: app 'inspect' reached its memory limit of 4096 bytes"), "\(tiny)")
                }
            }
        }

        @Test func `an image can only raise its out-of-memory score, the user may also lower it`() throws {
            try RktFixture.with { rkt throws in
                func score(_ options: [String] = [], image: String, caller: Int = 0) throws -> CommandResult {
                    let words = rkt.globalFlags + rkt.podArguments(.ns, image: image, appOptions: options, ["oom"])
                    let script = "echo \(caller) >/proc/self/oom_score_adj; exec \"$@\""
                    return try Command("/bin/sh", ["-c", script, "sh", rkt.program.string] + words).run()
                }
                let zero = try rkt.fetch(RktFixture.probe("example.com/zero").isolator("os/linux/oom-score-adj", "0"))
                #expect(try score(image: zero, caller: 500).succeeded().text == "oom=500")
                #expect(try score(["--oom-score-adj=0"], image: zero, caller: 500).succeeded().text == "oom=0")
                #expect(try score(["--oom-score-adj=700"], image: zero).succeeded().text == "oom=700")
                let lower = try score(["--oom-score-adj=-500"], image: zero)
                if Requirements.resourceCapability {
                    #expect(try lower.succeeded().text == "oom=-500")
                } else {
                    lower.refused("cannot set oom-score-adj to -500, lower than the 0 of rkt itself")
                }
            }
        }

        @Test func `settings of the kernel are the pod's alone`() throws {
            try RktFixture.with { rkt throws in
                let settings = #"{"kernel.shmmax":"1234567","fs.mqueue.msg_max":"7","net.ipv4.ip_forward":"1"}"#
                let image = try rkt.fetch(RktFixture.probe("example.com/a").isolator("os/unix/sysctl", settings))
                let paths = ["kernel/shmmax", "fs/mqueue/msg_max", "net/ipv4/ip_forward"].map { "/proc/sys/\($0)" }
                let before = try paths.map { try readText(FilePath($0)) }
                let facts = try rkt.ask(paths.map { "read \($0)" }.joined(separator: " + "), image: image)
                #expect(paths.map { facts["read \($0)"] } == ["1234567\\n", "7\\n", "1\\n"])
                #expect(try paths.map { try readText(FilePath($0)) } == before)
                try rkt.run(image: image, options: ["--net=host"], ["user"]).refused(
                    "app 'a' asks for sysctl 'net.ipv4.ip_forward', which is the host's in this pod")
            }
        }

        @Test(arguments: [
            ("kernel.core_pattern", "|/bin/x", "sysctl 'kernel.core_pattern' is one of the whole machine"),
            ("vm.overcommit_memory", "1", "sysctl 'vm.overcommit_memory' is one of the whole machine"),
            ("kernel.shm../../core_pattern", "1", "is no sysctl such as kernel.shmmax"),
            ("net.ipv4.no_such_thing", "1", "cannot set sysctl 'net.ipv4.no_such_thing' to '1'"),
            ("kernel.shmmax", "many", "cannot set sysctl 'kernel.shmmax' to 'many'"),
        ])
        func `settings of the machine are refused`(key: String, value: String, sentence: String) throws {
            try RktFixture.with { rkt throws in
                let image = try rkt.fetch(
                    RktFixture.probe("example.com/a").isolator("os/unix/sysctl", "{\"\(key)\":\"\(value)\"}"))
                try rkt.run(image: image, ["user"]).refused(sentence)
            }
        }

        @Test func `two apps that want different settings cannot be in one pod`() throws {
            try RktFixture.with { rkt throws in
                let images = try ["1", "2"].map { value in
                    try rkt.fetch(
                        RktFixture.probe("example.com/want\(value)")
                            .isolator("os/unix/sysctl", "{\"kernel.msgmni\":\"\(value)00\"}"))
                }
                try rkt("run", "--net=none", images[0], "--", "user", "---", images[1], "--", "user").refused(
                    "apps 'want1' and 'want2' of the pod ask for different values of sysctl 'kernel.msgmni': "
                        + "'100' and '200'")
                try rkt(
                    "run", "--net=none", images[0], "--name=one", "--", "user", "---", images[0], "--name=two", "--",
                    "user"
                ).succeeded()
            }
        }

        @Test func `only the user gives capabilities to an app that is not root`() throws {
            let raw = Capabilities.mask([13])
            let none = Capabilities.mask([])
            try RktFixture.with { rkt throws in
                let user = ["--user=1000", "--group=1000"]
                let facts = try rkt.ask("status", appOptions: user + ["--caps-ambient=CAP_NET_RAW"])
                for set in ["CapPrm", "CapEff", "CapInh", "CapAmb"] { #expect(facts[set] == raw, "\(set)") }
                #expect(facts["CapBnd"] == Capabilities.usual)
                let more = try rkt.ask(
                    "status", appOptions: user + ["--caps-retain=CAP_SYS_TIME", "--caps-ambient=CAP_SYS_TIME"])
                #expect(more["CapEff"] == Capabilities.mask([25]))
                #expect(try rkt.ask("status", appOptions: ["--caps-ambient=CAP_NET_RAW"])["CapAmb"] == none, "root")
                try rkt.run(image: rkt.probeImage(), appOptions: user + ["--caps-ambient=CAP_SYS_ADMIN"], ["user"])
                    .refused("ambient capability 'CAP_SYS_ADMIN' is not one that the app may have")
                let image = try rkt.fetch(
                    RktFixture.probe("example.com/a")
                        .isolator("os/linux/capabilities-ambient-set", #"{"set":["CAP_NET_RAW"]}"#))
                let refused = try rkt.run(image: image, appOptions: user, ["status"]).succeeded()
                #expect(Facts(refused.output)["CapEff"] == none)
                #expect(refused.errors.contains("ambient capabilities CAP_NET_RAW, which only the user can grant"))
            }
        }

        @Test(.enabled(if: Requirements.diskThrottling, "no limits on disks that can be used"))
        func `limits on disks count for every disk`() throws {
            try RktFixture.with { rkt throws in
                let image = try rkt.fetch(
                    RktFixture.probe("example.com/a")
                        .isolator("resource/block-bandwidth", #"{"default":true,"limit":"3M"}"#)
                        .isolator("resource/block-iops", #"{"default":true,"limit":"77"}"#))
                let (pod, uuid) = try rkt.startWaitingPod(image: image)
                let script = """
                    find /sys/fs/cgroup -path "*$0*" \\( -name 'blkio.throttle.*_device' -o -name io.max \\) | xargs cat
                    """
                let lines = try Command("/bin/sh", ["-c", script, uuid]).run().lines
                let words = Set(lines.flatMap { $0.split { $0 == " " || $0 == "=" }.map(String.init) })
                #expect(words.isSuperset(of: ["3000000", "77"]), "\(lines)")
                pod.signal(15)
                #expect(pod.wait().status == 0)
            }
        }

        @Test func `a limit on networks says that it does nothing yet`() throws {
            try RktFixture.with { rkt throws in
                let image = try rkt.fetch(
                    RktFixture.probe("example.com/a")
                        .isolator("resource/network-bandwidth", #"{"default":true,"limit":"1M"}"#))
                let result = try rkt.run(image: image, ["user"]).succeeded()
                #expect(result.errors.contains("warning: resource/network-bandwidth isolator of app 'a'"))
            }
        }

        @Test func `a label of SELinux says that it does nothing`() throws {
            try RktFixture.with { rkt throws in
                let image = try rkt.fetch(
                    RktFixture.probe("example.com/a").isolator(
                        "os/linux/selinux-context",
                        #"{"user":"system_u","role":"system_r","type":"svirt_t","level":"s0"}"#))
                let result = try rkt.run(image: image, ["user"]).succeeded()
                #expect(
                    result.errors.contains("warning: os/linux/selinux-context isolator of app 'a'"), "\(result)")
            }
        }

        @Test func `limits hold also when restrictions are lifted`() throws {
            try RktFixture.with { rkt throws in
                let image = try rkt.fetch(Self.shell("example.com/crowd"))
                let options = ["--insecure-options=image,all-run"]
                if Requirements.pidsController {
                    let crowd = try rkt.run(image: image, options: options, appOptions: ["--pids=8"], Self.crowd)
                    #expect(crowd.errors.contains("can't fork"), "\(crowd)")
                }
                let facts = try rkt.ask(
                    "status + rlimits", options: options,
                    appOptions: [
                        "--user=1000", "--group=1000", "--caps-ambient=CAP_NET_ADMIN", "--rlimit=nofile=65:129",
                    ])
                #expect(facts["CapEff"] == Capabilities.mask([12]))
                #expect(limits(facts.description)["Max open files"] == "65 129")
                try rkt.run(image: image, options: options, appOptions: ["--caps-retain=CAP_NOTHING"], ["x"])
                    .refused("unknown capability 'CAP_NOTHING'")
                try rkt.run(image: image, options: options, appOptions: ["--seccomp=mode=remove,mkdirr"], ["x"])
                    .refused("unknown system call 'mkdirr'")
            }
        }

        @Test(arguments: [
            ("--pids=0", "pids limit of 0 lets nothing start"),
            ("--pids=-1", #"strconv.ParseUint: parsing "-1": invalid syntax"#),
            ("--pids=4294967296x", "invalid syntax"),
            ("--rlimit=nofile", "'nofile' is no rlimit such as nofile=1024"),
            ("--rlimit=files=1", "unknown rlimit 'files'; there are as, core"),
            ("--rlimit=nofile=2:1", "the soft limit 2 of rlimit nofile is above its hard limit 1"),
            ("--rlimit=as=4096", "rlimit as of 4096 bytes lets nothing start; at least 1048576 are needed"),
            ("--oom-score-adj=1001", "oom-score-adj must be between -1000 and 1000"),
            ("--oom-score-adj=x", #"strconv.ParseInt: parsing "x": invalid syntax"#),
            ("--cpu=0", "cpu limit of 0 lets nothing run"),
            ("--cpu=1e20", "cpu limit exceeds the maximum millivalue: 1e20"),
            ("--memory=1e25", "memory limit \"1e25\" is too large"),
            ("--caps-ambient=CAP_X", "unknown capability 'CAP_X'"),
        ])
        func `mistakes are named`(option: String, sentence: String) throws {
            try RktFixture.with { rkt throws in
                try rkt.run(image: rkt.probeImage(), appOptions: [option], ["user"]).refused(sentence)
            }
        }

        @Test(arguments: [
            ("resource/memory", #"{"limit":"1e25"}"#, "memory limit '1e25' is too large"),
            ("resource/memory", #"{"limit":"1"}"#, "memory limit of 1 bytes too low"),
            ("resource/cpu", #"{"limit":"1e20"}"#, "cpu limit exceeds the maximum millivalue: 1e20"),
            ("resource/pids", #"{"limit":"0"}"#, "resource/pids limit of 0 lets nothing start"),
            ("os/linux/capabilities-remove-set", #"{"set":["CAP_X"]}"#, "unknown capability 'CAP_X'"),
        ])
        func `what an image cannot mean is named`(name: String, value: String, sentence: String) throws {
            try RktFixture.with { rkt throws in
                let image = try rkt.fetch(RktFixture.probe("example.com/a").isolator(name, value))
                try rkt.run(image: image, ["user"]).refused(sentence)
            }
        }

        /// `Max open files` to `SOFT HARD`.
        private func limits(_ output: String) -> [String: String] {
            var found: [String: String] = [:]
            for line in Facts(output).all("rlimit") {
                let name = line.prefix(26).split(separator: " ").joined(separator: " ")
                let values = line.dropFirst(26).split(separator: " ").prefix(2)
                found[name] = values.joined(separator: " ")
            }
            return found
        }
    }
}
