import SystemPackage
import TestSupport
import Testing

extension Integration {
    /// Images that need other images: these are found by discovery, and have to be signed as well.
    @Suite struct Dependencies {
        @Test func `come along, and once each`() throws {
            try RktFixture.withServer { rkt, server in
                try server.announce()
                try rkt.trust()
                let base = try server.offer(
                    rkt, RktFixture.probe("example.com/base").file("/layer", "base").file("/base", "b"),
                    "example.com/base")
                let middle = try server.offer(
                    rkt, ACIBuilder(name: "example.com/middle").dependency("example.com/base").file("/layer", "middle"),
                    "example.com/middle")
                try server.offer(
                    rkt,
                    ACIBuilder(name: "example.com/top").dependency("example.com/middle").dependency("example.com/base")
                        .file("/top", "t").app(exec: ["/inspect"]), "example.com/top")
                let id = try rkt("fetch", "--full", "example.com/top").succeeded()
                #expect(id.lines.count == 1)
                #expect(server.gets(base).count == 1)
                #expect(server.gets(middle).count == 1)
                let facts = try rkt.ask("read /layer + read /base + read /top", image: id.text)
                #expect(facts["read /base"] == "b" && facts["read /top"] == "t")
                server.forgetRequests()
                try rkt("fetch", "--pull-policy=new", "example.com/top").succeeded()
                #expect(server.requests.isEmpty, "the policy is theirs, too")
                try rkt.collectGarbage()
            }
        }

        @Test func `need a signature of their own`() throws {
            try RktFixture.withServer { rkt, server in
                try server.announce()
                try rkt.trust(prefix: "example.com/top")
                try server.offer(rkt, RktFixture.tiny("example.com/base"), "example.com/base")
                try server.offer(
                    rkt, ACIBuilder(name: "example.com/top").dependency("example.com/base"), "example.com/top")
                try rkt("fetch", "example.com/top").refused("")
                try rkt("prepare", "example.com/top").refused("")
                try rkt.trust(prefix: "example.com/base")
                try rkt("fetch", "example.com/top").succeeded()
                try rkt.collectGarbage()
            }
        }

        @Test func `must be the image that was meant`() throws {
            try RktFixture.withServer { rkt, server in
                try server.announce()
                try rkt.trust()
                let base = RktFixture.tiny("example.com/base")
                try server.offer(rkt, base, "example.com/base")
                let wrong = "sha512-" + String(repeating: "0", count: 128)
                try server.offer(
                    rkt, ACIBuilder(name: "example.com/top").dependency("example.com/base", id: wrong),
                    "example.com/top")
                try rkt("fetch", "example.com/top").refused("")
                let digest = try Command("/usr/bin/sha512sum", [rkt.write(base).string]).run().succeeded().text
                    .prefix(128)
                try server.offer(
                    rkt, ACIBuilder(name: "example.com/good").dependency("example.com/base", id: "sha512-\(digest)"),
                    "example.com/good")
                try rkt("fetch", "example.com/good").succeeded()
            }
        }

        @Test func `that go in circles, to themselves or nowhere are one clear error`() throws {
            try RktFixture.withServer { rkt, server in
                try server.announce()
                try rkt.trust(prefix: "example.com")
                for (name, on) in [("a", "b"), ("b", "c"), ("c", "a"), ("self", "self"), ("lonely", "nobody")] {
                    try server.offer(
                        rkt, RktFixture.tiny("example.com/\(name)").dependency("example.com/\(on)"),
                        "example.com/\(name)")
                }
                for name in ["a", "self", "lonely"] {
                    let (result, peak) = try rkt.peakMemory(["fetch", "example.com/\(name)"])
                    result.refusedInOneLine("")
                    #expect(peak < 128 << 20)
                    #expect(result.duration < .seconds(10))
                    #expect(rkt.leftBehind() == [])
                    try rkt("run", "--net=none", "example.com/\(name)").refused("")
                }
                try rkt.collectGarbage()
            }
        }

        @Test func `a chain of ten thousand ends at a limit`() throws {
            try RktFixture.withServer { rkt, server in
                try rkt.trust()
                // One image per link would take long to make; a name for each is enough to see where it stops.
                try server.discovery(
                    "example.com", images: [("example.com", "https://storage.example.com/{name}.{ext}")])
                let count = Programs.long ? 10_000 : 300
                let script = """
                    import io, os, sys, tarfile
                    root, count = sys.argv[1], int(sys.argv[2])
                    for number in range(count):
                        manifest = ('{"acKind": "ImageManifest", "acVersion": "0.8.11", "name": "example.com/link-%d", "labels": ['
                            '{"name": "os", "value": "linux"}, {"name": "arch", "value": "amd64"}], "dependencies": ['
                            '{"imageName": "example.com/link-%d"}]}' % (number, number + 1)).encode()
                        with tarfile.open(f"{root}/link-{number}.aci", "w") as archive:
                            info = tarfile.TarInfo("manifest"); info.size = len(manifest)
                            archive.addfile(info, io.BytesIO(manifest))
                            info = tarfile.TarInfo("rootfs"); info.type = tarfile.DIRTYPE; info.mode = 0o755
                            archive.addfile(info)
                    """
                let place = server.root.appending("storage.example.com/example.com")
                try makeDirectories(place)
                try shell("python3 -c \"$1\" \"$2\" \"$3\"", [script, place.string, "\(count)"])
                let (result, peak) = try rkt.peakMemory(
                    ["fetch", "--insecure-options=image", "example.com/link-0"], limit: .seconds(120))
                result.refusedInOneLine("")
                #expect(peak < 128 << 20)
                #expect(server.requests.filter { $0.path.hasSuffix(".aci") }.count < 200)
            }
        }
    }
}
