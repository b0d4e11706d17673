import JSON
import SystemPackage
import TestSupport
import Testing

extension Integration {
    @Suite struct ImageCommands {
        @Test func `list shows columns, with full IDs, bytes and times on request`() throws {
            try RktFixture.with { rkt throws in
                let id = try rkt.fetch(sample())
                let short = try rkt("image", "list").succeeded().lines
                #expect(short.first.map(cells) == ["ID", "NAME", "SIZE", "IMPORT TIME", "LAST USED"])
                #expect(short.count == 2)
                let row = cells(short.last ?? "")
                #expect(row.prefix(2) == [String(id.prefix(19)), "example.com/sample:1.2"])
                #expect(row.last?.hasSuffix("ago") == true || row.last == "now")

                let full = cells(try rkt("image", "list", "--full", "--no-legend").succeeded().text)
                #expect(full[cell: 0] == id)
                #expect(UInt64(full[cell: 2]) ?? 0 > 0)
                #expect(full[cell: 3].hasPrefix("20"), "an absolute time: \(full[cell: 3])")
            }
        }

        @Test func `list takes fields, sort and order`() throws {
            try RktFixture.with { rkt throws in
                for name in ["b", "a", "c"] { try rkt.fetch(ACIBuilder(name: "example.com/\(name)")) }
                let chosen = try rkt("image", "list", "--fields=name,id").succeeded().lines
                #expect(chosen.first.map(cells) == ["NAME", "ID"])
                func names(_ flags: String...) throws -> [String] {
                    try rkt(["image", "list", "--no-legend", "--fields=name"] + flags).succeeded().lines
                        .map { $0.replacingSuffixes() }
                }
                #expect(try names() == ["example.com/b", "example.com/a", "example.com/c"])
                #expect(try names("--sort=name") == ["example.com/a", "example.com/b", "example.com/c"])
                #expect(
                    try names("--sort=name", "--order=desc") == ["example.com/c", "example.com/b", "example.com/a"])
                try rkt("image", "list", "--order=up").refused("wrong sort order")
                try rkt("image", "list", "--format=xml").refused("xml")
            }
        }

        @Test func `list as JSON`() throws {
            try RktFixture.with { rkt throws in
                #expect(try rkt("image", "list", "--format=json").succeeded().text == "null")
                let id = try rkt.fetch(sample())
                for format in ["json", "json-pretty"] {
                    let text = try rkt("image", "list", "--format=\(format)").succeeded().text
                    let image = try JSONValue(parsing: Array(text.utf8))[0]
                    #expect(image?["id"]?.string == id)
                    #expect(image?["name"]?.string == "example.com/sample:1.2")
                    #expect(image?["import_time"]?.number?.int64 ?? 0 > 1_700_000_000_000_000_000)
                    #expect(image?["last_used_time"]?.number?.int64 ?? 0 > 1_700_000_000_000_000_000)
                    #expect(image?["size"]?.number?.int64 ?? 0 > 0)
                    #expect(text.contains("\n") == (format == "json-pretty"))
                }
            }
        }

        @Test func `cat-manifest by ID, by a prefix of it and by name`() throws {
            try RktFixture.with { rkt throws in
                let id = try rkt.fetch(sample())
                for word in [id, String(id.prefix(12)), "example.com/sample", "example.com/sample:1.2"] {
                    let text = try rkt("image", "cat-manifest", word).succeeded().text
                    #expect(text.contains("\n"))
                    let manifest = try JSONValue(parsing: Array(text.utf8))
                    #expect(manifest["name"] == "example.com/sample")
                    #expect(manifest["app"]?["exec"]?[0] == "/bin/none")
                }
                #expect(!(try rkt("image", "cat-manifest", "--pretty-print=false", id).text.contains("\n")))
            }
        }

        @Test(arguments: [
            ("sha512-", "image ID too short"), ("sha512-a", "image ID too short"),
            ("sha512-00000000", "no image IDs found"), ("example.com/none", "cannot find"),
        ])
        func `an image that is not there is named in the error`(word: String, sentence: String) throws {
            try RktFixture.with { rkt throws in
                try rkt.fetch(sample())
                for command in [["export", word, "/nowhere/x.aci"], ["render", word, "\(rkt.directory)/r"]] {
                    try rkt(["image"] + command).refused(sentence)
                }
            }
        }

        @Test func `rm removes the image, its blob and its row`() throws {
            try RktFixture.with { rkt throws in
                let id = try rkt.fetch(sample())
                let result = try rkt("image", "rm", id).succeeded()
                #expect(result.text == "successfully removed aci for image: \"\(id)\"")
                #expect(result.errors.contains("rm: 1 image(s) successfully removed"))
                #expect(try rkt("image", "list", "--no-legend").text == "")
                #expect(try rkt("image", "rm", id).status == 0, "an unknown image is an error in words only")
                let left = try Command("/usr/bin/find", [rkt.dataDirectory.appending("cas/blob").string, "-type", "f"])
                    .run()
                #expect(left.text == "")
                #expect(try rkt.fetch(sample()) == id)
            }
        }

        @Test func `export writes the archive as it was, uncompressed`() throws {
            try RktFixture.with { rkt throws in
                let plain = try rkt.write(sample())
                let id = try rkt.fetch(rkt.write(sample(), .gzip))
                let out = rkt.directory.appending("out.aci")
                try rkt("image", "export", id, out.string).succeeded()
                #expect(try readBytes(out) == readBytes(plain))
                try rkt("image", "export", id, out.string).refused("output ACI file exists (try --overwrite)")
                try rkt("image", "export", "--overwrite", id, out.string).succeeded()
            }
        }

