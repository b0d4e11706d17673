import SystemPackage
import TestSupport
import Testing

extension Integration {
    @Suite struct Fetch {
        @Test func `an image has the same ID however it is packed`() throws {
            try RktFixture.with { rkt throws in
                let plain = try rkt.write(sample)
                let digest = try Command("/usr/bin/sha512sum", [plain.string]).run().succeeded().text.prefix(64)
                for packing in Packing.allCases {
                    let image = try rkt.write(sample, packing)
                    let result = try rkt("fetch", "--full", "--insecure-options=image", image.string).succeeded()
                    #expect(result.text == "sha512-\(digest)", "\(packing)")
                }
                #expect(try rkt("image", "list", "--no-legend").lines.count == 1)
            }
        }

        @Test func `prints the first half of the key of each image, in order`() throws {
            try RktFixture.with { rkt throws in
                let one = try rkt.write(sample)
                let two = try rkt.write(ACIBuilder(name: "example.com/two"))
                let full = try [one, two].map { try rkt.fetch($0) }
                let short = try rkt("fetch", "--insecure-options=image", one.string, two.string).succeeded()
                #expect(short.lines == full.map { String($0.prefix("sha512-".count + 32)) })
            }
        }

        @Test func `takes a file URL and a relative path`() throws {
            try RktFixture.with { rkt throws in
                let image = try rkt.write(sample, name: "a.aci")
                let id = try rkt.fetch(image)
                #expect(try rkt("fetch", "--full", "--insecure-options=image", "file://\(image)").text == id)
                for word in ["a.aci", "./a.aci"] {
                    var command = rkt.command(["fetch", "--full", "--insecure-options=image", word])
                    command.workingDirectory = rkt.directory
                    #expect(try command.run().succeeded().text == id, "\(word)")
                }
            }
        }

        @Test func `a file without a signature is refused`() throws {
            try RktFixture.with { rkt throws in
                let image = try rkt.write(sample)
                try rkt("fetch", image.string).refused("error opening signature file: open '\(image).asc'")
                try rkt("run", "--net=none", image.string).refused("error opening signature file")
                #expect(!(try rkt("image", "list", "--no-legend").output).contains("example.com/sample"))
            }
        }

        @Test(arguments: [
            ([], "must provide at least one image"), (["/no/such.aci"], "No such file or directory"),
            (["http://127.0.0.1:1/a.aci"], "error downloading 'http://127.0.0.1:1/a.aci'"),
            (["docker://127.0.0.1:1/redis"], "cannot reach the registry '127.0.0.1:1'"),
            (["file:///tmp/a.tar"], "invalid image string"),
        ])
        func `says what it cannot fetch`(words: [String], sentence: String) throws {
            try RktFixture.with { rkt throws in
                try rkt(["fetch", "--insecure-options=image"] + words).refused(sentence)
            }
        }

        @Test func `arguments for an app are refused`() throws {
            try RktFixture.with { rkt throws in
                let image = try rkt.write(sample)
                try rkt("fetch", "--insecure-options=image", image.string, "--", "x").refused(
                    "app arguments unsupported")
            }
        }

        @Test func `has rendered the image when it returns`() throws {
            try RktFixture.with { rkt throws in
                let id = try rkt.fetch(sample)
                let trees = try entries(of: rkt.dataDirectory.appending("cas/tree"))
                #expect(trees.count == 1)
                let tree = rkt.dataDirectory.appending("cas/tree/\(trees.first ?? "")")
                #expect(try readText(tree.appending("rootfs/etc/motd")) == "hello")
                try rkt("image", "verify", id).succeeded()
            }
        }

        @Test func `two processes fetching one image do the work once`() throws {
            try RktFixture.with { rkt throws in
                let image = try rkt.write(
                    sample.entry(TarEntry("rootfs/big", type: "0").with { $0.content = .zeros(24 << 20) }), .gzip)
                let running = try (0..<6).map { _ in
                    try rkt.start(["fetch", "--full", "--insecure-options=image", image.string])
                }
                let results = running.map { $0.wait() }
                for result in results { try result.succeeded() }
                #expect(Set(results.map(\.text)).count == 1)
                #expect(try rkt("image", "list", "--no-legend").lines.count == 1)
                #expect(try entries(of: rkt.dataDirectory.appending("cas/tmp")) == [])
                #expect(try entries(of: rkt.dataDirectory.appending("cas/tree")).count == 1)
                try rkt("image", "verify", results.first?.text ?? "").succeeded()
            }
        }

