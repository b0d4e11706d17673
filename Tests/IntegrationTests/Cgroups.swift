import SystemPackage
import TestSupport
import Testing

extension Integration {
    @Suite struct Cgroups {
        @Test(.enabled(if: Requirements.memoryController, "no memory controller that can be used"))
        func `an app over its memory limit is killed, one below is not`() throws {
            try RktFixture.with { rkt throws in
                let image = try rkt.probeImage()
                let below = try rkt.run(image: image, appOptions: ["--memory=96Mi"], ["memory", "33554432"])
                #expect(Facts(try below.succeeded().output)["memory"] == "ok")
                let over = try rkt.run(
                    image: image, appOptions: ["--memory=48Mi"], ["memory", "268435456", "+", "echo", "survived"])
                #expect(over.ending == .exited(9), "\(over)")
                #expect(!over.output.contains("survived"))
                #expect(
                    over.errors.contains("run: app 'inspect' reached its memory limit of 50331648 bytes"), "\(over)")
            }
        }

        @Test(.enabled(if: Requirements.memoryController, "no memory controller that can be used"))
        func `the image's own limit counts, and the command line's more`() throws {
            try RktFixture.with { rkt throws in
                let image = try rkt.fetch(
                    RktFixture.probe("example.com/a").isolator("resource/memory", #"{"limit":"48Mi"}"#))
                #expect(try rkt.run(image: image, ["memory", "268435456"]).ending == .exited(9))
                let more = try rkt.run(image: image, appOptions: ["--memory=400Mi"], ["memory", "268435456"])
                #expect(Facts(try more.succeeded().output)["memory"] == "ok")
            }
        }

        @Test(.enabled(if: Requirements.memoryController, "no memory controller that can be used"))
        func `the limit of one app is not the other's`() throws {
            try RktFixture.with { rkt throws in
                let image = try rkt.probeImage()
                let result = try rkt(
                    "run", "--net=none", image, "--name=small", "--memory=32Mi", "--", "sleep", "300", "---", image,
                    "--name=large", "--", "memory", "134217728")
                #expect(Facts(try result.succeeded().output)["memory"] == "ok")
            }
        }

        @Test(.enabled(if: Requirements.cpuController && !Requirements.isUnified, "no cpu controller of cgroup v1"))
        func `shares and quota are those asked for`() throws {
            try RktFixture.with { rkt throws in
                let (pod, uuid) = try rkt.startWaitingPod(appOptions: ["--cpu-shares=256", "--cpu=500m"])
                let find = Command(
                    "/bin/sh",
                    ["-c", "find /sys/fs/cgroup/cpu*/ -path '*\(uuid)*' -name \"$0\" | xargs -r cat", "cpu.shares"])
                #expect(try find.run().lines.contains("256"))
                let quota = try quotas(uuid)
                #expect(quota.contains { $0.period > 0 && $0.quota * 2 == $0.period }, "\(quota)")
                pod.signal(15)
                pod.wait()
            }
        }

        @Test(.enabled(if: Requirements.cpuController, "no cpu controller"))
        func `a quota slows an app down`() throws {
            try RktFixture.with { rkt throws in
                let image = try rkt.probeImage()
                func rounds(_ options: [String]) throws -> Int {
                    let facts = try rkt.ask("spin 1000", appOptions: options, image: image)
                    return Int(facts["spin"] ?? "") ?? 0
                }
                #expect(try rounds(["--cpu=200m"]) * 2 < rounds([]))
            }
        }

        @Test func `an app sees the root of its cgroup and no file of it`() throws {
            try RktFixture.with { rkt throws in
                let facts = try rkt.ask("cgroup + list /sys/fs/cgroup")
                for line in facts.all("cgroup") { #expect(line.hasSuffix(":/"), "\(line)") }
                // Without a cgroup of its own it would see the host's.
                let lax = try rkt.ask("cgroup", options: ["--insecure-options=image,paths"])
                #expect(!lax.all("cgroup").isEmpty)
                for line in lax.all("cgroup") { #expect(line.hasSuffix(":/"), "\(line)") }
                #expect(facts["list /sys/fs/cgroup"] != "ok")
                let listed = facts["list /sys/fs/cgroup"] ?? ""
                #expect(["", "ENOENT", "EACCES"].contains(listed), "\(listed)")
            }
        }

        @Test func `an image can make itself a better victim of the memory killer, not a worse one`() throws {
            try RktFixture.with { rkt throws in
                func score(_ wanted: String) throws -> String? {
                    let image = try RktFixture.probe("example.com/a").isolator("os/linux/oom-score-adj", wanted)
                    return try rkt.ask("oom", image: rkt.fetch(image))["oom"]
                }
                #expect(try score("500") == "500")
                #expect(try score("0") == "0")
                #expect(try score("-900") == (try rkt.ask("oom")["oom"]))
            }
        }

        @Test(arguments: [
            ("--memory=1k", "memory limit of 1000 bytes too low. Try a reasonable value, such as --memory=16M"),
            ("--memory=many", "invalid argument \"many\" for --memory=many"),
            ("--cpu=x", "invalid argument \"x\" for --cpu=x"),
            ("--cpu-shares=1", "invalid argument \"1\" for --cpu-shares=1"),
            ("--cpu-shares=262145", "invalid argument \"262145\" for --cpu-shares=262145"),
        ])
        func `mistakes are named`(option: String, sentence: String) throws {
            try RktFixture.with { rkt throws in
                try rkt.run(image: rkt.probeImage(), appOptions: [option], ["user"]).refused(sentence)
            }
        }

        private func quotas(_ uuid: String) throws -> [(quota: Int, period: Int)] {
            let script = """
                find /sys/fs/cgroup/cpu*/ -path '*\(uuid)*' -name cpu.cfs_quota_us | while read -r f; do
                echo "$(cat "$f") $(cat "${f%quota_us}period_us")"; done
                """
            return try Command("/bin/sh", ["-c", script]).run().lines.compactMap { line in
                let words = line.split(separator: " ").compactMap { Int($0) }
                return words.count == 2 ? (words[0], words[1]) : nil
            }
        }
    }
}
