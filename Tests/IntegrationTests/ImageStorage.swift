import SystemPackage
import TestSupport
import Testing

extension Integration {
    /// What stays in the store, what goes, and what is told of it.
    @Suite struct ImageStorage {
        private func base(_ content: String = "b") -> ACIBuilder {
            ACIBuilder(name: "example.com/base").directory("/etc").file("/etc/base", content)
        }

        @Test func `gc keeps what a prepared pod depends on, and the stage1 image of every pod`() throws {
            try RktFixture.with { rkt throws in
                let base = try rkt.fetch(base())
                let top = try rkt.fetch(RktFixture.probe("example.com/top").dependency("example.com/base", id: base))
                try rkt.fetch(RktFixture.tiny("example.com/unused"))
                let uuid = try rkt("prepare", "--insecure-options=image", top).succeeded().text
                try rkt("image", "gc", "--grace-period=0s").succeeded()
                let kept = try rkt.storedNames()
                #expect(kept.filter { $0.hasPrefix("example.com/") } == ["example.com/base", "example.com/top"])
                #expect(kept.contains { $0.hasPrefix("coreos.com/rkt/stage1-ns") }, "\(kept)")

                try rkt("run-prepared", "--net=none", uuid).succeeded()
                try rkt("image", "gc", "--grace-period=0s").succeeded()
                let left = try rkt.storedNames()
                #expect(left.count == 1 && left[0].hasPrefix("coreos.com/rkt/stage1-ns"), "an ended pod: \(left)")
                try rkt.collectGarbage()
                let last = try rkt("image", "gc", "--grace-period=0s").succeeded()
                #expect(last.output.contains("successfully removed aci for image: "))
                #expect(last.errors.contains("gc: 1 image(s) successfully removed"))
                #expect(try rkt.storedNames() == [])
            }
        }

        @Test func `a young image keeps what it depends on from gc`() throws {
            try RktFixture.with { rkt throws in
                let base = try rkt.fetch(base())
                try rkt.fetch(RktFixture.tiny("example.com/top").dependency("example.com/base", id: base))
                let old = try rkt.fetch(RktFixture.tiny("example.com/old"))
                for id in [base, old] { try rkt.age(id) }
                try rkt("image", "gc").succeeded()
                #expect(try rkt.storedNames() == ["example.com/base", "example.com/top"])
            }
        }

        @Test func `reading an image is using it, and the size is that of the archive and its trees`() throws {
            try RktFixture.with { rkt throws in
                let id = try rkt.fetch(RktFixture.tiny())
                func column(_ name: String) throws -> UInt64 {
                    let text = try rkt("image", "list", "--full", "--no-legend", "--fields=\(name)").succeeded().text
                    return UInt64(text) ?? 0
                }
                let archive = rkt.directory.appending("out.aci")
                try rkt("image", "export", id, archive.string).succeeded()
                let size = UInt64(try readBytes(archive).count)
                #expect(try column("size") == size + 4, "with the rendered /etc/motd")
                try rkt("image", "gc").succeeded()
                #expect(try column("size") == size, "the tree is gone")
                try rkt.age(id)
                #expect(try rkt("image", "list", "--no-legend", "--fields=lastused").text.hasSuffix("years ago"))
                try rkt("image", "extract", id, rkt.directory.appending("out").string).succeeded()
                let used = try rkt("image", "list", "--no-legend", "--fields=lastused").text
                #expect(used == "now" || used.hasSuffix("second ago") || used.hasSuffix("seconds ago"), "\(used)")
            }
        }

