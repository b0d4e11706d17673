import SystemPackage
import TestSupport
import Testing

extension Integration {
    /// Registries that lie, send too much or want what is not theirs.
    ///
    /// In every case: status 254, one line, within 128 MiB and 20 s, nothing stored, nothing left.
    @Suite struct RegistryAttacks {
        struct Attack: Sendable, CustomTestStringConvertible {
            let testDescription: String
            var sentence = ""
            let make: @Sendable (HostileRegistry) throws -> Void

            init(_ name: String, _ sentence: String = "", _ make: @escaping @Sendable (HostileRegistry) throws -> Void)
            {
                (testDescription, self.sentence, self.make) = (name, sentence, make)
            }
        }

        static let attacks = documents + descriptors + layers

        // Manifests, indexes and configurations

        static let documents = [
            Attack("HTML in place of the API") {
                try $0.ping(.text("<html><body>hello</body></html>").headers(("Content-Type", "text/html")))
            },
            Attack("HTML in place of a manifest") {
                try $0.document("<!DOCTYPE html><html><body>hello</body></html>", type: "text/html")
            },
            Attack("no JSON") { try $0.document("{nonsense") },
            Attack("an empty document") { try $0.document("") },
            Attack("an empty object") { try $0.document("{}") },
            Attack("JSON that is deep") {
                try $0.document(String(repeating: "[", count: 1_000_000))
            },
            Attack("JSON with a deep member") {
                let deep = String(repeating: "{\"a\":", count: 200_000) + "1" + String(repeating: "}", count: 200_000)
                try $0.document("{\"schemaVersion\": 2, \"x\": \(deep)}")
            },
            Attack("JSON that is long") {
                try $0.document("{\"schemaVersion\": 2, \"x\": \"\(String(repeating: "x", count: 5 << 20))\"}")
            },
            Attack("JSON of many small things") {
                try $0.document("[" + String(repeating: "0,", count: 1_900_000) + "0]")
            },
            Attack("JSON that does not end") { registry in
                try registry.image()
                try registry.server.answer("\(HostileRegistry.host)/v2/app/manifests/latest", .endless)
            },
            Attack("a manifest that is an index, too") { registry in
                let image = try registry.manifestText([try registry.layer([])])
                try registry.document(String(image.dropLast()) + ", \"manifests\": []}")
            },
            Attack("a manifest that says it is an index") { registry in
                let image = try registry.manifestText([try registry.layer([])])
                try registry.document(
                    image.replacingFirst(HostileRegistry.manifestType, HostileRegistry.indexType))
            },
            Attack("a manifest that is sent as an index") { registry in
                let image = try registry.manifestText([try registry.layer([])])
                try registry.document(image, type: HostileRegistry.indexType)
            },
            Attack("members that come twice") { registry in
                let image = try registry.manifestText([try registry.layer([])])
                try registry.document(String(image.dropLast()) + ", \"layers\": []}")
            },
            Attack("schema 1") {
                try $0.document(
                    "{\"schemaVersion\": 1, \"name\": \"app\", \"tag\": \"latest\", \"fsLayers\": [], \"history\": []}",
                    type: "application/vnd.docker.distribution.manifest.v1+prettyjws")
            },
            Attack("10,000 layers", "layers") { registry in
                let layer = try registry.layer([.file("x", "x")])
                try registry.document(
                    try registry.manifestText(Array(repeating: layer, count: 10_000)))
            },
            Attack("an index that points to itself") { registry in
                // Its digest cannot be in it, so the server lies about what is there.
                let digest = "sha256:" + String(repeating: "a", count: 64)
                let text = index([(digest, "1000", HostileRegistry.indexType)])
                try registry.document(text, type: HostileRegistry.indexType)
                try registry.server.put("\(HostileRegistry.host)/v2/app/manifests/\(digest)", text: text)
                try registry.server.answer(
                    "\(HostileRegistry.host)/v2/app/manifests/\(digest)",
                    .file.headers(("Content-Type", HostileRegistry.indexType)))
            },
            Attack("indexes that point to indexes") { registry in
                var blob = try registry.image()
                var type = HostileRegistry.manifestType
                for _ in 0..<20 {
                    blob = try registry.document(
                        index([(blob.digest, blob.size, type)]), type: HostileRegistry.indexType)
                    type = HostileRegistry.indexType
                }
            },
            Attack("an index for other machines", "amd64") { registry in
                let blob = try registry.image()
                let text = index([(blob.digest, blob.size, HostileRegistry.manifestType)])
                    .replacingFirst("\"amd64\"", "\"riscv64\"")
                try registry.document(text, type: HostileRegistry.indexType)
            },
            Attack("an empty index") { try $0.document(index([]), type: HostileRegistry.indexType) },
            Attack("a configuration that is a list") { registry in
                try registry.document(
                    registry.manifestText(config: try registry.config("[]"), layers: [try registry.layer([])]))
            },
            Attack("a configuration that is deep") { registry in
                let deep = String(repeating: "[", count: 500_000)
                try registry.document(
                    registry.manifestText(
                        config: try registry.config("{\"config\": \(deep)"), layers: [try registry.layer([])]))
            },
            Attack("a configuration that is long") { registry in
                let long = "{\"author\": \"\(String(repeating: "x", count: 9 << 20))\"}"
                try registry.document(
                    registry.manifestText(config: try registry.config(long), layers: [try registry.layer([])]))
            },
            Attack("a user that is none") { registry in
                let layers = [try registry.layer([])]
                let config = try registry.config(for: layers, members: "\"config\": {\"User\": \"a\\u0000b\"}")
                try registry.document(registry.manifestText(config: config, layers: layers))
            },
        ]

