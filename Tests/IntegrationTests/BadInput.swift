import SystemPackage
import TestSupport
import Testing

extension Integration {
    /// Input that is wrong, too much, or meant to do harm.
    ///
    /// In every case: within 60 s and 128 MiB, nothing outside touched, nothing half-made left, the store usable after.
    @Suite struct BadInput {
        struct Bad: Sendable, CustomTestStringConvertible {
            let name: String
            /// Part of the line on stderr.
            var sentence = ""
            /// Only rendering finds out: the archive is complete and stays in the store.
            var isStored = false
            let make: @Sendable (FilePath) throws -> Void
            var testDescription: String { name }
        }

        static let refused: [Bad] = [
            Bad(name: "empty") { try writeText("", to: $0) },
            Bad(name: "not a tar", sentence: "unknown image filetype") {
                try writeText(String(repeating: "no tar at all\n", count: 1000), to: $0)
            },
            Bad(name: "a gzip of something else") {
                try writeText(String(repeating: "no tar at all\n", count: 1000), to: $0)
                try Packing.gzip.apply(to: $0)
            },
            Bad(name: "cut off in a header") { try cut(image, to: $0, bytes: 700) },
            Bad(name: "cut off in a file") {
                try cut(
                    image.entry(TarEntry("rootfs/big", type: "0").with { $0.content = .zeros(1 << 20) }), to: $0,
                    bytes: 100_000)
            },
            Bad(name: "a gzip cut off") {
                try cut(
                    image.file("/inspect", from: Programs.inspect()), to: $0, bytes: 100_000, .gzip)
            },
            Bad(name: "damaged gzip") { try damage(image.file("/inspect", from: Programs.inspect()), to: $0, .gzip) },
            Bad(name: "damaged xz") { try damage(image.file("/inspect", from: Programs.inspect()), to: $0, .xz) },
            Bad(name: "damaged bzip2") { try damage(image.file("/inspect", from: Programs.inspect()), to: $0, .bzip2) },
            Bad(name: "damaged zstd") { try damage(image.file("/inspect", from: Programs.inspect()), to: $0, .zstd) },
            Bad(name: "without a manifest", sentence: "missing manifest") {
                try TarFile.write([.directory("rootfs"), .file("rootfs/x")], to: $0)
            },
            Bad(name: "manifest is a directory") {
                try TarFile.write([.directory("manifest"), .directory("rootfs")], to: $0)
            },
            Bad(name: "manifest is a link") {
                try TarFile.write([.symlink("manifest", to: "/etc/passwd"), .directory("rootfs")], to: $0)
            },
            Bad(name: "manifest is no JSON") { try image.manifest("{nonsense").write(to: $0) },
            Bad(name: "manifest is empty") { try image.manifest("").write(to: $0) },
            Bad(name: "manifest has trailing data") { try image.manifest(image.manifestText + "x").write(to: $0) },
            Bad(name: "manifest is no object") { try image.manifest("[1]").write(to: $0) },
            Bad(name: "manifest over 4 MiB", sentence: "4") {
                let padding = String(repeating: " ", count: 4 << 20)
                try image.manifest(image.manifestText + padding).write(to: $0)
            },
            Bad(name: "manifest too deep") {
                let deep = String(repeating: "[", count: 100_000) + String(repeating: "]", count: 100_000)
                try image.manifest("{\"acKind\":\"ImageManifest\",\"x\":\(deep)}").write(to: $0)
            },
            Bad(name: "wrong kind", sentence: "PodManifest") {
                try image.manifest(image.manifestText.replacingFirst("ImageManifest", "PodManifest")).write(to: $0)
            },
            Bad(name: "no version") {
                try image.manifest(image.manifestText.replacingFirst("\"acVersion\":\"0.8.11\",", "")).write(to: $0)
            },
            Bad(name: "wrong name", sentence: "Example") { try ACIBuilder(name: "Example.com/a").write(to: $0) },
            Bad(name: "no name") { try ACIBuilder(name: "").write(to: $0) },
            Bad(name: "name with a path", sentence: "../../x") { try ACIBuilder(name: "../../x").write(to: $0) },
            Bad(name: "label twice", sentence: "arch") {
                try image.manifest(
                    image.manifestText.replacingFirst(
                        "{\"name\":\"os\",\"value\":\"linux\"}", "{\"name\":\"arch\",\"value\":\"amd64\"}")
                ).write(to: $0)
            },
            Bad(name: "unknown isolator", sentence: "os/linux/apparmor") {
                try image.app(exec: ["/x"]).isolator("os/linux/apparmor", "{}").write(to: $0)
            },
            Bad(name: "relative working directory") {
                try image.app(exec: ["/x"]).workingDirectory("here").write(to: $0)
            },
            Bad(name: "an app without user") { try image.app(exec: ["/x"], user: "").write(to: $0) },
            Bad(name: "a path of 5000 bytes") {
                try image.entry(.file("rootfs/" + String(repeating: "abcdefghi/", count: 500) + "f")).write(to: $0)
            },
            Bad(name: "a name of 300 bytes") {
                try image.entry(.file("rootfs/" + String(repeating: "n", count: 300))).write(to: $0)
            },
            Bad(name: "300 directories deep") {
                try image.entry(.file("rootfs/" + String(repeating: "d/", count: 300) + "f")).write(to: $0)
            },
            Bad(name: "a name that is not UTF-8") {
                try image.entry(.file("rootfs/x").with { $0.name = Array("rootfs/".utf8) + [0xff, 0xfe] }).write(to: $0)
            },
            Bad(name: "a huge extended attribute") {
                try image.entry(.file("rootfs/x").attribute("user.big", [UInt8](repeating: 65, count: 1 << 20))).write(
                    to: $0)
            },
            Bad(name: "an extended attribute with a long name") {
                try image.entry(.file("rootfs/x").attribute("user." + String(repeating: "n", count: 300), [65])).write(
                    to: $0)
            },
            Bad(name: "size of a file beyond the end") {
                try image.entry(.file("rootfs/x", "abc").with { $0.claimedSize = 1 << 40 }).write(to: $0)
            },
            Bad(name: "size beyond 64 bits") {
                try image.entry(.file("rootfs/x", "abc").with { $0.claimedSize = UInt64.max }).write(to: $0)
            },
            Bad(name: "a PAX size beyond all bounds") {
                try image.entry(
                    .file("rootfs/x").with {
                        $0.records = [(key: "size", value: Array("99999999999999999999999".utf8))]
                    }
                ).write(to: $0)
            },
            Bad(name: "hard link to a file outside", isStored: true) {
                try image.entry(.hardLink("rootfs/x", to: "rootfs/../../../../etc/passwd")).write(to: $0)
            },
            Bad(name: "hard link to something missing", isStored: true) {
                try image.entry(.hardLink("rootfs/x", to: "rootfs/missing")).write(to: $0)
            },
            Bad(name: "hard link through a link", isStored: true) {
                try image.symlink("/out", to: "/etc").entry(.hardLink("rootfs/x", to: "rootfs/out/passwd")).write(
                    to: $0)
            },
            Bad(name: "zip") { try writeBytes([0x50, 0x4b, 3, 4] + [UInt8](repeating: 0, count: 2000), to: $0) },
            Bad(name: "cpio") {
                try writeText("070701" + String(repeating: "0", count: 104) + "TRAILER!!!\0\0\0\0", to: $0)
            },
        ]