        @Test func `extract and render unpack manifest and root`() throws {
            try RktFixture.with { rkt throws in
                let base = try rkt.fetch(
                    ACIBuilder(name: "example.com/base").directory("/etc").file("/etc/base", "b").file("/etc/both", "b")
                )
                let id = try rkt.fetch(
                    sample().dependency("example.com/base", id: base).file("/etc/both", "top"))
                for (verb, hasBase) in [("extract", false), ("render", true)] {
                    let out = rkt.directory.appending(verb)
                    try rkt("image", verb, id, out.string).succeeded()
                    #expect(try entries(of: out) == ["manifest", "rootfs"], "\(verb)")
                    #expect(try readText(out.appending("rootfs/etc/both")) == "top")
                    #expect(exists(out.appending("rootfs/etc/base")) == hasBase, "\(verb)")
                    try rkt("image", verb, id, out.string).refused("output directory exists (try --overwrite)")
                    try rkt("image", verb, "--rootfs-only", "--overwrite", id, out.string).succeeded()
                    #expect(try readText(out.appending("etc/both")) == "top")
                    #expect(!exists(out.appending("manifest")))
                    try rkt("image", verb, "--overwrite", id, "/").refused("this would delete your root filesystem")
                }
            }
        }

        @Test func `a whitelist chooses what is rendered`() throws {
            try RktFixture.with { rkt throws in
                let base = try rkt.fetch(
                    ACIBuilder(name: "example.com/base").directory("/etc").file("/etc/wanted", "w")
                        .file("/etc/unwanted", "u"))
                let id = try rkt.fetch(
                    ACIBuilder(name: "example.com/top").dependency("example.com/base", id: base)
                        .directory("/bin").file("/bin/own", "o").file("/bin/hidden", "h")
                        .pathWhitelist(["/bin/own", "/etc/wanted"]))
                let out = rkt.directory.appending("out")
                try rkt("image", "render", "--rootfs-only", id, out.string).succeeded()
                let files = try Command("/usr/bin/find", [out.string, "-type", "f", "-printf", "%P\n"]).run()
                #expect(files.lines.sorted() == ["bin/own", "etc/wanted"])
            }
        }

        @Test func `of several dependencies the later one wins, and the image over all`() throws {
            try RktFixture.with { rkt throws in
                func layer(_ name: String) -> ACIBuilder {
                    ACIBuilder(name: "example.com/\(name)").file("/\(name)", name).file("/shared", name)
                }
                try rkt.fetch(layer("d"))
                try rkt.fetch(layer("b"))
                try rkt.fetch(layer("c").dependency("example.com/d"))
                let id = try rkt.fetch(
                    ACIBuilder(name: "example.com/a").dependency("example.com/b").dependency("example.com/c"))
                let out = rkt.directory.appending("out")
                try rkt("image", "render", "--rootfs-only", id, out.string).succeeded()
                #expect(try entries(of: out) == ["b", "c", "d", "shared"])
                #expect(try readText(out.appending("shared")) == "c")
            }
        }

        @Test func `verify says so, and makes a damaged tree again`() throws {
            try RktFixture.with { rkt throws in
                let id = try rkt.fetch(sample())
                let good = try rkt("image", "verify", "example.com/sample").succeeded()
                #expect(
                    (good.output + good.errors).contains(
                        "successfully verified checksum for image: \"example.com/sample\" (\"\(id)\")")
                )
                let tree = try onlyTree(rkt)
                try writeText("damaged", to: tree.appending("rootfs/etc/motd"))
                let bad = try rkt("image", "verify", id).succeeded()
                #expect((bad.output + bad.errors).contains("tree cache verification failed for image \(id)"))
                #expect((bad.output + bad.errors).contains(";  rebuilding..."))
                #expect(try readText(tree.appending("rootfs/etc/motd")) == "hello")
                try rkt("image", "verify", "example.com/none").refused(
                    "unable to resolve store key for image example.com/none")
            }
        }

        @Test func `gc removes images nobody used for the grace period, and keeps those of running pods`() throws {
            try RktFixture.with { rkt throws in
                let unused = try rkt.fetch(sample())
                let (pod, uuid) = try rkt.startWaitingPod()
                try rkt("image", "gc", "--grace-period=24h").succeeded()
                #expect(try rkt("image", "list", "--no-legend").output.contains(unused.prefix(19)))
                try rkt("image", "gc", "--grace-period=0s").succeeded()
                let left = try rkt("image", "list", "--no-legend").output
                #expect(!left.contains(unused.prefix(19)))
                #expect(left.contains("example.com/inspect"))
                try rkt("enter", uuid, "/inspect", "user").succeeded()
                pod.signal(15)
                try pod.wait().succeeded()
                try rkt.collectGarbage()
            }
        }

        private func sample() -> ACIBuilder {
            ACIBuilder(name: "example.com/sample").label("version", "1.2").directory("/etc").file("/etc/motd", "hello")
                .app(exec: ["/bin/none"])
        }
    }
}

/// The cells of a table row: separated by one or more tabs.
func cells(_ line: String) -> [String] { line.split(separator: "\t").map(String.init) }

/// The rendered tree, where there is just one.
func onlyTree(_ rkt: RktFixture) throws -> FilePath {
    let trees = try entries(of: rkt.dataDirectory.appending("cas/tree")).filter { $0.hasPrefix("deps-") }
    guard trees.count == 1, let name = trees.first else { throw Trouble("trees: \(trees)") }
    return rkt.dataDirectory.appending("cas/tree/\(name)")
}

extension String {
    fileprivate func replacingSuffixes() -> String { split(separator: "\t").first.map(String.init) ?? self }
}
