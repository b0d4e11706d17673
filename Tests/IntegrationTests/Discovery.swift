import SystemPackage
import TestSupport
import Testing

extension Integration {
    /// Images that are found by their name, without any insecure option.
    @Suite struct Discovery {
        @Test func `trust, fetch and run by name`() throws {
            try RktFixture.withServer { rkt, server in
                try server.announce()
                try server.offer(rkt, RktFixture.hello(), "example.com/hello", version: "1.0.0")
                try rkt("fetch", "example.com/hello:1.0.0").refused("")
                #expect(try rkt.storedNames() == [])
                try rkt("trust", "--prefix=example.com/hello", "--skip-fingerprint-review").succeeded()
                let id = try rkt("fetch", "--full", "example.com/hello:1.0.0").succeeded()
                #expect(id.text == (try rkt.imageID(RktFixture.hello().label("version", "1.0.0"))))
                #expect(id.errors.contains("signature verified:"))
                #expect(id.errors.contains("  \(SigningKeys.Signer.images.identity)"))
                #expect(rkt.leftBehind() == [])
                let run = try rkt("run", "--net=none", "example.com/hello:1.0.0").succeeded()
                #expect(run.text == "hello, world")
                try rkt.collectGarbage()
            }
        }

        @Test func `run fetches what is not there`() throws {
            try RktFixture.withServer { rkt, server in
                try server.announce()
                let url = try server.offer(rkt, RktFixture.hello(), "example.com/hello", version: "1.0.0")
                try rkt.trust(prefix: "example.com/hello")
                for _ in 0..<2 {
                    let run = try rkt("run", "--net=none", "example.com/hello:1.0.0").succeeded()
                    #expect(run.text == "hello, world")
                }
                #expect(server.gets(url).count == 1, "it was there the second time")
                try rkt.collectGarbage()
            }
        }

        @Test func `looks at the name, then at each name above it`() throws {
            try RktFixture.withServer { rkt, server in
                try server.announce()
                try server.offer(rkt, RktFixture.tiny("example.com/a/b/c"), "example.com/a/b/c", version: "1")
                try rkt.trust(prefix: "example.com/a")
                try rkt("fetch", "example.com/a/b/c:1").succeeded()
                let pages = server.requests.filter { $0.target.hasSuffix("?ac-discovery=1") }
                #expect(pages.map(\.host) == Array(repeating: "example.com", count: 4))
                #expect(pages.map { $0.path == "" ? "/" : $0.path } == ["/a/b/c", "/a/b", "/a", "/"])
                #expect(pages.allSatisfy { $0.scheme == "https" })
                let agent = pages.first?.headers["user-agent"] ?? ""
                #expect(agent.hasPrefix("rkt/"), "\(agent)")
            }
        }

        @Test func `the first template that is for the name and can be filled is taken`() throws {
            try RktFixture.withServer { rkt, server in
                let image = RktFixture.tiny("example.com/app").label("version", "2").label("channel", "beta")
                let file = try rkt.write(image)
                try server.put("example.org/amd64/beta/example.com/app-2.aci", file)
                try server.put("example.org/amd64/beta/example.com/app-2.aci.asc", SigningKeys.shared.sign(file))
                let good = "https://example.org/{arch}/{channel}/{name}-{version}.{ext}"
                try server.discovery(
                    "example.com",
                    images: [
                        ("example.com/other", "https://example.org/wrong-prefix.{ext}"),
                        ("example.com", "https://example.org/{unknown}/{name}.{ext}"), ("example.com", good),
                        ("example.com", "https://example.org/second.{ext}"),
                    ])
                try rkt.trust()
                try rkt("fetch", "example.com/app:2,channel=beta").succeeded()
                #expect(server.requests.filter { $0.host == "example.org" && !$0.target.contains("/amd64/") }.isEmpty)

                try server.discovery(
                    "example.com", images: [("example.com", "https://example.org/no.{ext}"), ("example.com", good)])
                server.forgetRequests()
                try rkt("fetch", "example.com/app:2,channel=beta").succeeded()
                #expect(server.gets("example.org/no.aci.asc").count == 1, "asked first, and has nothing")
                try server.discovery(
                    "example.com",
                    images: [
                        ("example.com", "https://example.org/no.{ext}"),
                        ("example.com", "https://example.org/nor.{ext}"),
                    ])
                try rkt("fetch", "example.com/app:2,channel=beta").refused("404")
            }
        }