        @Test func `memory does not grow with the image`() throws {
            try RktFixture.with { rkt throws in
                let size: UInt64 = Programs.long ? 2 << 30 : 128 << 20
                let image = try rkt.write(
                    sample.entry(TarEntry("rootfs/big", type: "0").with { $0.content = .zeros(size) }), .gzip)
                let result = try rkt(
                    ["fetch", "--insecure-options=image", image.string], limit: .seconds(300))
                #expect(try result.succeeded().peakMemory < 64 << 20, "\(result.peakMemory >> 20) MiB")
            }
        }

        @Test func `a zstd window above 32 MiB is refused by the name of the limit`() throws {
            try RktFixture.with { rkt throws in
                let large = sample.entry(TarEntry("rootfs/big", type: "0").with { $0.content = .zeros(80 << 20) })
                let path = rkt.directory.appending("large.aci")
                try large.write(to: path, .zstd, options: ["--long=27"])
                try rkt("fetch", "--insecure-options=image", path.string).refused("window")
                try large.write(to: path, .zstd, options: ["--long=25"])
                try rkt("fetch", "--insecure-options=image", path.string).succeeded()
            }
        }

        @Test func `everything in the archive arrives in the tree`() throws {
            try RktFixture.with { rkt throws in
                let capability: [UInt8] = [1, 0, 0, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
                let image = ACIBuilder(name: "example.com/all")
                    .entry(
                        .directory("rootfs/d", mode: 0o1751).with {
                            $0.user = 7; $0.group = 8
                        }
                    )
                    .entry(
                        .file("rootfs/d/f", "text", mode: 0o4751).with {
                            $0.user = 4_000_000; $0.group = 12
                        }
                    )
                    .hardLink("/d/h", to: "/d/f").symlink("/d/s", to: "/outside")
                    .entry(.fifo("rootfs/d/p")).entry(.device("rootfs/d/c", 1, 3))
                    .entry(.device("rootfs/d/b", block: true, 7, 99))
                    .entry(.file("rootfs/d/x", "x").attribute("security.capability", capability))
                    .entry(.file("rootfs/d/y", "y").attribute("user.note", Array("kept".utf8)))
                for packing in [Packing.plain, .zstd] {
                    let id = try rkt.fetch(rkt.write(image, packing))
                    let out = rkt.directory.appending("out-\(packing)")
                    try rkt("image", "render", id, out.string).succeeded()
                    let d = out.appending("rootfs/d")
                    let directory = try FileFacts(d)
                    #expect(directory.permissions == 0o1751)
                    #expect((directory.user, directory.group) == (7, 8))
                    #expect(directory.modificationTime == 1_500_000_000_000_000_000)
                    let file = try FileFacts(d.appending("f"))
                    #expect(file.permissions == 0o4751)
                    #expect((file.user, file.group, file.size) == (4_000_000, 12, 4))
                    #expect(file.modificationTime == 1_500_000_000_000_000_000)
                    #expect(try FileFacts(d.appending("h")).inode == file.inode)
                    #expect(try FileFacts(d.appending("s")).kind == 0o120000)
                    #expect(try FileFacts(d.appending("p")).kind == 0o010000)
                    #expect(try FileFacts(d.appending("c")).device == (1, 3))
                    #expect(try FileFacts(d.appending("b")).device == (7, 99))
                    #expect(attribute("security.capability", of: d.appending("x")) == capability)
                    #expect(attribute("user.note", of: d.appending("y")) == Array("kept".utf8))
                }
            }
        }

        private var sample: ACIBuilder {
            ACIBuilder(name: "example.com/sample").label("version", "1.2").directory("/etc").file("/etc/motd", "hello")
                .app(exec: ["/bin/none"])
        }
    }
}
