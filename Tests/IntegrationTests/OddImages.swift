import SystemPackage
import TestSupport
import Testing

extension Integration {
    /// Images that are odd, or look for a way out: accepted, confined, and the same every time, or refused.
    @Suite struct OddImages {
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
            Odd(name: "an unknown type is a file", entries: [TarEntry("rootfs/x", type: "Q")], expected: ["x": ""]),
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
            try RktFixture.with { rkt throws in
                let outside = try rkt.source(["keep": "keep"], "outside")
                let entriesOfImage = odd.entries.map { entry in
                    entry.with { copy in
                        copy.link = Array(
                            String(decoding: copy.link, as: UTF8.self).replacingFirst("OUTSIDE", outside.string).utf8)
                    }
                }
                let image = entriesOfImage.reduce(
                    ACIBuilder(name: "example.com/odd").app(exec: ["/inspect"]).withoutRoot()
                ) { $0.entry($1) }
                let probe = try mountedProbe()
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
                    let alone = rkt.directory.appending("alone-\(packing)")
                    try rkt("image", "extract", "--rootfs-only", fetched.text, alone.string).succeeded()
                    #expect(try picture(of: alone) == pictures.last, "without dependencies, both are the same")
                    let ran = try rkt.run(
                        image: fetched.text, options: probe, ["user", "+", "exists", "\(outside)/keep"])
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
            try RktFixture.with { rkt throws in
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
                    var image = ACIBuilder(name: "example.com/odd").app(exec: ["/inspect"])
                    if path.contains("/") { image = image.directory("/" + path.split(separator: "/")[0]) }
                    let id = try rkt.fetch(image.entry(entry))
                    let hostPattern = try readText("/proc/sys/kernel/core_pattern")
                    let result = try rkt.run(
                        flavor, image: id, options: mountedProbe(),
                        [
                            "status", "+", "exists", "\(outside)/passwd", "+", "stat", "/dev/null", "+", "open-write",
                            "/proc/sysrq-trigger",
                        ],
                        limit: .seconds(30))
                    if result.status == 0 {
                        let facts = Facts(result.output)
                        #expect(facts["exists \(outside)/passwd"] == "no", "\(kind)")
                        if flavor == .ns {
                            #expect(facts["Seccomp"] == "2", "\(kind)")
                            #expect(facts["stat /dev/null"]?.hasPrefix("char 0o666 0:0") == true, "\(kind): \(facts)")
                            #expect(facts["open-write /proc/sysrq-trigger"] != "ok", "\(kind)")
                        }
                    } else {
                        // Where the link leads below fly's own /tmp there is no /proc, which the probe cannot do without.
                        let isBlind = flavor == .fly && result.errors.contains("Swift runtime path")
                        #expect(result.status == 254 || isBlind, "\(kind): \(result)")
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
            try RktFixture.with { rkt throws in
                let marker = rkt.directory.lastComponent?.string ?? "?"
                let result = try rkt.run(
                    flavor, image: rkt.probeImage(), appOptions: ["--working-dir=\(directory)"],
                    ["cwd", "+", "list", ".", "+", "list", "..", "+", "list", "../.."])
                #expect(!result.output.contains(marker), "\(result)")
                #expect(!result.output.contains("exited-garbage"), "\(result)")
            }
        }

        /// The probe as a volume: images are small then.
        private func mountedProbe() throws -> [String] {
            [
                "--volume=probe,kind=host,source=\(try Programs.inspect()),readOnly=true",
                "--mount=volume=probe,target=/inspect",
            ]
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
