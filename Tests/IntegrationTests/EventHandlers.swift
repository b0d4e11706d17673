import Glibc
import SystemPackage
import TestSupport
import Testing

extension Integration {
    /// Programs of an image that run before its app starts and after it has ended.
    @Suite struct EventHandlers {
        private static func image(before: [String]? = nil, after: [String]? = nil) throws -> ACIBuilder {
            var image = try RktFixture.probe("example.com/handled").mountPoint("data", "/data")
            if let before { image = image.eventHandler("pre-start", exec: ["/inspect"] + before) }
            if let after { image = image.eventHandler("post-stop", exec: ["/inspect"] + after) }
            return image
        }

        private static func volume(_ source: FilePath) -> [String] { ["--volume=data,kind=host,source=\(source)"] }

        @Test func `they run before and after the app, in its root and with its environment`() throws {
            try RktFixture.with { rkt throws in
                let source = try rkt.source([:])
                let image = try rkt.fetch(
                    Self.image(
                        before: ["write", "/data/before", "1", "+", "exists", "/data/after", "+", "env"],
                        after: ["exists", "/data/before", "+", "write", "/data/after", "1"]))
                let result = try rkt.run(
                    image: image, options: Self.volume(source) + ["--set-env=MARK=1"],
                    ["exists", "/data/before", "+", "exists", "/data/after"]
                ).succeeded()
                let facts = Facts(result.output)
                #expect(facts.all("exists /data/before") == ["yes", "yes"])
                #expect(facts.all("exists /data/after") == ["no", "no"])
                #expect(facts.environment["MARK"] == "1")
                #expect(try entries(of: source) == ["after", "before"])
            }
        }

        @Test func `they are root whoever the app is, and no freer than the app`() throws {
            try RktFixture.with { rkt throws in
                let questions = ["user", "+", "status", "+", "syscall", "165", "+", "namespaces", "+", "rlimits"]
                let image = try rkt.fetch(Self.image(before: questions, after: questions))
                let result = try rkt.run(
                    image: image, options: Self.volume(rkt.source([:])),
                    appOptions: [
                        "--user=web", "--group=web", "--supplementary-gids=7", "--caps-retain=CAP_CHOWN,CAP_NET_RAW",
                        "--caps-ambient=CAP_NET_RAW", "--rlimit=nofile=65:129",
                    ], questions
                ).succeeded()
                let facts = Facts(result.output)
                #expect(facts.all("uid") == ["0", "1000", "0"])
                #expect(facts.all("gid") == ["0", "1001", "0"])
                #expect(facts.all("groups").first == "" && facts.all("groups").last == "")
                let bound = Capabilities.mask([0, 13])
                #expect(facts.all("CapBnd") == [bound, bound, bound])
                #expect(facts.all("CapEff") == [bound, Capabilities.mask([13]), bound])
                #expect(facts.all("CapAmb").first == Capabilities.mask([]))
                #expect(facts.all("Seccomp") == ["2", "2", "2"])
                #expect(facts.all("syscall 165") == ["killed SYS", "killed SYS", "killed SYS"])
                for name in ["pid", "net", "ipc", "uts"] {
                    #expect(Set(facts.all("ns.\(name)")).count == 1, "\(name)")
                }
                let files = facts.all("rlimit").filter { $0.hasPrefix("Max open files") }
                #expect(files.count == 3 && Set(files).count == 1, "\(files)")
            }
        }

        @Test(arguments: [(["exit", "7"], 7), (["kill", "TERM"], 15), (["kill", "KILL"], 9)] as [([String], Int32)])
        func `one that fails keeps the app from starting, and its status is the pod's`(
            handler: [String], status: Int32
        ) throws {
            try RktFixture.with { rkt throws in
                let image = try rkt.fetch(Self.image(before: handler))
                let result = try rkt.run(
                    image: image, options: Self.volume(rkt.source([:])), ["echo", "the app has run"])
                #expect(result.status == status, "\(result)")
                #expect(!result.output.contains("the app has run"))
                #expect(result.errors.contains("run: the pre-start handler of app 'handled' failed"), "\(result)")
                #expect(try rkt("status", rkt.onlyPod()).succeeded().lines.contains("app-handled=\(status)"))
            }
        }

        @Test func `one that fails ends the other apps of the pod`() throws {
            try RktFixture.with { rkt throws in
                let image = try rkt.fetch(Self.image(before: ["sleep", "300", "+", "exit", "7"]))
                let result = try rkt(
                    "run", "--net=none", "--volume=data,kind=empty", rkt.probeImage(), "--name=patient", "--", "wait",
                    "60", "---", image, "--", "user")
                #expect(result.status == 7, "\(result)")
                #expect(Facts(result.output)["signal"] == "TERM")
                #expect(Facts(result.output)["uid"] == nil)
            }
        }

