import Glibc
import SystemPackage
import TestSupport
import Testing

extension Integration {
    @Suite struct GarbageCollection {
        @Test(arguments: Flavor.all)
        func `pods are marked first and removed after the grace period`(flavor: Flavor) throws {
            try RktFixture.with { rkt throws in
                try rkt.ask(flavor, "user")
                let uuid = try rkt.onlyPod()
                let marked = try rkt("gc").succeeded()
                #expect(marked.errors.contains("gc: moving pod \"\(uuid)\" to garbage"), "\(marked)")
                #expect(
                    marked.errors.contains("gc: pod \"\(uuid)\" not removed: still within grace period (30m0s)"),
                    "\(marked)")
                #expect(exists(rkt.dataDirectory.appending("pods/exited-garbage/\(uuid)")))
                let removed = try rkt("gc", "--grace-period=0").succeeded()
                #expect(removed.lines.contains("Garbage collecting pod \"\(uuid)\""), "\(removed)")
                #expect(rkt.podIDs == [])
            }
        }

        @Test func `prepared pods expire`() throws {
            try RktFixture.with { rkt throws in
                let uuid = try rkt("prepare", rkt.probeImage()).succeeded().text
                try rkt("gc").succeeded()
                #expect(rkt.podIDs == [uuid])
                let expired = try rkt("gc", "--expire-prepared=0s").succeeded()
                #expect(expired.errors.contains("moving expired prepared pod \"\(uuid)\" to garbage"), "\(expired)")
                #expect(rkt.podIDs == [])
            }
        }

        @Test func `mark-only removes nothing`() throws {
            try RktFixture.with { rkt throws in
                try rkt.ask("user")
                try rkt("gc", "--mark-only", "--grace-period=0s", "--expire-prepared=0s").succeeded()
                #expect(rkt.podIDs.count == 1)
                try rkt("gc", "--grace-period=soon").refused("soon")
            }
        }

        @Test func `running pods and pods being prepared are left alone`() throws {
            try RktFixture.with { rkt throws in
                let (pod, uuid) = try rkt.startWaitingPod()
                try rkt("gc", "--grace-period=0s", "--expire-prepared=0s").succeeded()
                #expect(rkt.podIDs == [uuid])
                try rkt("enter", uuid, "/inspect", "user").succeeded()
                pod.signal(15)
                #expect(pod.wait().status == 0)
            }
        }

        @Test func `what nobody could have made is reported and survived`() throws {
            try RktFixture.with { rkt throws in
                try rkt.ask("user")
                let pods = rkt.dataDirectory.appending("pods")
                try writeText("", to: pods.appending("run/file"))
                try makeDirectories(pods.appending("run/not-a-uuid"))
                try makeDirectories(pods.appending("prepare/00000000-0000-4000-8000-000000000001"))
                try makeDirectories(pods.appending("prepared/00000000-0000-4000-8000-000000000002"))
                try makeDirectories(pods.appending("run/00000000-0000-4000-8000-000000000003"))
                try makeDirectories(pods.appending("embryo/00000000-0000-4000-8000-000000000004"))
                try makeDirectories(pods.appending("garbage/00000000-0000-4000-8000-000000000005/deep/er"))
                #expect(try rkt("list").status == 0)
                try rkt("gc", "--grace-period=0s", "--expire-prepared=0s").succeeded()
                #expect(rkt.podIDs.filter { $0.count == 36 } == [])
            }
        }

        @Test func `links in what an app left behind are not followed`() throws {
            try RktFixture.with { rkt throws in
                let precious = try rkt.source(["file": "keep"], "precious")
                for options in [[], ["--no-overlay"]] as [[String]] {
                    try rkt.ask(
                        "symlink /link \(precious) + symlink /etc/up ../../../../../../../../../../..\(precious) + mkdir /d",
                        options: options)
                    try rkt.collectGarbage()
                }
                #expect(try readText(precious.appending("file")) == "keep")
            }
        }

        @Test func `two at once do not disturb each other`() throws {
            try RktFixture.with { rkt throws in
                for _ in 0..<6 { try rkt.ask("user") }
                let running = try (0..<4).map { _ in try rkt.start(["gc", "--grace-period=0s"]) }
                for result in running.map({ $0.wait() }) { try result.succeeded() }
                try rkt.collectGarbage()
            }
        }

        // Killed at any point

        /// Each row is a command; it is killed again and again, a little later each time.
        @Test(arguments: ["run", "fly", "prepare", "fetch", "no-overlay", "gc"])
        func `a command may be killed anywhere`(what: String) throws {
            let rounds = Programs.long ? 400 : 8
            try RktFixture.with { rkt throws in
                let fetched = try rkt.write(
                    RktFixture.probe("example.com/fetched").entry(
                        TarEntry("rootfs/big", type: "0").with { $0.content = .zeros(16 << 20) }), .gzip)
                let image = try rkt.probeImage()
                let words: [String] =
                    switch what {
                    case "run": rkt.podArguments(.ns, image: image, ["linger", "60000", "+", "sleep", "20"])
                    case "fly": rkt.podArguments(.fly, image: image, ["sleep", "20"])
                    case "prepare": ["prepare", image]
                    case "no-overlay": rkt.podArguments(.ns, image: image, options: ["--no-overlay"], ["user"])
                    case "gc": ["gc", "--grace-period=0s", "--expire-prepared=0s"]
                    default: ["fetch", "--insecure-options=image", fetched.string]
                    }
                // How long it takes undisturbed is what there is to be spread over.
                let whole = try rkt(words).succeeded().duration.milliseconds
                for round in 0..<rounds {
                    if what == "gc" { for _ in 0..<3 { try rkt.ask("user") } }
                    if what == "fetch" { try rkt("image", "rm", "example.com/fetched") }
                    let running = try rkt.start(words)
                    let delay = whole * 1000 * Int64(round) / Int64(rounds) + Int64.random(in: 0...2000)
                    usleep(useconds_t(clamping: delay))
                    running.signal(SIGKILL)
                    running.wait()
                    // What it has started is killed with it, but may have to end a call to the disk before it is dead.
                    try running.waitForGroup()
                    if round % 4 == 3 || Programs.long { try check(rkt, image, what, fetched, round) }
                }
                try check(rkt, image, what, fetched, rounds)
            }
        }

        /// After whatever happened: gc succeeds and leaves nothing, and the store works as if nothing had been.
        private func check(_ rkt: RktFixture, _ image: String, _ what: String, _ fetched: FilePath, _ round: Int) throws
        {
            try rkt("list").succeeded()
            // A pod that is just dying still holds its lock for a moment.
            try waitUntil("the killed pods to be dead") {
                !(try rkt("list", "--no-legend").output).contains("running")
            }
            try rkt.collectGarbage()
            let pods = try Command("/usr/bin/find", [rkt.dataDirectory.appending("pods").string, "-mindepth", "2"])
                .run()
            #expect(pods.text == "", "after round \(round) of \(what)")
            #expect(try rkt.ask("user")["uid"] == "0")
            if what == "fetch" {
                let id = try rkt.fetch(fetched)
                try rkt("image", "verify", id).succeeded()
                #expect(try entries(of: rkt.dataDirectory.appending("cas/tmp")) == [])
            }
            try rkt.collectGarbage()
        }
    }
}
