import Glibc
import SystemPackage
import TestSupport
import Testing

extension Integration {
    /// Images of a real registry, and the same images as files.
    @Suite struct Registries {
        static let insecure = "--insecure-options=image"

        @Test func `fetch and run from a registry`() throws {
            try RktFixture.withServer { rkt, server in
                try Registry.start(.open, in: server, for: rkt)
                let word = "docker://registry.example.com/busybox"
                try rkt("fetch", word).refused(
                    "signature verification for docker images is not supported (try --insecure-options=image)")
                let first = try rkt("fetch", "--full", Self.insecure, word).succeeded().text
                for policy in ["update", "new", "never"] {
                    let again = try rkt("fetch", "--full", Self.insecure, "--pull-policy=\(policy)", word).succeeded()
                    #expect(again.text == first, "\(policy)")
                }
                #expect(rkt.leftBehind() == [])
                let run = try rkt("run", "--net=none", Self.insecure, word).succeeded()
                #expect(run.text == "amd64")
                #expect(try rkt.storedNames().contains("registry.example.com/busybox:latest"))
                try rkt.collectGarbage()
            }
        }

        @Test func `the reference becomes name and labels`() throws {
            try RktFixture.withServer { rkt, server in
                try Registry.start(.open, in: server, for: rkt)
                try rkt("fetch", Self.insecure, "docker://registry.example.com/layers:latest").succeeded()
                let manifest = try rkt("image", "cat-manifest", "registry.example.com/layers:latest").succeeded().output
                for fragment in [
                    "\"name\": \"registry.example.com/layers\"", "\"appc.io/docker/registryurl\"",
                    "\"appc.io/docker/repository\"", "\"appc.io/docker/originalname\"", "\"appc.io/docker/entrypoint\"",
                    "\"6379-tcp\"", "\"volume-data-state\"", "\"/data/state\"", "\"EXTRA\"", "\"65534\"",
                    "\"workingDirectory\": \"/data\"",
                ] {
                    #expect(manifest.contains(fragment), "'\(fragment)' in\n\(manifest)")
                }
                let run = try rkt(
                    "run", "--net=none", Self.insecure, "--pull-policy=never",
                    "docker://registry.example.com/layers:latest"
                ).succeeded()
                #expect(
                    run.lines == ["busybox more", "a", "c", "d", "link"] || run.lines.first == "busybox more", "\(run)")
                try rkt.collectGarbage()
            }
        }

        @Test(arguments: ["latest", "oci", "zstd"])
        func `layers hide, replace and link`(tag: String) throws {
            try RktFixture.withServer { rkt, server in
                try Registry.start(.open, in: server, for: rkt)
                let id = try rkt(
                    "fetch", "--full", Self.insecure, "docker://registry.example.com/layers:\(tag)"
                ).succeeded().text
                try expectLayers(rkt, id)
            }
        }

        private func expectLayers(_ rkt: RktFixture, _ id: String) throws {
            let out = rkt.directory.appending("out")
            removeTree(out)
            try rkt("image", "render", "--rootfs-only", id, out.string).succeeded()
            #expect(try entries(of: out.appending("data")).filter { $0 != "state" } == ["a", "c", "d", "link"])
            #expect(try readText(out.appending("data/c")) == "three c\n")
            #expect(try FileFacts(out.appending("data/a")).inode == FileFacts(out.appending("data/link")).inode)
            #expect(try entries(of: out.appending("opaque")) == ["symlink", "z"])
            #expect(!exists(out.appending("gone")))
            #expect(!(try entries(of: out).contains { $0.hasPrefix(".wh.") }))
            #expect(try FileFacts(out.appending("tmp")).permissions == 0o1777)
        }

