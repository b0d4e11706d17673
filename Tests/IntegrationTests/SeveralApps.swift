import JSON
import SystemPackage
import TestSupport
import Testing

extension Integration {
    @Suite struct SeveralApps {
        @Test func `all run, and the pod ends well when all do`() throws {
            try RktFixture.with { rkt throws in
                let image = try rkt.probeImage()
                let result = try rkt(
                    "run", "--net=none", image, "--name=one", "--", "sleep", "200", "+", "echo", "one", "---", image,
                    "--name=two", "--", "echo", "two"
                ).succeeded()
                #expect(Set(result.lines) == ["one", "two"])
                let status = try rkt("status", rkt.onlyPod()).succeeded().lines
                #expect(status.filter { $0.hasPrefix("app-") }.sorted() == ["app-one=0", "app-two=0"])
            }
        }

        @Test func `the first failure ends the pod and is its status`() throws {
            try RktFixture.with { rkt throws in
                let image = try rkt.probeImage()
                let result = try rkt(
                    "run", "--net=none", image, "--name=patient", "--", "wait", "60", "---", image, "--name=failing",
                    "--", "sleep", "100", "+", "exit", "7")
                #expect(result.status == 7, "\(result)")
                #expect(result.duration < .seconds(30))
                #expect(try rkt("status", rkt.onlyPod()).succeeded().lines.contains("app-failing=7"))
            }
        }

        @Test(.enabled(if: Programs.long, "takes the 90 s that apps have to end; RKT_LONG=1 waits"))
        func `an app that ignores the end is ended all the same`() throws {
            try RktFixture.with { rkt throws in
                let image = try rkt.fetch(
                    RktFixture.probe("example.com/stubborn").file("/busybox", from: Programs.find("busybox")))
                let result = try rkt(
                    [
                        "run", "--net=none", image, "--name=stubborn", "--exec=/busybox", "--", "sh", "-c",
                        "trap '' TERM INT HUP; while :; do /busybox sleep 1; done", "---", image, "--name=failing",
                        "--",
                        "sleep", "300", "+", "exit", "3",
                    ], limit: .seconds(150))
                #expect(result.status == 3, "\(result)")
            }
        }

        @Test func `an app that cannot start ends the pod`() throws {
            try RktFixture.with { rkt throws in
                let image = try rkt.probeImage()
                let result = try rkt(
                    "run", "--net=none", image, "--name=fine", "--", "wait", "60", "---", image, "--name=broken",
                    "--exec=/no/such")
                #expect(result.status != 0)
                #expect(result.ending != .outOfTime(.seconds(60)))
                #expect(result.errors.contains("/no/such"))
            }
        }

        @Test func `they share volumes, network, host name and processes' ends, not files or environments`() throws {
            try RktFixture.with { rkt throws in
                let image = try rkt.probeImage()
                let result = try rkt(
                    "run", "--net=none", "--volume=shared,kind=empty", "--mount=volume=shared,target=/shared", image,
                    "--name=writer", "--environment=WHO=writer", "--", "write", "/own", "1", "+", "write",
                    "/shared/note", "written", "+", "namespaces", "+", "sleep", "500", "---", image, "--name=reader",
                    "--", "sleep", "300", "+", "read", "/shared/note", "+", "exists", "/own", "+", "env", "+",
                    "namespaces"
                ).succeeded()
                let facts = Facts(result.output)
                #expect(facts["read /shared/note"] == "written\\n")
                #expect(facts["exists /own"] == "no")
                #expect(facts.environment["WHO"] == nil)
                #expect(Set(facts.all("ns.net")).count == 1)
                #expect(Set(facts.all("ns.uts")).count == 1)
                #expect(Set(facts.all("ns.ipc")).count == 1)
                #expect(Set(facts.all("ns.mnt")).count == 2)
            }
        }

        @Test func `each has its own rights`() throws {
            try RktFixture.with { rkt throws in
                let image = try rkt.probeImage()
                let result = try rkt(
                    "run", "--net=none", image, "--name=a", "--user=1000", "--caps-retain=CAP_KILL", "--", "echo", "a",
                    "+",
                    "status", "---", image, "--name=b", "--", "sleep", "300", "+", "echo", "b", "+", "status"
                ).succeeded()
                let bounds = Facts(result.output).all("CapBnd")
                #expect(bounds == [Capabilities.mask([5]), Capabilities.usual])
            }
        }

        @Test func `two apps of one name are refused, other names help`() throws {
            try RktFixture.with { rkt throws in
                let image = try rkt.probeImage()
                try rkt("run", "--net=none", image, image).refused("multiple apps with name inspect")
                try rkt("run", "--net=none", image, image, "--name=Bad").refused("Bad")
                try rkt("run", "--net=none", image, "--", "user", "---", image, "--name=other", "--", "user")
                    .succeeded()
                try rkt.collectGarbage()
            }
        }

        @Test func `fly runs one`() throws {
            try RktFixture.with { rkt throws in
                let image = try rkt.probeImage()
                try rkt(["run"] + Flavor.fly.selection + [image, image, "--name=other"])
                    .refused("fly only supports 1 application per Pod for now")
            }
        }

        @Test func `many start, each once`() throws {
            try RktFixture.with { rkt throws in
                let image = try rkt.probeImage()
                var words = ["run", "--net=none"]
                for index in 0..<20 { words += [image, "--name=app-\(index)", "--", "echo", "\(index)", "---"] }
                let result = try rkt(words).succeeded()
                #expect(Set(result.lines) == Set((0..<20).map(String.init)))
                #expect(result.lines.count == 20)
            }
        }
    }
}
