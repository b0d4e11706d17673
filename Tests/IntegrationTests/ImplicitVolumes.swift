import SystemPackage
import TestSupport
import Testing

extension Integration {
    /// Volumes that an image wants and nobody gives.
    @Suite struct ImplicitVolumes {
        @Test(arguments: [[], ["--no-overlay"]])
        func `a converted image finds its own files there, with owner and mode`(options: [String]) throws {
            try RktFixture.with { rkt throws in
                let result = try rkt.run(
                    image: rkt.fetch(converted(rkt)), options: options,
                    [
                        "read", "/data/sub/note", "+", "stat", "/data", "+", "stat", "/data/sub", "+", "link",
                        "/data/link", "+", "write", "/data/new", "x", "+", "list", "/data",
                    ]
                ).succeeded()
                let facts = Facts(result.output)
                #expect(facts["read /data/sub/note"] == "from image")
                #expect(facts["stat /data"]?.hasPrefix("directory 0o1770 5:6") == true, "\(facts)")
                #expect(facts["stat /data/sub"]?.hasPrefix("directory 0o2755 7:8") == true, "\(facts)")
                #expect(facts["link /data/link"] == "sub/note")
                #expect(facts["write /data/new"] == "ok")
                #expect(facts["list /data"]?.split(separator: " ").sorted() == ["link", "new", "sub"])
                #expect(
                    result.errors.contains(
                        "Docker converted image, initializing implicit volume with data contained at the mount point \"data\"."
                    ))
                #expect(result.errors.contains("warning: no volume specified for mount point \"data\""))
            }
        }

        @Test(arguments: [[], ["--no-overlay"], ["--private-users"], ["--private-users", "--no-overlay"]])
        func `a converted image finds them when it is added to a running pod too, anew each time`(
            options: [String]
        ) throws {
            try RktFixture.with { rkt throws in
                let image = try rkt.fetch(converted(rkt))
                let (pod, uuid) = try rkt.startSandbox(options)
                let volumes = try rkt.podDirectory(uuid).appending("sharedVolumes")
                for _ in 0..<2 {
                    let added = try rkt("app", "add", uuid, image, "--name=web", "--", "wait", "60").succeeded()
                    #expect(
                        added.errors.contains(
                            "Docker converted image, initializing implicit volume with data contained at the mount point \"data\"."
                        ))
                    #expect(added.errors.contains("warning: no volume specified for mount point \"data\""))
                    try rkt("app", "start", uuid, "--app=web").succeeded()
                    let facts = Facts(
                        try rkt(
                            "app", "exec", uuid, "/inspect", "read", "/data/sub/note", "+", "stat", "/data", "+",
                            "stat",
                            "/data/sub", "+", "link", "/data/link", "+", "list", "/data", "+", "write", "/data/new", "x"
                        ).succeeded().output)
                    #expect(facts["read /data/sub/note"] == "from image")
                    #expect(facts["stat /data"]?.hasPrefix("directory 0o1770 5:6") == true, "\(facts)")
                    #expect(facts["stat /data/sub"]?.hasPrefix("directory 0o2755 7:8") == true, "\(facts)")
                    #expect(facts["link /data/link"] == "sub/note")
                    #expect(facts["list /data"]?.split(separator: " ").sorted() == ["link", "sub"])
                    #expect(facts["write /data/new"] == "ok")
                    #expect(try entries(of: volumes).count == 1)
                    try rkt("app", "rm", uuid, "--app=web").succeeded()
                    #expect(try entries(of: volumes) == [])
                }
                try rkt("app", "add", uuid, image, "--name=web", "--user=nobody").refused("nobody")
                #expect(try entries(of: volumes) == [], "what fails leaves no volume")
                try rkt.stop(pod, uuid)
                try rkt.collectGarbage()
            }
        }

        @Test func `each pod has its own, and the image stays as it was`() throws {
            try RktFixture.with { rkt throws in
                let image = try rkt.fetch(converted(rkt))
                for _ in 0..<2 {
                    let facts = try rkt.ask(
                        "exists /data/new + write /data/new x + write /data/sub/note y", image: image)
                    #expect(facts["exists /data/new"] == "no")
                    #expect(facts["write /data/sub/note"] == "ok")
                }
                try rkt("image", "verify", image).succeeded()
            }
        }

        @Test func `a volume or mount of the user replaces it, and an image of our own kind gets an empty one`() throws
        {
            try RktFixture.with { rkt throws in
                let image = try rkt.fetch(converted(rkt))
                let named = try rkt.ask("list /data", options: ["--volume=data,kind=empty"], image: image)
                #expect(named["list /data"] == "")
                let mounted = try rkt.ask(
                    "list /data", options: ["--volume=other,kind=empty"],
                    appOptions: ["--mount=volume=other,target=/data"], image: image)
                #expect(mounted["list /data"] == "")
                let native = try rkt.fetch(
                    RktFixture.probe("example.com/native").directory("/data").file("/data/note", "x")
                        .mountPoint("data", "/data"))
                #expect(try rkt.ask("list /data", image: native)["list /data"] == "")
            }
        }

        @Test(arguments: ["absolute", "relative", "file", "fifo", "missing", "proc"])
        func `what the image has there is looked for inside the image`(kind: String) throws {
            try RktFixture.with { rkt throws in
                let outside = try rkt.source(["secret": "secret"], "outside")
                var image = try RktFixture.probe("example.com/a").annotation("appc.io/docker/repository", "library/a")
                    .mountPoint("data", "/data")
                switch kind {
                case "absolute": image = image.symlink("/data", to: outside.string)
                case "relative": image = image.symlink("/data", to: "../../../../../../..\(outside)")
                case "file": image = image.file("/data", "file")
                case "fifo": image = image.entry(.fifo("rootfs/data"))
                case "proc": image = image.symlink("/data", to: "/proc/self/root\(outside)")
                default: break
                }
                let result = try rkt.run(image: rkt.fetch(image), ["list", "/data"], limit: .seconds(30))
                if result.status == 0 {
                    #expect(Facts(result.output)["list /data"] == "", "\(result)")
                } else {
                    result.refused("/data")
                }
                #expect(!result.output.contains("secret"))
                #expect(try entries(of: outside) == ["secret"])
            }
        }

        @Test func `names that could be one another's do not share a volume`() throws {
            try RktFixture.with { rkt throws in
                let one = try rkt.fetch(RktFixture.probe("example.com/one").mountPoint("b-c", "/data"))
                let two = try rkt.fetch(RktFixture.probe("example.com/two").mountPoint("c", "/data"))
                let result = try rkt(
                    "run", "--net=none", one, "--name=a", "--", "write", "/data/note", "x", "+", "sleep", "400", "---",
                    two, "--name=a-b", "--", "sleep", "200", "+", "list", "/data"
                ).succeeded()
                #expect(Facts(result.output)["write /data/note"] == "ok")
                #expect(Facts(result.output)["list /data"] == "")
            }
        }

        private func converted(_ rkt: RktFixture) throws -> ACIBuilder {
            try RktFixture.probe("example.com/converted").annotation("appc.io/docker/repository", "library/a")
                .entry(
                    .directory("rootfs/data", mode: 0o1770).with {
                        $0.user = 5; $0.group = 6
                    }
                )
                .entry(
                    .directory("rootfs/data/sub", mode: 0o2755).with {
                        $0.user = 7; $0.group = 8
                    }
                )
                .file("/data/sub/note", "from image").symlink("/data/link", to: "sub/note")
                .mountPoint("data", "/data")
        }
    }
}