        private static func index(_ entries: [(digest: String, size: String, type: String)]) -> String {
            let texts = entries.map { entry in
                """
                {"mediaType": "\(entry.type)", "digest": "\(entry.digest)", "size": \(entry.size),
                 "platform": {"os": "linux", "architecture": "amd64"}}
                """
            }
            return """
                {"schemaVersion": 2, "mediaType": "\(HostileRegistry.indexType)",
                 "manifests": [\(texts.joined(separator: ", "))]}
                """
        }

        // Digests and sizes

        static let descriptors =
            [
                "sha256:../../../../../../etc/passwd", "sha256:" + String(repeating: "A", count: 64), "sha256:", "",
                "sha256:" + String(repeating: "0", count: 63), "md5:d41d8cd98f00b204e9800998ecf8427e",
                "sha256:" + String(repeating: "0", count: 62) + "/x", "../x:abc", "sha256",
                "sha256:" + String(repeating: "0", count: 64) + "\\u0000",
            ].flatMap { digest in
                [
                    Attack("a layer with the digest '\(digest)'") { registry in
                        var layer = try registry.layer([.file("x", "x")])
                        layer.digest = digest
                        try registry.document(try registry.manifestText([layer]))
                    }
                ]
            } + [
                Attack("a configuration with a path for a digest") { registry in
                    var config = try registry.config(for: [])
                    config.digest = "sha256:../../x"
                    try registry.document(registry.manifestText(config: config, layers: []))
                },
                Attack("a layer that is another", "digest") { registry in
                    let layer = try registry.blob(
                        Array("other".utf8), as: "sha256:" + String(repeating: "1", count: 64))
                    try registry.document(try registry.manifestText([layer]))
                },
                Attack("a configuration that is another", "digest") { registry in
                    let config = try registry.blob(Array("{}".utf8), as: "sha256:" + String(repeating: "1", count: 64))
                    try registry.document(
                        registry.manifestText(config: config, layers: [try registry.layer([.file("x", "x")])]))
                },
            ]
            + ["0", "1", "-1", "99999999999999999999", "9223372036854775807", "1.5", "1e3", "\"5\"", "null"].map {
                size in
                Attack("a layer of the size \(size)") { registry in
                    var layer = try registry.layer([.file("x", "x")])
                    layer.size = size
                    try registry.document(try registry.manifestText([layer]))
                }
            }

        // Layers

        static let layers = [
            Attack("a layer that does not come whole") { registry in
                let layer = try registry.layer([.file("x", String(repeating: "x", count: 100_000))])
                try registry.document(try registry.manifestText([layer]))
                try registry.server.answer(
                    "\(HostileRegistry.host)/v2/app/blobs/\(layer.digest)", .file.after(50_000, .close))
            },
            Attack("a layer that is HTML") { registry in
                let layer = try registry.layer([.file("x", "x")])
                try registry.document(try registry.manifestText([layer]))
                try registry.server.answer(
                    "\(HostileRegistry.host)/v2/app/blobs/\(layer.digest)", .text("<html>hello</html>"))
            },
            Attack("a layer longer than it says") { registry in
                let layer = try registry.layer([.file("x", "x")])
                try registry.document(try registry.manifestText([layer]))
                try registry.server.answer("\(HostileRegistry.host)/v2/app/blobs/\(layer.digest)", .endless)
            },
            Attack("a layer that is no archive") { registry in
                let layer = try registry.blob(Array(String(repeating: "no tar\n", count: 1000).utf8))
                try registry.document(try registry.manifestText([layer]))
            },
            Attack("a layer with a name of 300 bytes") {
                try $0.image([.file(String(repeating: "n", count: 300), "x")])
            },
            Attack("a layer with a name that is not UTF-8") {
                try $0.image([.file("x").with { $0.name = [0xff, 0xfe] }])
            },
            Attack("a layer 300 directories deep") {
                try $0.image([.file(String(repeating: "d/", count: 300) + "f", "x")])
            },
            Attack("a hard link to the outside") { try $0.image([.hardLink("x", to: "../../../../etc/passwd")]) },
            Attack("a hard link to nothing") { try $0.image([.hardLink("x", to: "missing")]) },
            Attack("a device where the root is") { try $0.image([.device(".", 1, 3)]) },
            Attack("a whiteout that goes up") { try $0.image([.file(".wh...", "")]) },
            Attack("a whiteout of nothing") { try $0.image([.file(".wh.", "")]) },
            Attack("/dev is a file", "\"/dev\" is not a directory") { try $0.image([.file("dev", "x")]) },
            Attack("a size beyond the end") {
                try $0.image([.file("x", "abc").with { $0.claimedSize = 1 << 40 }])
            },
            Attack("a layer somewhere else") { registry in
                var layer = try registry.blob(Array("never".utf8))
                layer.more = ", \"urls\": [\"https://example.org/foreign\"]"
                try registry.document(
                    try registry.manifestText(
                        [layer], layerType: "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"))
            },
        ]