        @Test func `no version means the latest, also in the store`() throws {
            try RktFixture.withServer { rkt, server in
                try server.announce()
                try server.offer(rkt, RktFixture.tiny("example.com/app", "one"), "example.com/app", version: "1.0.0")
                try server.offer(
                    rkt, RktFixture.tiny("example.com/app", "last"), "example.com/app", version: "latest")
                try rkt.trust()
                let latest = try rkt("fetch", "--full", "example.com/app").succeeded().text
                let one = try rkt("fetch", "--full", "example.com/app:1.0.0").succeeded().text
                #expect(latest != one)
                #expect(try rkt.content("example.com/app", "etc/motd") == "last")
                #expect(try rkt.content("example.com/app:1.0.0", "etc/motd") == "one")
            }
        }

        @Test func `plain http is asked only with the option`() throws {
            try RktFixture.withServer { rkt, server in
                let file = try rkt.writeSigned(RktFixture.tiny("http.example.com/app").label("version", "1"))
                try server.put(
                    "http:http.example.com/index.html",
                    text:
                        "<meta name=\"ac-discovery\" content=\"http.example.com http://http.example.com/{name}-{version}.{ext}\">"
                )
                try server.put("http:http.example.com/http.example.com/app-1.aci", file)
                try server.put("http:http.example.com/http.example.com/app-1.aci.asc", FilePath("\(file).asc"))
                try rkt.trust(prefix: "http.example.com")
                try rkt("fetch", "http.example.com/app:1").refused("discovery failed for \"http.example.com/app")
                #expect(server.requests.allSatisfy { $0.scheme == "https" })
                let result = try rkt("fetch", "--insecure-options=http", "http.example.com/app:1").succeeded()
                #expect(result.errors.contains("warning: "))
                #expect(server.requests.contains { $0.scheme == "http" })
            }
        }

        @Test func `what came must have the name and the labels that were asked for`() throws {
            try RktFixture.withServer { rkt, server in
                try server.announce()
                try server.offer(rkt, RktFixture.tiny("example.com/other"), "example.com/app", version: "1")
                let wrongVersion = try rkt.writeSigned(RktFixture.tiny("example.com/app").label("version", "1"))
                try server.put("storage.example.com/linux/amd64/example.com/app-2.aci", wrongVersion)
                try server.put(
                    "storage.example.com/linux/amd64/example.com/app-2.aci.asc", FilePath("\(wrongVersion).asc"))
                let noVersion = try rkt.writeSigned(RktFixture.tiny("example.com/app"))
                try server.put("storage.example.com/linux/amd64/example.com/app-3.aci", noVersion)
                try server.put(
                    "storage.example.com/linux/amd64/example.com/app-3.aci.asc", FilePath("\(noVersion).asc"))
                try rkt.trust()
                for options in [[], ["--insecure-options=image"]] {
                    try rkt(["fetch"] + options + ["example.com/app:1"]).refused(
                        "\"example.com/app\" expected but \"example.com/other\" found")
                    try rkt(["fetch"] + options + ["example.com/app:2"]).refused("label \"version\"")
                    try rkt(["fetch"] + options + ["example.com/app:3"]).refused("label \"version\"")
                }
                #expect(try rkt.storedNames() == [])
                #expect(rkt.leftBehind() == [])
            }
        }