        @Test(arguments: refused)
        func `is refused by fetch or, at the latest, by run`(bad: Bad) throws {
            try RktFixture.with { rkt throws in
                let image = rkt.directory.appending("bad.aci")
                try bad.make(image)
                let good = try rkt.probeImage()
                let before = try snapshot(rkt, images: !bad.isStored)
                let result = try rkt("fetch", "--insecure-options=image", image.string)
                result.refused(bad.sentence)
                #expect(complaints(result) == 1, "one clear line: \(result)")
                #expect(result.peakMemory < 128 << 20)
                #expect(try snapshot(rkt, images: !bad.isStored) == before, "nothing half-made is left")
                try rkt("run", "--net=none", "--insecure-options=image", image.string).refused(bad.sentence)
                try rkt.run(image: good, ["user"]).succeeded()
                try rkt.collectGarbage()
            }
        }

        /// Lines that are no warnings.
        private func complaints(_ result: CommandResult) -> Int {
            result.errorLines.filter { $0.hasPrefix("fetch: ") && !$0.contains("warning:") }.count
        }

        @Test(arguments: [UInt64(65 << 30), 1 << 43, 1 << 62])
        func `what claims more than an image may have is refused by the name of the limit, before it is unpacked`(
            size: UInt64
        ) throws {
            try RktFixture.with { rkt throws in
                let image = try rkt.write(
                    Self.image.entry(.file("rootfs/x", "abc").with { $0.claimedSize = size }), .gzip)
                let result = try rkt("fetch", "--insecure-options=image", image.string)
                result.refused("maximumTotalBytes")
                #expect(result.duration < .seconds(10))
                #expect(try rkt("image", "list", "--no-legend").text == "")
                #expect(try entries(of: rkt.dataDirectory.appending("cas/tmp")) == [])
            }
        }

