import SystemPackage
import TestSupport
import Testing

extension Integration {
    /// When the network is asked; counted at the server.
    @Suite struct PullPolicy {
        @Test func `never takes what is there and asks nobody`() throws {
            try RktFixture.withServer { rkt, server in
                try prepare(rkt, server)
                for word in ["https://example.com/app.aci", "example.com/app:1"] {
                    let failed = try rkt("fetch", "--pull-policy=never", word)
                    failed.refusedInOneLine("unable to fetch image from")
                    #expect(server.requests.isEmpty)
                    try rkt("run", "--net=none", "--pull-policy=never", word).refused("unable to fetch image from")
                }
                try rkt("fetch", "--store-only", "example.com/app:1").refused("unable to fetch image")
                for word in ["https://example.com/app.aci", "example.com/app:1"] {
                    let id = try rkt("fetch", word).succeeded().text
                    server.forgetRequests()
                    #expect(try rkt("fetch", "--pull-policy=never", word).succeeded().text == id)
                    #expect(server.requests.isEmpty)
                    server.forgetRequests()
                }
            }
        }

        @Test func `new asks for what is not there`() throws {
            try RktFixture.withServer { rkt, server in
                try prepare(rkt, server)
                for word in ["https://example.com/app.aci", "example.com/app:1"] {
                    let id = try rkt("fetch", "--pull-policy=new", word).succeeded().text
                    #expect(!server.requests.isEmpty)
                    server.forgetRequests()
                    #expect(try rkt("fetch", "--pull-policy=new", word).succeeded().text == id)
                    try rkt("run", "--net=none", "--uuid-file-save=/dev/null", word, "--exec=/none").refused(
                        "", status: try rkt("run", "--net=none", word, "--exec=/none").status)
                    #expect(server.requests.isEmpty, "new, and run's default")
                }
                try rkt.collectGarbage()
            }
        }

        @Test func `update asks each time, and fetch does so by itself`() throws {
            try RktFixture.withServer { rkt, server in
                try prepare(rkt, server)
                for word in ["https://example.com/app.aci", "example.com/app:1"] {
                    for options in [["--pull-policy=update"], [], ["--no-store"]] {
                        server.forgetRequests()
                        try rkt(["fetch"] + options + [word]).succeeded()
                        #expect(server.requests.contains { $0.path.hasSuffix(".aci") }, "\(options)")
                    }
                }
                server.forgetRequests()
                try rkt("prepare", "--pull-policy=update", "example.com/app:1").succeeded()
                #expect(server.requests.contains { $0.path.hasSuffix(".aci") })
                try rkt("fetch", "--store-only", "--no-store", "example.com/app:1").refused(
                    "both --store-only and --no-store specified")
                try rkt.collectGarbage()
            }
        }

        @Test func `a file is read each time`() throws {
            try RktFixture.with { rkt throws in
                let file = try rkt.writeSigned(RktFixture.tiny("example.com/app", "one"), name: "app.aci")
                try rkt.trust()
                let one = try rkt("fetch", "--pull-policy=never", file.string).succeeded().text
                let again = try rkt.writeSigned(RktFixture.tiny("example.com/app", "two"), name: "app.aci")
                for policy in ["never", "new", "update"] {
                    #expect(try rkt("fetch", "--pull-policy=\(policy)", again.string).succeeded().text != one)
                }
            }
        }

        @Test func `a hash comes from the store alone`() throws {
            try RktFixture.withServer { rkt, server in
                try prepare(rkt, server)
                let id = try rkt("fetch", "--full", "example.com/app:1").succeeded().text
                server.forgetRequests()
                for policy in ["never", "new", "update"] {
                    try rkt("prepare", "--pull-policy=\(policy)", String(id.prefix(20))).succeeded()
                }
                try rkt("prepare", "sha512-0000000000").refused("no image IDs found")
                #expect(server.requests.isEmpty)
                try rkt.collectGarbage()
            }
        }

        private func prepare(_ rkt: RktFixture, _ server: ImageServer) throws {
            try rkt.trust()
            try server.announce()
            try server.put("example.com/app.aci", rkt, RktFixture.tiny("example.com/app", "by URL"))
            try server.offer(rkt, RktFixture.tiny("example.com/app", "by name"), "example.com/app", version: "1")
        }
    }
}