        @Test func `pages that help nobody are one clear error`() throws {
            try RktFixture.withServer { rkt, server in
                let page = "example.com/index.html"
                func fails(_ sentence: String = "discovery failed for \"example.com/app") throws {
                    let (result, peak) = try rkt.peakMemory(["fetch", "example.com/app:1"])
                    result.refusedInOneLine(sentence)
                    #expect(peak < 128 << 20)
                    #expect(rkt.leftBehind() == [])
                }
                try fails()
                try server.put(page, text: "<html><head><title>hello</title></head></html>")
                try fails()
                try server.answer(page, .status(500))
                try fails()
                try server.answer(page, .endless)
                try fails()
                try server.answer(page, .text(String(repeating: "<meta <meta ", count: 300_000)))
                try fails()
                try server.answer(page, .text("<meta name=\"ac-discovery\" content=\"example.com\">"))
                try fails()
                try server.answer(page, .redirect("https://example.com/"))
                try fails()
                try server.remove(page)
                try server.discovery("example.com", images: [("example.com", "file:///etc/passwd")])
                try fails("")
                try server.discovery("example.com", images: [("example.com", "ftp://example.org/{name}.{ext}")])
                try fails("")
                try rkt("fetch", "no-such-host.example.net/app:1").refused("discovery failed")
            }
        }

        // Keys

        @Test func `keys of the name are taken when told to, once`() throws {
            try RktFixture.withServer { rkt, server in
                try server.announce()
                try server.offer(rkt, RktFixture.tiny("example.com/app"), "example.com/app", version: "1")
                try server.offer(rkt, RktFixture.tiny("example.com/app"), "example.com/app", version: "2")
                try rkt("fetch", "example.com/app:1").refused("")
                #expect(!exists(rkt.localConfiguration.appending("trustedkeys/prefix.d/example.com")))
                try rkt("fetch", "--trust-keys-from-https", "example.com/app:1").succeeded()
                let key = rkt.localConfiguration.appending(
                    "trustedkeys/prefix.d/example.com/app/\(try SigningKeys.shared.fingerprint())")
                #expect(exists(key))
                server.forgetRequests()
                let again = try rkt("fetch", "--trust-keys-from-https", "--debug", "example.com/app:2").succeeded()
                #expect(again.errors.contains("keys already exist for prefix \"example.com/app\", not fetching again"))
                #expect(server.gets("example.com/pubkeys.gpg").isEmpty)
            }
        }

        @Test func `keys of the name are reviewed on a terminal`() throws {
            try RktFixture.withServer { rkt, server in
                try server.announce()
                try server.offer(rkt, RktFixture.tiny("example.com/app"), "example.com/app", version: "1")
                let no = try rkt.onTerminal(["no"], ["fetch", "example.com/app:1"])
                #expect(no.status == 254)
                #expect(no.output.contains("not trusting \"https://example.com/pubkeys.gpg\""))
                let yes = try rkt.onTerminal(["perhaps", "yes"], ["fetch", "example.com/app:1"])
                #expect(yes.status == 0, "\(yes)")
                #expect(yes.output.contains("Please enter 'yes' or 'no'"))
                #expect(yes.output.contains(try SigningKeys.shared.groups()))
            }
        }

        @Test func `keys over plain http need both options`() throws {
            try RktFixture.withServer { rkt, server in
                try server.announce()
                try server.discovery(
                    "example.com", images: [("example.com", ImageServer.template)],
                    keys: [("example.com", "http://example.com/pubkeys.gpg")])
                try server.offer(rkt, RktFixture.tiny("example.com/app"), "example.com/app", version: "1")
                for options in ["http", "pubkey"] {
                    try rkt(
                        "fetch", "--trust-keys-from-https", "--insecure-options=\(options)", "example.com/app:1"
                    ).refused("")
                }
                #expect(server.gets("example.com/pubkeys.gpg").isEmpty)
                // https is what the flag trusts; over http somebody has to look.
                let result = try rkt.onTerminal(
                    ["yes"], ["fetch", "--insecure-options=http,pubkey", "example.com/app:1"])
                #expect(result.status == 0, "\(result)")
            }
        }
    }
}