        @Test(.enabled(if: Programs.long, "writes several GiB; RKT_LONG=1 does"), arguments: [Packing.gzip, .zstd])
        func `a bomb is refused by its ratio`(packing: Packing) throws {
            try RktFixture.with { rkt throws in
                let image = try rkt.write(
                    Self.image.entry(TarEntry("rootfs/x", type: "0").with { $0.content = .zeros(8 << 30) }), packing)
                let result = try rkt(["fetch", "--insecure-options=image", image.string], limit: .seconds(180))
                result.refused("maximumRatio")
                #expect(result.peakMemory < 128 << 20)
                #expect(try entries(of: rkt.dataDirectory.appending("cas/tmp")) == [])
            }
        }

        // Names, places and conditions

        @Test func `two images with one name are both there, and the newer one answers to it`() throws {
            try RktFixture.with { rkt throws in
                let old = try rkt.fetch(RktFixture.probe("example.com/same").file("/which", "old"))
                let new = try rkt.fetch(RktFixture.probe("example.com/same").file("/which", "new"))
                #expect(try rkt("image", "list", "--no-legend").lines.count == 2)
                #expect(try rkt.ask("read /which", image: "example.com/same")["read /which"] == "new")
                #expect(try rkt.ask("read /which", image: old)["read /which"] == "old")
                #expect(try rkt.ask("read /which", image: new)["read /which"] == "new")
            }
        }

        @Test func `dependencies that go in circles, or are missing, are refused at once`() throws {
            try RktFixture.with { rkt throws in
                for (name, on) in [("a", "b"), ("b", "c"), ("c", "a"), ("self", "self"), ("lonely", "nobody")] {
                    let file = try rkt.write(RktFixture.probe("example.com/\(name)").dependency("example.com/\(on)"))
                    let result = try rkt("fetch", "--insecure-options=image", file.string)
                    #expect(result.duration < .seconds(10))
                    #expect([0, 254].contains(result.status))
                }
                for name in ["a", "self", "lonely"] {
                    let result = try rkt("run", "--net=none", "example.com/\(name)").refused("")
                    #expect(result.duration < .seconds(10))
                }
                try rkt.ask("user")
                try rkt.collectGarbage()
            }
        }

        @Test func `a diamond of dependencies is rendered once and in time`() throws {
            try RktFixture.with { rkt throws in
                let levels = 20
                try rkt.fetch(ACIBuilder(name: "example.com/level-0").file("/bottom", "x"))
                for level in 1...levels {
                    let file = try rkt.write(
                        ACIBuilder(name: "example.com/level-\(level)").dependency("example.com/level-\(level - 1)")
                            .dependency("example.com/level-\(level - 1)", labels: [("os", "linux")]))
                    let result = try rkt("fetch", "--insecure-options=image", file.string)
                    #expect([0, 254].contains(result.status), "\(result)")
                    #expect(result.duration < .seconds(30), "2^\(level) paths")
                    #expect(result.peakMemory < 128 << 20)
                    if result.status == 254 { break }
                }
            }
        }