        @Test func `are refused`() throws {
            try RktFixture.withServer { rkt, server in
                for attack in Self.attacks {
                    let registry = try HostileRegistry(rkt, server)
                    try attack.make(registry)
                    try registry.expectRefusal(attack.sentence, what: attack.testDescription)
                    try shell(
                        "rm -rf \"$1\"; mkdir \"$1\"", [server.root.appending(HostileRegistry.host).string])
                }
                #expect(server.requests.allSatisfy { $0.host == HostileRegistry.host })
                // And a good one from the same place is taken.
                let registry = try HostileRegistry(rkt, server)
                try registry.image()
                try registry.fetch().0.succeeded()
                #expect(rkt.leftBehind().allSatisfy { $0.hasPrefix("cas/download/") }, "\(rkt.leftBehind())")
            }
        }

        @Test func `what a layer says about the outside stays inside`() throws {
            try RktFixture.withServer { rkt, server in
                let registry = try HostileRegistry(rkt, server)
                let outside = rkt.directory.appending("outside")
                try makeDirectories(outside)
                let text = try registry.manifestText([
                    try registry.layer([
                        .directory("etc"), .symlink("link", to: outside.string), .symlink("up", to: "../../.."),
                        .symlink("etc/self", to: "."),
                    ]),
                    try registry.layer([.file("link/x", "x"), .file("up/y", "y"), .file("etc/.wh.self", "")]),
                    try registry.layer([
                        .file("/absolute", "a"), .file("./dotted", "d"), .file("link/.wh..wh..opq", ""),
                    ]),
                ])
                try registry.document(text)
                let (result, _) = try registry.fetch()
                if result.status == 0 {
                    let out = rkt.directory.appending("out")
                    try rkt("image", "render", "--rootfs-only", result.text, out.string).succeeded()
                    #expect(!exists(out.appending("etc/self")))
                } else {
                    result.refusedInOneLine("")
                }
                #expect(try entries(of: outside) == [])
                #expect(!exists(rkt.directory.appending("y")))
            }
        }

        // Accounts

        static let account = """
            {"rktKind": "dockerAuth", "rktVersion": "v1", "registries": ["hostile.example.com"],
             "credentials": {"user": "alice", "password": "secret"}}
            """

        @Test(arguments: [
            "https://example.org/token", "http://hostile.example.com/token", "http://example.org/token",
            "https://hostile.example.com.example.org/token", "https://hostile.example.com@example.org/token",
            "https://hostile.example.com:8443/token", "file:///etc/passwd", "//example.org/token", "",
        ])
        func `the account does not go to a realm elsewhere`(realm: String) throws {
            try RktFixture.withServer { rkt, server in
                try rkt.configure("auth.d/docker.json", Self.account)
                let registry = try HostileRegistry(
                    rkt, server, asking: "Bearer t",
                    challenge: "Bearer realm=\"\(realm)\",service=\"s\",scope=\"repository:app:pull\"")
                try registry.image()
                for host in ["example.org", HostileRegistry.host] {
                    try server.put("\(host)/token", text: "{\"token\": \"t\"}")
                }
                try registry.expectRefusal(what: realm)
                for request in server.requests where request.path.hasSuffix("/token") {
                    #expect(request.headers["authorization"] == nil, "\(request)")
                }
                for request in server.requests where request.scheme == "http" {
                    #expect(request.headers["authorization"] == nil, "\(request)")
                }
            }
        }