        @Test(arguments: ["", "-wal", "-shm", "-wal -shm"])
        func `an image goes from a full disk, whatever SQLite cannot make there`(missing: String) throws {
            try RktFixture.with { rkt throws in
                let image = try rkt.write(
                    RktFixture.tiny("example.com/a", String(repeating: "0123456789", count: 9000)))
                let other = try rkt.write(RktFixture.tiny("example.com/b"))
                let script = """
                    mkdir "$2"
                    mount -t tmpfs -o size=8m tmpfs "$2"
                    program=$1 disk=$2 image=$3 other=$4; shift 4
                    run() { "$program" --dir="$disk" --insecure-options=image "$@"; }
                    run fetch "$image" "$other" >/dev/null
                    run image gc >/dev/null
                    for suffix in "$@"; do rm -f "$disk/cas/db/index.sqlite$suffix"; done
                    dd if=/dev/zero of="$disk/filler" bs=4k 2>/dev/null || true
                    df --output=avail "$disk" | tail -n 1
                    run image rm example.com/a
                    run image list --no-legend --fields=name
                    run image rm example.com/b
                    run image list --no-legend --fields=name
                    find "$disk/cas/blob" "$disk/cas/imageManifest" "$disk/cas/tmp" -type f
                    rm "$disk/filler"
                    run fetch "$image" >/dev/null
                    run image list --no-legend --fields=name
                    """
                let result = try Command(
                    "/usr/bin/unshare",
                    [
                        "--mount", "--propagation", "private", "/bin/sh", "-ec", script, "sh", rkt.program.string,
                        rkt.directory.appending("disk").string, image.string, other.string,
                    ] + missing.split(separator: " ").map(String.init)
                ).run().succeeded()
                let words = result.lines.compactMap { $0.split(separator: " ").first.map(String.init) }
                #expect(words == ["0", "successfully", "example.com/b", "successfully", "example.com/a"], "\(result)")
                #expect(result.errorLines.filter { $0.contains("1 image(s) successfully removed") }.count == 2)
            }
        }

        @Test func `what is damaged in the store is neither extracted nor rendered`() throws {
            try RktFixture.with { rkt throws in
                let id = try rkt.fetch(RktFixture.tiny())
                let blob = rkt.dataDirectory.appending("cas/blob/sha512/\(id.dropFirst(7).prefix(2))/\(id)")
                var bytes = try readBytes(blob)
                bytes[bytes.count / 2] ^= 1
                try writeBytes(bytes, to: blob)
                for verb in ["extract", "render"] {
                    let out = rkt.directory.appending(verb)
                    try rkt("image", verb, id, out.string).refused("the stored file of image '\(id)' has changed")
                    #expect(!exists(out))
                }
                #expect(try entries(of: rkt.directory).filter { $0.hasPrefix(".") } == [])
            }
        }

        @Test(arguments: ["/", "/..", "//", "/usr/..", "/./"])
        func `nothing is written over the root directory`(target: String) throws {
            try RktFixture.with { rkt throws in
                let id = try rkt.fetch(RktFixture.tiny())
                for verb in ["extract", "render"] {
                    try rkt("image", verb, "--overwrite", id, target).refused("this would delete your root filesystem")
                }
            }
        }

        @Test func `a link in the place of the output is replaced, not followed`() throws {
            try RktFixture.with { rkt throws in
                let id = try rkt.fetch(RktFixture.tiny())
                let outside = try rkt.source(["keep": "keep"], "outside")
                let out = rkt.directory.appending("out")
                try Command("/bin/ln", ["-s", outside.string, out.string]).run().succeeded()
                try rkt("image", "render", id, out.string).refused("output directory exists (try --overwrite)")
                try rkt("image", "render", "--overwrite", id, out.string).succeeded()
                #expect(try entries(of: outside) == ["keep"])
                #expect(try entries(of: out) == ["manifest", "rootfs"])
                let file = rkt.directory.appending("out.aci")
                try Command("/bin/ln", ["-s", outside.appending("keep").string, file.string]).run().succeeded()
                try rkt("image", "export", id, file.string).refused("output ACI file exists (try --overwrite)")
                try rkt("image", "export", "--overwrite", id, file.string).succeeded()
                #expect(try readText(outside.appending("keep")) == "keep")
            }
        }

        @Test func `JSON says what was not checked`() throws {
            try RktFixture.with { rkt throws in
                try rkt.fetch(RktFixture.tiny())
                let json = try rkt("image", "list", "--format=json").succeeded().text
                #expect(json.contains("\"signed_by\":[]"))
                #expect(json.contains("\"insecure_options\":[\"image\"]"))
                let table = try rkt("image", "list", "--full").succeeded().lines.map(cells)
                #expect(table.map(\.last) == ["SIGNED BY", "-"])
            }
        }
    }
}

extension RktFixture {
    /// Makes an image look as if it was imported and used years ago.
    fileprivate func age(_ id: String) throws {
        let sql =
            "import sqlite3; c = sqlite3.connect('\(dataDirectory)/cas/db/index.sqlite');"
            + "c.execute('UPDATE aciinfo SET lastused = 1500000000000000000, importtime = 1500000000000000000 "
            + "WHERE blobkey = \"\(id)\"'); c.commit()"
        try Command("/usr/bin/python3", ["-c", sql]).run().succeeded()
        setTimes(dataDirectory.appending("cas/imagelocks/\(id)"), modification: 1_500_000_000_000_000_000)
    }
}