        @Test func `a data directory that is a file, read-only or full is reported`() throws {
            try RktFixture.with { rkt throws in
                let image = try rkt.write(RktFixture.probe)
                let file = rkt.directory.appending("file")
                try writeText("", to: file)
                func fetch(into directory: FilePath) throws -> CommandResult {
                    try Command(rkt.program, ["--dir=\(directory)", "fetch", "--insecure-options=image", image.string])
                        .run()
                }
                try fetch(into: file).refused("is not a directory")
                try Command(rkt.program, ["--dir=\(file)", "list"]).run().refused("is not a directory")

                let small = rkt.directory.appending("small")
                try rkt.mountMemory(on: small, options: ["-o", "size=3m"])
                try fetch(into: small).refused("No space left on device")
                let left = try Command("/usr/bin/find", [small.string, "-type", "f", "-size", "+100k"]).run()
                #expect(left.text == "", "the space is free again")
                try Command("/bin/mount", ["-o", "remount,size=200m", small.string]).run().succeeded()
                try fetch(into: small).succeeded()

                let readOnly = rkt.directory.appending("read-only")
                try rkt.mountMemory(on: readOnly)
                try Command("/bin/mount", ["-o", "remount,ro", readOnly.string]).run().succeeded()
                try fetch(into: readOnly).refused("Read-only file system")
                try Command(rkt.program, ["--dir=", "list"]).run().refused("\"\" is not a valid directory")
            }
        }

        @Test func `a pod on a full disk ends with a message`() throws {
            try RktFixture.with { rkt throws in
                let image = try rkt.write(RktFixture.probe)
                let small = rkt.directory.appending("small")
                try rkt.mountMemory(on: small, options: ["-o", "size=200m"])
                let base = ["--dir=\(small)", "--insecure-options=image"]
                try Command(rkt.program, base + ["run", "--net=none", image.string, "--", "user"]).run().succeeded()
                try Command("/bin/sh", ["-c", "dd if=/dev/zero of=\(small)/filler bs=64k 2>/dev/null; true"]).run()
                try Command(rkt.program, base + ["run", "--net=none", image.string, "--", "user"]).run()
                    .refused("No space left on device")
                try Command("/bin/rm", [small.appending("filler").string]).run().succeeded()
                try Command(rkt.program, base + ["gc", "--grace-period=0s"]).run().succeeded()
                try Command(rkt.program, base + ["run", "--net=none", image.string, "--", "user"]).run().succeeded()
            }
        }

        @Test func `an index that is damaged or from the future is refused`() throws {
            try RktFixture.with { rkt throws in
                try rkt.probeImage()
                let found = try Command(
                    "/usr/bin/find",
                    [rkt.dataDirectory.appending("cas").string, "-maxdepth", "2", "-name", "index.sqlite"]
                ).run().lines
                let index = FilePath(try #require(found.first))
                try writeText(String(repeating: "damaged ", count: 2000), to: index)
                try rkt("image", "list").refused("")
                try rkt("run", "--net=none", "example.com/inspect").refused("")
            }
        }

        static var image: ACIBuilder { ACIBuilder(name: "example.com/bad").directory("/etc").file("/etc/x", "x") }

        private static func cut(_ image: ACIBuilder, to path: FilePath, bytes: Int, _ packing: Packing = .plain) throws
        {
            try image.write(to: path, packing)
            try writeBytes(Array(try readBytes(path).prefix(bytes)), to: path)
        }

        private static func damage(_ image: ACIBuilder, to path: FilePath, _ packing: Packing) throws {
            try image.write(to: path, packing, options: ["-1"])
            var bytes = try readBytes(path)
            bytes[bytes.count / 2] ^= 0x55
            try writeBytes(bytes, to: path)
        }

        /// Names and sizes of everything in the data directory but locks and index; `images` asks for stored ones too.
        private func snapshot(_ rkt: RktFixture, images: Bool) throws -> [String] {
            let omitted = ["*lock*", "db", "imported-files"] + (images ? [] : ["blob", "imageManifest"])
            let names = omitted.map { "-name '\($0)'" }.joined(separator: " -o ")
            let script =
                "cd \"$0\" && find . \\( \(names) \\) -prune -o -type f -printf '%p %s\\n' -o -type d -print | sort"
            return try Command("/bin/sh", ["-c", script, rkt.dataDirectory.string]).run().succeeded().lines
        }
    }
}