        @Test func `one that is not there is named`() throws {
            try RktFixture.with { rkt throws in
                let image = try rkt.fetch(
                    RktFixture.probe("example.com/a").eventHandler("pre-start", exec: ["/no/such"]))
                let result = try rkt.run(image: image, ["echo", "the app has run"])
                #expect(result.status != 0 && result.output == "", "\(result)")
                #expect(result.errors.contains("/no/such"))
            }
        }

        @Test func `the one after the end also runs when the app failed, whose status stays`() throws {
            try RktFixture.with { rkt throws in
                let source = try rkt.source([:])
                let image = try rkt.fetch(Self.image(after: ["write", "/data/after", "1", "+", "exit", "3"]))
                for (words, status) in [(["exit", "5"], 5), (["kill", "SEGV"], 11), (["user"], 0)]
                    as [([String], Int32)]
                {
                    let result = try rkt.run(image: image, options: Self.volume(source), words)
                    #expect(result.status == status, "\(result)")
                    #expect(try entries(of: source) == ["after"])
                    try Command("/bin/rm", [source.appending("after").string]).run().succeeded()
                }
            }
        }

        @Test func `it runs after a stop, and after a second signal has killed the app`() throws {
            try RktFixture.with { rkt throws in
                let source = try rkt.source([:])
                let image = try rkt.fetch(
                    Self.image(after: ["write", "/data/after", "1"])
                        .file("/busybox", from: Programs.find("busybox")))
                let stubborn = ["sh", "-c", "trap 'echo asked' TERM; echo up; while :; do /busybox sleep 0.1; done"]
                for signals in [1, 2] {
                    let pod = try rkt.start(
                        rkt.podArguments(
                            .ns, image: image, options: Self.volume(source),
                            appOptions: signals == 2 ? ["--exec=/busybox"] : [],
                            signals == 2 ? stubborn : ["ready", "up", "+", "sleep", "60000"]))
                    try pod.waitForOutput("up")
                    pod.signal(SIGTERM)
                    if signals == 2 {
                        try pod.waitForOutput("asked")
                        pod.signal(SIGTERM)
                    }
                    let result = pod.wait(.seconds(30))
                    #expect(result.status == (signals == 2 ? 9 : 0), "\(result)")
                    #expect(try entries(of: source) == ["after"], "\(signals)")
                    try Command("/bin/rm", [source.appending("after").string]).run().succeeded()
                }
            }
        }

        @Test func `a stop while the first one runs ends it, and the app is not started`() throws {
            try RktFixture.with { rkt throws in
                let image = try rkt.fetch(Self.image(before: ["ready", "before", "+", "sleep", "60000"]))
                let pod = try rkt.start(
                    rkt.podArguments(
                        .ns, image: image, options: Self.volume(rkt.source([:])), ["echo", "the app has run"]))
                try pod.waitForOutput("ready=before")
                pod.signal(SIGTERM)
                let result = pod.wait(.seconds(20))
                #expect(result.ending == .exited(0), "\(result)")
                #expect(!result.output.contains("the app has run"))
            }
        }

        @Test func `an image cannot become more by them than its app may be`() throws {
            try RktFixture.with { rkt throws in
                let marker = rkt.directory.appending("marker")
                try writeText("", to: marker)
                let attack = [
                    "escape", marker.string, "+", "open-write", "/proc/sys/kernel/core_pattern", "+", "device", "b",
                    "8",
                    "0", "+", "exists", "/proc/1/root\(marker)", "+", "fds",
                ]
                let image = try rkt.fetch(
                    Self.image(before: attack, after: attack)
                        .isolator("os/linux/capabilities-retain-set", #"{"set":["CAP_SYS_ADMIN","CAP_MKNOD"]}"#))
                let result = try rkt.run(image: image, options: Self.volume(rkt.source([:])), ["echo", "app"])
                let facts = Facts(try result.succeeded().output)
                #expect(facts.all("escape").count == 2 && !facts.all("escape").contains("outside"))
                #expect(!facts.all("open-write /proc/sys/kernel/core_pattern").contains("ok"))
                #expect(facts.all("exists /proc/1/root\(marker)") == ["no", "no"])
                for answer in facts.all("device b 8:0") { #expect(!answer.contains("=ok read=ok"), "\(answer)") }
                #expect(facts.starting("fd.").map(\.name).sorted() == ["0", "0", "1", "1", "2", "2"])
            }
        }
    }
}
