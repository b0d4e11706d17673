import SystemPackage
import TestSupport
import Testing

extension Integration {
    @Suite struct Networks {
        @Test func `none has loopback, and it is up`() throws {
            try RktFixture.with { rkt throws in
                let facts = try rkt.ask("interfaces + loopback + namespaces", options: ["--net=none"])
                #expect(facts["interfaces"] == "lo")
                #expect(facts["loopback"] == "ok")
                #expect(facts["ns.net"] != (try hostNamespace("net")))
            }
        }

        @Test(arguments: Flavor.all)
        func `host is the host's network`(flavor: Flavor) throws {
            try RktFixture.with { rkt throws in
                let facts = try rkt.ask(flavor, "namespaces", options: ["--net=host"])
                #expect(facts["ns.net"] == (try hostNamespace("net")))
            }
        }

        @Test func `without a choice there is none, and one line says so`() throws {
            try RktFixture.with { rkt throws in
                let result = try rkt("run", try rkt.probeImage(), "--", "interfaces").succeeded()
                #expect(Facts(result.output)["interfaces"] == "lo")
                #expect(result.errorLines.filter { $0.contains("--net") }.count == 1, "\(result)")
            }
        }

        @Test(arguments: ["default", "mynet", "none,mynet"])
        func `networks that do not exist yet are refused`(network: String) throws {
            try RktFixture.with { rkt throws in
                try rkt.run(image: rkt.probeImage(), options: ["--net=\(network)"], ["user"]).refused(
                    "not available yet")
            }
        }

        @Test(arguments: ["default", "none", "host", "mynet"])
        func `fly has the host's network whatever is asked`(network: String) throws {
            try RktFixture.with { rkt throws in
                let facts = try rkt.ask(.fly, "namespaces", options: ["--net=\(network)"])
                #expect(facts["ns.net"] == (try hostNamespace("net")))
            }
        }
    }
}

/// The namespace of this process, as the kernel names it.
func hostNamespace(_ name: String) throws -> String {
    try Command("/usr/bin/readlink", ["/proc/self/ns/\(name)"]).run().succeeded().text
}
