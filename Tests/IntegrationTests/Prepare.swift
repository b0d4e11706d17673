import SystemPackage
import TestSupport
import Testing

extension Integration {
    @Suite struct Prepare {
        @Test(arguments: Flavor.all)
        func `prints the UUID alone, and the pod runs once`(flavor: Flavor) throws {
            try RktFixture.with { rkt throws in
                let result = try rkt(
                    ["prepare"] + flavor.selection + [try rkt.probeImage(), "--", "echo", "ran"]
                ).succeeded()
                #expect(result.output.utf8.count == 37)
                #expect(rkt.podIDs == [result.text])
                let ran = try rkt("run-prepared", flavor.network, result.text).succeeded()
                #expect(ran.output == "ran\n")
                try rkt("run-prepared", flavor.network, result.text).refused("pod \"\(result.text)\" is not prepared")
            }
        }

        @Test func `run-prepared takes the host name and network of now`() throws {
            try RktFixture.with { rkt throws in
                let uuid = try rkt("prepare", rkt.probeImage(), "--", "hostname", "+", "namespaces").succeeded().text
                let result = try rkt("run-prepared", "--net=host", "--hostname=late", uuid.prefix(8).description)
                    .succeeded()
                #expect(Facts(result.output)["hostname"] == "late")
                #expect(Facts(result.output)["ns.net"] == (try hostNamespace("net")))
            }
        }

        @Test func `wants exactly one pod`() throws {
            try RktFixture.with { rkt throws in
                #expect(try rkt("run-prepared").status == 254)
                #expect(try rkt("run-prepared", "a", "b").status == 254)
                try rkt("run-prepared", "--net=none", "123").refused("no matches found for \"123\"")
            }
        }

        @Test func `of two who start one pod only one succeeds`() throws {
            try RktFixture.with { rkt throws in
                let uuid = try rkt("prepare", rkt.probeImage(), "--", "sleep", "300", "+", "echo", "ran").succeeded()
                    .text
                let running = try (0..<4).map { _ in try rkt.start(["run-prepared", "--net=none", uuid]) }
                let results = running.map { $0.wait() }
                #expect(results.filter { $0.status == 0 }.count == 1)
                #expect(results.filter { $0.output == "ran\n" }.count == 1)
                #expect(results.filter { $0.status == 254 }.count == 3)
            }
        }

        @Test func `changes of the image store do not reach a prepared pod`() throws {
            try RktFixture.with { rkt throws in
                let image = try rkt.probeImage()
                let uuid = try rkt("prepare", image, "--", "echo", "ran").succeeded().text
                try rkt("image", "rm", image).succeeded()
                try rkt("image", "gc", "--grace-period=0s").succeeded()
                #expect(try rkt("run-prepared", "--net=none", uuid).succeeded().output == "ran\n")
            }
        }

        @Test func `rm takes prepared, exited and aborted pods, not running ones`() throws {
            try RktFixture.with { rkt throws in
                let image = try rkt.probeImage()
                let prepared = try rkt("prepare", image).succeeded().text
                #expect(try rkt("rm", prepared).succeeded().lines.contains("\"\(prepared)\""))
                let (pod, uuid) = try rkt.startWaitingPod()
                try rkt("rm", uuid).refused("pod \"\(uuid)\" is currently running")
                pod.signal(15)
                pod.wait()
                let second = try rkt("prepare", image).succeeded().text
                let both = try rkt("rm", uuid, "12345678", second)
                both.refused("failed to remove one or more pods")
                #expect(both.lines.filter { $0.hasPrefix("\"") } == ["\"\(uuid)\"", "\"\(second)\""])
                #expect(rkt.podIDs == [])
                #expect(try rkt("rm").status == 254)
            }
        }

        @Test func `a failed prepare leaves nothing that gc does not clear`() throws {
            try RktFixture.with { rkt throws in
                let image = try rkt.probeImage()
                try rkt("prepare", image, image).refused("multiple apps with name inspect")
                try rkt("list").succeeded()
                try rkt.collectGarbage()
            }
        }
    }
}