        @Test func `an account, and a token for it`() throws {
            try RktFixture.withServer { rkt, server in
                for kind in [Registry.Kind.basic, .token] { try Registry.start(kind, in: server, for: rkt) }
                let basic = "docker://private.example.com/busybox"
                let token = "docker://token.example.com/busybox"
                for word in [basic, token] { try rkt("fetch", Self.insecure, word).refused("") }
                // The token comes from another host, which has to be named.
                try rkt.configure("auth.d/docker.json", Self.account)
                server.forgetRequests()
                try rkt("fetch", Self.insecure, basic).succeeded()
                try rkt("fetch", Self.insecure, token).refused("auth.example.com")
                #expect(server.requests.isEmpty, "the account went nowhere")
                try rkt.configure("auth.d/docker.json", Self.accountWithRealm)
                try rkt("fetch", Self.insecure, token).succeeded()
                let request = try #require(server.gets("auth.example.com/token").last)
                #expect(request.headers["authorization"] == Registry.basicAuthorization)
                #expect(request.target.contains("service=token.example.com"))
                #expect(
                    request.target.contains("scope=repository:busybox:pull")
                        || request.target.contains("scope=repository%3Abusybox%3Apull"))
                try rkt.configure("auth.d/docker.json", Self.accountWithRealm.replacingFirst("secret", "wrong"))
                try rkt("fetch", Self.insecure, token).refusedInOneLine("401")
                try rkt("fetch", Self.insecure, basic).refusedInOneLine("401")
                #expect(rkt.leftBehind() == [])
            }
        }

        static let account = """
            {"rktKind": "dockerAuth", "rktVersion": "v1", "registries": ["private.example.com", "token.example.com"],
             "credentials": {"user": "alice", "password": "secret"}}
            """
        static let accountWithRealm = """
            {"rktKind": "dockerAuth", "rktVersion": "v1", "registries": ["private.example.com", "token.example.com"],
             "realms": ["auth.example.com"], "credentials": {"user": "alice", "password": "secret"}}
            """

        @Test func `an index gives the image of this machine`() throws {
            try RktFixture.withServer { rkt, server in
                try Registry.start(.open, in: server, for: rkt)
                for tag in ["index", "list", "latest"] {
                    let id = try rkt(
                        "fetch", "--full", Self.insecure, "docker://registry.example.com/multi:\(tag)"
                    ).succeeded().text
                    #expect(try rkt.content(id, "etc/architecture") == "amd64\n")
                }
            }
        }

        @Test func `a digest is a reference`() throws {
            try RktFixture.withServer { rkt, server in
                try Registry.start(.open, in: server, for: rkt)
                let digest = try self.digest(server, rkt, "busybox:latest")
                let word = "docker://registry.example.com/busybox@\(digest)"
                let id = try rkt("fetch", "--full", Self.insecure, word).succeeded().text
                let manifest = try rkt("image", "cat-manifest", id).succeeded().output
                #expect(!manifest.contains("\"version\""))
                #expect(manifest.contains("registry.example.com/busybox"))
                let none = String(repeating: "0", count: 64)
                try rkt("fetch", Self.insecure, "docker://registry.example.com/busybox@sha256:\(none)")
                    .refusedInOneLine("404")
            }
        }

        @Test(arguments: [
            "docker://", "docker://registry.example.com/Busybox", "docker://registry.example.com/a//b",
            "docker://registry.example.com/../x", "docker://registry.example.com/x:../y",
            "docker://registry.example.com/x@sha256:../../x", "docker://registry.example.com/x@sha256:abc",
            "docker://registry.example.com/x@md5:d41d8cd98f00b204e9800998ecf8427e",
            "docker://registry.example.com:port/x", "docker://registry.example.com/x y",
        ])
        func `references that are none`(word: String) throws {
            try RktFixture.withServer { rkt, server in
                try rkt("fetch", Self.insecure, word).refusedInOneLine("")
                #expect(server.requests.isEmpty)
                #expect(rkt.leftBehind() == [])
            }
        }

        @Test func `what is not there is one clear error`() throws {
            try RktFixture.withServer { rkt, server in
                try Registry.start(.open, in: server, for: rkt)
                try rkt("fetch", Self.insecure, "docker://registry.example.com/none").refusedInOneLine("404")
                try rkt("fetch", Self.insecure, "docker://registry.example.com/busybox:none").refusedInOneLine("404")
                try rkt("fetch", Self.insecure, "docker://registry.example.com:9/busybox").refusedInOneLine("")
                try rkt("fetch", Self.insecure, "docker://example.com/busybox").refusedInOneLine("")
                #expect(rkt.leftBehind() == [])
            }
        }

        @Test func `a whole Debian`() throws {
            try RktFixture.withServer { rkt, server in
                try Registry.start(.open, in: server, for: rkt)
                let word = "docker://registry.example.com/debian:12"
                let (result, peak) = try rkt.peakMemory(["fetch", "--full", Self.insecure, word], limit: .seconds(120))
                try result.succeeded()
                #expect(peak < 128 << 20, "\(peak >> 20) MiB")
                let run = try rkt(
                    "run", "--net=none", result.text, "--exec=/usr/bin/perl", "--", "-e", "print 6*7, qq(\\n)")
                #expect(try run.succeeded().text == "42")
                try rkt.collectGarbage()
            }
        }

        // Files

        @Test func `layouts and archives give the same image as the registry`() throws {
            try RktFixture.with { rkt throws in
                let files = try Registry.storage.appending("files")
                for word in [
                    "oci:\(files)/layout:latest", "oci-archive:\(files)/layers-oci.tar",
                    "docker-archive:\(files)/layers-docker.tar",
                ] {
                    try rkt("fetch", word).refused("--insecure-options=image")
                    let id = try rkt("fetch", "--full", Self.insecure, word).succeeded().text
                    let again = try rkt("fetch", "--full", Self.insecure, "--pull-policy=update", word).succeeded().text
                    #expect(id == again, "\(word)")
                    try expectLayers(rkt, id)
                    let run = try rkt("run", "--net=none", Self.insecure, word).succeeded()
                    #expect(run.lines.first == "busybox more")
                }
                try rkt("fetch", Self.insecure, "oci:\(files)/layout:none").refusedInOneLine("none")
                try rkt("fetch", Self.insecure, "oci:\(files)/none").refusedInOneLine("none")
                try rkt("fetch", Self.insecure, "docker-archive:/etc/passwd").refusedInOneLine("")
                #expect(rkt.leftBehind() == [])
                try rkt.collectGarbage()
            }
        }

        @Test func `layers come at once`() throws {
            try RktFixture.withServer { rkt, server in
                let registry = try HostileRegistry(rkt, server)
                let layers = try (0..<3).map { try registry.layer([.file("file-\($0)", "x")]) }
                try registry.document(registry.manifestText(layers))
                let urls = layers.map { "\(HostileRegistry.host)/v2/app/blobs/\($0.digest)" }
                let gates = urls.indices.map { rkt.directory.appending("gate-\($0)") }
                for (url, gate) in zip(urls, gates) {
                    mkfifo(gate.string, 0o600)
                    try server.answer(url, .file.waiting(for: gate.string))
                }
                let running = try rkt.start(["fetch", Self.insecure, "docker://\(HostileRegistry.host)/app"])
                for url in urls { try server.waitForRequest(url) }
                for gate in gates { try shell("echo > \"$1\"", [gate.string]) }
                try running.wait().succeeded()
            }
        }

        private func digest(_ server: ImageServer, _ rkt: RktFixture, _ name: String) throws -> String {
            var command = Command(
                try Programs.find("skopeo"),
                ["inspect", "--format", "{{.Digest}}", "docker://registry.example.com/\(name)"])
            command.environment = ["HOME=\(rkt.directory)", "PATH=/usr/bin:/bin"]
            return try server.inside(command).run().succeeded().text
        }
    }
}
