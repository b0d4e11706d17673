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
            Bad(name: "damaged gzip") {
                try image.file("/inspect", from: Programs.inspect()).write(to: $0, .gzip)
                var bytes = try readBytes($0)
                bytes[bytes.count / 2] ^= 0x55
                try writeBytes(bytes, to: $0)
            },
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
                try image.entry(.file("rootfs/" + String(repeating: "abcdefghi/", count: 500))).write(to: $0)
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
            Bad(name: "hard link to a file outside") {
                try image.entry(.hardLink("rootfs/x", to: "rootfs/../../../../etc/passwd")).write(to: $0)
            },
            Bad(name: "hard link to something missing") {
                try image.entry(.hardLink("rootfs/x", to: "rootfs/missing")).write(to: $0)
            },
            Bad(name: "hard link through a link") {
                try image.symlink("/out", to: "/etc").entry(.hardLink("rootfs/x", to: "rootfs/out/passwd")).write(
                    to: $0)
            },
            Bad(name: "unknown type of entry") { try image.entry(TarEntry("rootfs/x", type: "Q")).write(to: $0) },
            Bad(name: "zip") { try writeBytes([0x50, 0x4b, 3, 4] + [UInt8](repeating: 0, count: 2000), to: $0) },
            Bad(name: "cpio") {
                try writeText("070701" + String(repeating: "0", count: 104) + "TRAILER!!!\0\0\0\0", to: $0)
            },
        ]

        @Test(arguments: refused)
        func `is refused by fetch or, at the latest, by run`(bad: Bad) throws {
            try RktFixture.with { rkt in
                let image = rkt.directory.appending("bad.aci")
                try bad.make(image)
                let good = try rkt.probeImage()
                let before = try snapshot(rkt)
                let result = try rkt("fetch", "--insecure-options=image", image.string)
                result.refused(bad.sentence)
                #expect(result.errorLines.filter { $0.hasPrefix("fetch: ") }.count == 1, "one clear line: \(result)")
                #expect(result.peakMemory < 128 << 20)
                #expect(try snapshot(rkt) == before, "nothing half-made is left")
                try rkt("run", "--net=none", "--insecure-options=image", image.string).refused(bad.sentence)
                try rkt.run(image: good, ["user"]).succeeded()
                try rkt.collectGarbage()
            }
        }

        @Test func `a bomb is refused by a limit, soon and without filling disk or memory`() throws {
            let size: UInt64 = Programs.long ? 1 << 43 : 1 << 40
            try RktFixture.with { rkt in
                // A few bytes of zstd and gzip that unpack to more than any disk: nested, as `cat` of one frame.
                let image = rkt.directory.appending("bomb.aci")
                try image2(size: size).write(to: image)
                let result = try rkt("fetch", "--insecure-options=image", image.string)
                #expect(result.status == 254, "\(result)")
                #expect(result.peakMemory < 128 << 20)
                #expect(try rkt("image", "list", "--no-legend").text == "")
                #expect(try entries(of: rkt.dataDirectory.appending("cas/tmp")) == [])
            }
        }

        /// An archive whose one file claims `size` bytes, and ends early.
        private func image2(size: UInt64) -> ACIBuilder {
            Self.image.entry(.file("rootfs/x", "abc").with { $0.claimedSize = size })
        }

        // Accepted, confined, and the same every time

        struct Odd: Sendable, CustomTestStringConvertible {
            let name: String
            let entries: [TarEntry]
            /// Paths below the root and what `find -printf '%y %l'` or the content says of them; `nil`: not there.
            let expected: [String: String?]
            var testDescription: String { name }
        }

        static let accepted: [Odd] = [
            Odd(
                name: "the last of two entries wins", entries: [.file("rootfs/x", "one"), .file("rootfs/x", "two")],
                expected: ["x": "two"]),
            Odd(
                name: "a directory after a file",
                entries: [.file("rootfs/x", "one"), .directory("rootfs/x"), .file("rootfs/x/y", "in")],
                expected: ["x/y": "in"]),
            Odd(
                name: "a file after a link", entries: [.symlink("rootfs/x", to: "/outside"), .file("rootfs/x", "two")],
                expected: ["x": "two"]),
            Odd(
                name: "dots inside",
                entries: [.directory("rootfs/a"), .file("rootfs/a/../b", "b"), .file("./rootfs/./c", "c")],
                expected: ["b": "b", "c": "c"]),
            Odd(
                name: "dots that lead out", entries: [.file("rootfs/../../../x", "x"), .file("../y", "y")],
                expected: [:]),
            Odd(name: "an absolute name", entries: [.file("/rootfs/x", "x")], expected: [:]),
            Odd(
                name: "through a link that leads out",
                entries: [.symlink("rootfs/out", to: "OUTSIDE"), .file("rootfs/out/x", "x")], expected: [:]),
            Odd(
                name: "through a relative link that leads out",
                entries: [
                    .symlink("rootfs/out", to: "../../../../../../../../../..OUTSIDE"), .file("rootfs/out/x", "x"),
                ],
                expected: [:]),
            Odd(
                name: "through a link inside",
                entries: [
                    .directory("rootfs/real"), .symlink("rootfs/link", to: "/real"), .file("rootfs/link/x", "x"),
                ],
                expected: [:]),
            Odd(
                name: "a link named like the root",
                entries: [.symlink("rootfs", to: "OUTSIDE"), .file("rootfs/x", "x")],
                expected: [:]),
            Odd(
                name: "links as data",
                entries: [
                    .symlink("rootfs/a", to: "OUTSIDE"), .symlink("rootfs/b", to: "../../../.."),
                    .symlink("rootfs/c", to: "c"),
                ],
                expected: ["b": "-> ../../../..", "c": "-> c"]),
            Odd(
                name: "a hard link to a link",
                entries: [.symlink("rootfs/a", to: "/x"), .hardLink("rootfs/b", to: "rootfs/a")],
                expected: ["b": "-> /x"]),
            Odd(
                name: "special files and odd owners",
                entries: [
                    .fifo("rootfs/fifo"), .device("rootfs/mem", 1, 1), .device("rootfs/disk", block: true, 8, 0),
                    .file("rootfs/owned", "o").with {
                        $0.user = 4_294_967_290; $0.group = 3_000_000_000
                    },
                ], expected: ["owned": "o"]),
            Odd(
                name: "whiteouts are names like others",
                entries: [.file("rootfs/.wh.x", "w"), .file("rootfs/.wh..wh..opq", "o")],
                expected: [".wh.x": "w", ".wh..wh..opq": "o"]),
            Odd(
                name: "files beside the root", entries: [.file("other/x", "x"), .file("manifest2", "x")],
                expected: ["../other": nil]),
            Odd(
                name: "attributes of the overlay are not kept",
                entries: [
                    .directory("rootfs/d").attribute("trusted.overlay.opaque", [121]),
                    .file("rootfs/f", "f").attribute("trusted.overlay.redirect", Array("/etc".utf8)),
                    .file("rootfs/g", "g").attribute("security.selinux", Array("x".utf8)),
                ], expected: ["f": "f"]),
        ]

        @Test(arguments: accepted)
        func `is refused, or accepted and kept inside, the same for each compression`(odd: Odd) throws {
            try RktFixture.with { rkt in
                let outside = try rkt.source(["keep": "keep"], "outside")
                let entriesOfImage = odd.entries.map { entry in
                    entry.with { copy in
                        copy.link = Array(
                            String(decoding: copy.link, as: UTF8.self).replacingFirst("OUTSIDE", outside.string).utf8)
                    }
                }
                let image = entriesOfImage.reduce(
                    try RktFixture.probe("example.com/odd").withoutRoot()
                ) { $0.entry($1) }
                var pictures: [String] = []
                for packing in [Packing.plain, .gzip, .xz] {
                    let file = try rkt.write(image, packing)
                    let fetched = try rkt("fetch", "--full", "--insecure-options=image", file.string)
                    if fetched.status != 0 {
                        fetched.refused("")
                        pictures.append("refused: " + (fetched.errorLines.last ?? ""))
                        continue
                    }
                    let out = rkt.directory.appending("out-\(packing)")
                    try rkt("image", "render", fetched.text, out.string).succeeded()
                    for (path, content) in odd.expected {
                        #expect(try look(out.appending("rootfs/\(path)")) == content, "\(path)")
                    }
                    pictures.append(try picture(of: out.appending("rootfs")))
                    let ran = try rkt.run(image: fetched.text, ["user", "+", "exists", "\(outside)/keep"])
                    if ran.status == 0 {
                        #expect(Facts(ran.output)["exists \(outside)/keep"] == "no")
                    } else {
                        ran.refused("")
                    }
                }
                #expect(
                    Set(pictures.map { $0.split(separator: "image-").first.map(String.init) ?? "" }).count == 1,
                    "\(pictures)")
                #expect(try entries(of: outside) == ["keep"])
                #expect(try entries(of: rkt.directory).filter { $0 == "x" || $0 == "y" } == [])
                #expect(!exists("/x") && !exists("/y"))
                try rkt.collectGarbage()
            }
        }

        /// An image whose well-known directories are something else.
        @Test(
            arguments: Flavor.all,
            [
                "dev", "proc", "sys", "etc", "tmp", "run", "dev/null", "dev/pts", "dev/shm", "etc/resolv.conf",
                "etc/hosts", "etc/hostname", "etc/mtab", "dev/console", "dev/ptmx", "dev/log",
            ])
        func `a directory that the runtime uses may be a link, a file or a FIFO`(flavor: Flavor, path: String) throws {
            try RktFixture.with { rkt in
                let outside = try rkt.source(["null": "keep", "passwd": "trap:x:0:0:::\n"], "outside")
                let before = try picture(of: outside)
                for kind in ["absolute link", "relative link", "link to proc", "dangling", "file", "fifo"] {
                    let name = "rootfs/\(path)"
                    let entry: TarEntry =
                        switch kind {
                        case "absolute link": .symlink(name, to: outside.string)
                        case "relative link": .symlink(name, to: "../../../../../../../..\(outside)")
                        case "link to proc": .symlink(name, to: "/proc/sys/kernel/core_pattern")
                        case "dangling": .symlink(name, to: "/nowhere/at/all")
                        case "file": .file(name, "file")
                        default: .fifo(name)
                        }
                    var image = ACIBuilder(name: "example.com/odd").file("/inspect", from: try Programs.inspect())
                        .app(exec: ["/inspect"])
                    if path.contains("/") { image = image.directory("/" + path.split(separator: "/")[0]) }
                    let id = try rkt.fetch(image.entry(entry))
                    let hostPattern = try readText("/proc/sys/kernel/core_pattern")
                    let result = try rkt.run(
                        flavor, image: id,
                        [
                            "status", "+", "exists", outside.string, "+", "stat", "/dev/null", "+", "open-write",
                            "/proc/sysrq-trigger",
                        ],
                        limit: .seconds(30))
                    if result.status == 0 {
                        let facts = Facts(result.output)
                        #expect(facts["exists \(outside)"] == "no", "\(kind)")
                        if flavor == .ns {
                            #expect(facts["Seccomp"] == "2", "\(kind)")
                            #expect(facts["stat /dev/null"]?.hasPrefix("char 0o666 0:0") == true, "\(kind): \(facts)")
                            #expect(facts["open-write /proc/sysrq-trigger"] != "ok", "\(kind)")
                        }
                    } else {
                        #expect(result.status == 254, "\(kind): \(result)")
                        #expect(!result.errors.isEmpty)
                    }
                    #expect(try picture(of: outside) == before, "\(kind)")
                    #expect(try readText("/proc/sys/kernel/core_pattern") == hostPattern)
                    try rkt.collectGarbage()
                }
            }
        }

        @Test(
            arguments: Flavor.all,
            (0...9).map { "/proc/self/fd/\($0)" } + ["/proc/1/cwd", "/proc/self/root/../..", "/dev/fd/7"])
        func `a working directory cannot lead out`(flavor: Flavor, directory: String) throws {
            try RktFixture.with { rkt in
                let marker = rkt.directory.lastComponent?.string ?? "?"
                let result = try rkt.run(
                    flavor, image: rkt.probeImage(), appOptions: ["--working-dir=\(directory)"],
                    ["cwd", "+", "list", ".", "+", "list", "..", "+", "list", "../.."])
                #expect(!result.output.contains(marker), "\(result)")
                #expect(!result.output.contains("exited-garbage"), "\(result)")
            }
        }

        // Names, places and conditions

        @Test func `two images with one name are both there, and the newer one answers to it`() throws {
            try RktFixture.with { rkt in
                let old = try rkt.fetch(RktFixture.probe("example.com/same").file("/which", "old"))
                let new = try rkt.fetch(RktFixture.probe("example.com/same").file("/which", "new"))
                #expect(try rkt("image", "list", "--no-legend").lines.count == 2)
                #expect(try rkt.ask("read /which", image: "example.com/same")["read /which"] == "new")
                #expect(try rkt.ask("read /which", image: old)["read /which"] == "old")
                #expect(try rkt.ask("read /which", image: new)["read /which"] == "new")
            }
        }

        @Test func `dependencies that go in circles, or are missing, are refused at once`() throws {
            try RktFixture.with { rkt in
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
            try RktFixture.with { rkt in
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
            try RktFixture.with { rkt in
                let image = try rkt.write(RktFixture.probe)
                let file = rkt.directory.appending("file")
                try writeText("", to: file)
                func fetch(into directory: FilePath) throws -> CommandResult {
                    try Command(rkt.program, ["--dir=\(directory)", "fetch", "--insecure-options=image", image.string])
                        .run()
                }
                try fetch(into: file).refused("Not a directory")
                try Command(rkt.program, ["--dir=\(file)", "list"]).run().refused("Not a directory")

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
            try RktFixture.with { rkt in
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
            try RktFixture.with { rkt in
                try rkt.probeImage()
                let found = try Command(
                    "/usr/bin/find", [rkt.dataDirectory.appending("cas").string, "-maxdepth", "2", "-name", "*.db"]
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

        /// Names and sizes of everything in the data directory that is not bookkeeping of locks.
        private func snapshot(_ rkt: RktFixture) throws -> [String] {
            try Command(
                "/bin/sh",
                [
                    "-c",
                    "cd \"$0\" && find . \\( -name '*lock*' -o -name '*.db*' \\) -prune -o -type f -printf '%p %s\\n' -o -type d -print | sort",
                    rkt.dataDirectory.string,
                ]
            ).run().succeeded().lines
        }

        /// Kind, mode, owner, target and content of everything below.
        private func picture(of path: FilePath) throws -> String {
            try Command(
                "/bin/sh",
                [
                    "-c",
                    "cd \"$0\" && find . -printf '%p %y %m %U %G %l\\n' | sort; find . -type f -size -100k | sort | xargs -r -d '\\n' md5sum",
                    path.string,
                ]
            ).run().succeeded().output
        }

        private func look(_ path: FilePath) throws -> String? {
            guard exists(path) else { return nil }
            if try FileFacts(path).kind == 0o120000 {
                return "-> " + (try Command("/usr/bin/readlink", [path.string]).run().succeeded().text)
            }
            return try readText(path)
        }
    }
}
