import SystemPackage
import TestSupport
import Testing

extension Integration {
    /// What the store gives back, to others and of the disk.
    @Suite struct StoreCommands {
        @Test func `actool takes what image export writes`() throws {
            try RktFixture.with { rkt throws in
                let native = try rkt.fetch(RktFixture.hello().label("version", "1.0.0"))
                let word = "oci:\(try Registry.storage)/files/layout:latest"
                let converted = try rkt("fetch", "--full", "--insecure-options=image", word).succeeded().text
                for id in [native, converted] {
                    let out = rkt.directory.appending("\(id.suffix(8)).aci")
                    try rkt("image", "export", id, out.string).succeeded()
                    let actool = try Programs.find("actool")
                    let verdict = try Command(actool, ["--debug", "validate", out.string]).run()
                    #expect(verdict.status == 0, "\(verdict)")
                    #expect((verdict.output + verdict.errors).contains("valid app container image"), "\(verdict)")
                    let digest = try Command("/usr/bin/sha512sum", [out.string]).run().succeeded().text.prefix(64)
                    #expect("sha512-\(digest)" == id)
                }
            }
        }

        @Test func `actool finds an image where rkt finds it`() throws {
            try RktFixture.withServer { rkt, server in
                try server.announce()
                let actool = server.inside(
                    Command(try Programs.find("actool"), ["discover", "example.com/hello:1.0.0,os=linux,arch=amd64"]))
                let found = try actool.run().succeeded().output
                #expect(found.contains("https://storage.example.com/linux/amd64/example.com/hello-1.0.0.aci"))
                try rkt("fetch", "--insecure-options=image", "example.com/hello:1.0.0").refused("404")
                #expect(server.gets("storage.example.com/linux/amd64/example.com/hello-1.0.0.aci").count == 1)
            }
        }

        @Test func `images go from a disk that is full`() throws {
            try RktFixture.with { rkt throws in
                let disk = rkt.directory.appending("disk")
                try rkt.mountMemory(on: disk, options: ["-o", "size=40m"])
                let image = try rkt.write(RktFixture.hello(bytes: 1 << 20))
                let base = ["--dir=\(disk)", "--insecure-options=image"]
                let id = try Command(rkt.program, base + ["fetch", "--full", image.string]).run().succeeded().text
                try shell(
                    "dd if=/dev/zero of=\"$1\" bs=4k 2>/dev/null || true; echo more >> \"$1\" || true",
                    ["\(disk)/filler"])
                let result = try Command(rkt.program, base + ["image", "rm", id]).run().succeeded()
                #expect(result.output.contains("successfully removed aci for image: \"\(id)\""))
                try shell("rm \"$1\"", ["\(disk)/filler"])
                #expect(try Command(rkt.program, base + ["image", "list", "--no-legend"]).run().succeeded().text == "")
            }
        }

        @Test func `gc keeps what pods use, and what is young`() throws {
            try RktFixture.with { rkt throws in
                try rkt.fetch(RktFixture.tiny("example.com/old"))
                try rkt.fetch(RktFixture.tiny("example.com/young"))
                let (pod, uuid) = try rkt.startWaitingPod()
                try rkt("image", "gc").succeeded()
                #expect(try rkt.storedNames().filter { $0.hasPrefix("example.com/") }.count == 3, "a day of grace")
                try rkt("image", "gc", "--grace-period=0s").succeeded()
                #expect(try rkt.storedNames().filter { $0.hasPrefix("example.com/") } == ["example.com/inspect"])
                try rkt.enters(uuid)
                try rkt("stop", uuid).succeeded()
                pod.wait()
                try rkt.collectGarbage()
                let trees = try rkt("image", "gc", "--grace-period=0s").succeeded()
                #expect(trees.output.contains("removed treestore") || trees.errors.contains("removed treestore"))
                #expect(try rkt.storedNames().filter { $0.hasPrefix("example.com/") } == [])
                #expect(try entries(of: rkt.dataDirectory.appending("cas/tree")) == [])
            }
        }