        @Test func `a realm of the registry itself is asked, and what it says is checked`() throws {
            try RktFixture.withServer { rkt, server in
                try rkt.configure("auth.d/docker.json", Self.account)
                let challenge =
                    "Bearer realm=\"https://\(HostileRegistry.host)/token\",service=\"s\",scope=\"repository:app:pull\""
                let registry = try HostileRegistry(rkt, server, asking: "Bearer t", challenge: challenge)
                try registry.image()
                let token = "\(HostileRegistry.host)/token"
                for answer in [
                    ServerAnswer.text("<html></html>"), .text("{}"), .text("{\"token\": 5}"),
                    .text("{\"token\": \"\"}"),
                    .text("{\"token\": \"a\\r\\nX-Injected: yes\"}"), .endless, .status(500), .status(401),
                    .text("{\"token\": \"\(String(repeating: "t", count: 3 << 20))\"}"),
                    .redirect("https://example.org/token"), .redirect("http://\(HostileRegistry.host)/token"),
                ] {
                    try server.put(token, text: "{\"token\": \"t\"}", answer)
                    try registry.expectRefusal()
                }
                #expect(server.requests.allSatisfy { $0.headers["x-injected"] == nil })
                #expect(!server.requests.contains { $0.host == "example.org" && $0.headers["authorization"] != nil })
                try server.answer(token, .file.authorization(Registry.basicAuthorization))
                try registry.fetch().0.succeeded()
                // Wanting it again and again leads nowhere.
                for id in try rkt("image", "list", "--full", "--no-legend", "--fields=id").lines {
                    try rkt("image", "rm", id).succeeded()
                }
                let strict = try HostileRegistry(rkt, server, asking: "Bearer never", challenge: challenge)
                try strict.image()
                server.forgetRequests()
                try strict.expectRefusal("refuses the token")
                #expect(server.requests.count < 10)
            }
        }

        @Test(arguments: [301, 302, 307, 308])
        func `where blobs are elsewhere, the account stays here`(status: Int) throws {
            try RktFixture.withServer { rkt, server in
                try rkt.configure("auth.d/docker.json", Self.account)
                let registry = try HostileRegistry(
                    rkt, server, asking: Registry.basicAuthorization, challenge: "Basic realm=\"r\"")
                let layer = try registry.layer([.directory("etc"), .file("etc/motd", "hello")])
                try registry.document(try registry.manifestText([layer]))
                let blob = "\(HostileRegistry.host)/v2/app/blobs/\(layer.digest)"
                try shell(
                    "mkdir -p \"$2\"; cp \"$1\" \"$2/there\"",
                    [server.root.appending(blob).string, server.root.appending("example.org").string])
                try shell(
                    "cp \"$1\" \"$2/there\"",
                    [server.root.appending(blob).string, server.root.appending(HostileRegistry.host).string])
                for target in ["https://example.org/there", "https://\(HostileRegistry.host):8443/there"] {
                    try server.answer(blob, .redirect(target, status: status))
                    server.forgetRequests()
                    try registry.fetch().0.succeeded()
                    let there = server.requests.filter { $0.path == "/there" }
                    #expect(!there.isEmpty && there.allSatisfy { $0.headers["authorization"] == nil }, "\(target)")
                }
                try server.answer(blob, .redirect("http://example.org/there", status: status))
                for id in try rkt("image", "list", "--full", "--no-legend", "--fields=id").lines {
                    try rkt("image", "rm", id).succeeded()
                }
                server.forgetRequests()
                try registry.expectRefusal()
                #expect(!server.requests.contains { $0.scheme == "http" })
            }
        }

        @Test func `a server that says nothing is not waited for without end`() throws {
            try RktFixture.withServer { rkt, server in
                try rkt.configure("limits.d/limits.json", Limits.short)
                for stage in ["manifest", "config", "layer"] {
                    let registry = try HostileRegistry(rkt, server)
                    let layer = try registry.layer([.file(stage, String(repeating: "x", count: 10_000))])
                    let config = try registry.config(for: [layer])
                    try registry.document(registry.manifestText(config: config, layers: [layer]))
                    let url =
                        switch stage {
                        case "manifest": "v2/app/manifests/latest"
                        case "config": "v2/app/blobs/\(config.digest)"
                        default: "v2/app/blobs/\(layer.digest)"
                        }
                    try server.answer("\(HostileRegistry.host)/\(url)", .file.after(1, .stall))
                    try registry.expectRefusal(what: stage, within: .seconds(5))
                    try server.answer("\(HostileRegistry.host)/\(url)", .file)
                }
            }
        }
    }
}

/// Configuration of the kind `limits`.
enum Limits {
    static let short = #"{"rktKind": "limits", "rktVersion": "v1", "stallSeconds": 1}"#

    /// So many bytes unpacked.
    static func bytes(_ count: Int) -> String {
        #"{"rktKind": "limits", "rktVersion": "v1", "maximumTotalBytes": \#(count)}"#
    }
}