        @Test func `gc clears downloads that nobody went on with`() throws {
            try RktFixture.with { rkt throws in
                try rkt.fetch(RktFixture.tiny())
                let downloads = rkt.dataDirectory.appending("cas/download")
                try makeDirectories(downloads)
                let old = downloads.appending("old")
                try writeText("half", to: old)
                setTimes(old, modification: 1_500_000_000_000_000_000)
                try rkt("image", "gc").succeeded()
                #expect(!exists(old))
            }
        }

        // Configuration

        @Test func `each directory of the configuration is over the one before`() throws {
            try RktFixture.with { rkt throws in
                let user = rkt.directory.appending("user")
                func write(_ place: FilePath, _ domain: String, _ token: String) throws {
                    try makeDirectories(place.appending("auth.d"))
                    try writeText(
                        """
                        {"rktKind": "auth", "rktVersion": "v1", "domains": ["\(domain)", "\(token).example.com"],
                         "type": "oauth", "credentials": {"token": "\(token)"}}
                        """, to: place.appending("auth.d/a.json"))
                }
                try write(rkt.systemConfiguration, "example.com", "system")
                #expect(try rkt("config").succeeded().output.contains("\"system\""))
                try write(rkt.localConfiguration, "example.com", "local")
                try write(user, "example.com", "user")
                func tokens(_ flags: String...) throws -> [String] {
                    let text = try rkt(["config", "--pretty-print=false"] + flags).succeeded().output
                    return text.split(separator: "{").filter { $0.contains("\"token\"") }.map {
                        $0.split(separator: "\"").map(String.init)[cell: 2]
                    }.sorted()
                }
                #expect(try tokens() == ["local", "local", "system"])
                #expect(try tokens("--user-config=\(user)") == ["local", "system", "user", "user"])
                #expect(try tokens("--user-config=/no/such") == ["local", "local", "system"])
            }
        }

        @Test(arguments: [
            ("auth.d", "{", "failed to parse"), ("auth.d", "{}", "no rktKind specified in"),
            ("auth.d", #"{"rktKind": "auth"}"#, "no rktVersion specified in"),
            ("auth.d", #"{"rktKind": "auth", "rktVersion": "v2"}"#, "of kind \"auth\" and version \"v2\""),
            ("auth.d", #"{"rktKind": "paths", "rktVersion": "v1"}"#, "has kind of \"paths\""),
            ("auth.d", #"{"rktKind": "auth", "rktVersion": "v1"}"#, "no domains specified"),
            (
                "auth.d", #"{"rktKind": "auth", "rktVersion": "v1", "domains": ["a"], "type": "x"}"#,
                "unknown auth type: \"x\""
            ),
            ("auth.d", #"{"rktKind": "dockerAuth", "rktVersion": "v1"}"#, "no registries specified"),
            (
                "paths.d", #"{"rktKind": "paths", "rktVersion": "v1", "data": "here"}"#,
                "data directory must be an absolute path"
            ),
            ("stage1.d", #"{"rktKind": "stage1", "rktVersion": "v1", "name": "example.com/x"}"#, "stage1"),
            ("limits.d", #"{"rktKind": "limits", "rktVersion": "v1", "stallSeconds": "soon"}"#, "stallSeconds"),
        ])
        func `a file that is wrong is named`(directory: String, text: String, sentence: String) throws {
            try RktFixture.with { rkt throws in
                try rkt.configure("\(directory)/wrong.json", text)
                let result = try rkt("config").refused(sentence)
                #expect(result.errors.contains("\(rkt.localConfiguration)/\(directory)/wrong.json"), "\(result)")
                // A fetch with --dir asks neither for directories nor for the default stage1 image.
                if ["paths.d", "stage1.d"].contains(directory) { return }
                try rkt("fetch", "--insecure-options=image", "https://example.com/x.aci").refused(sentence)
            }
        }
    }
}

extension RktFixture {
    /// Enters a pod that runs.
    fileprivate func enters(_ uuid: String) throws {
        try self("enter", uuid, "/inspect", "user").succeeded()
    }
}
