import JSON
import SystemPackage
import TestSupport
import Testing

extension Integration {
    @Suite struct Export {
        @Test(arguments: Flavor.all, [false, true])
        func `an exited pod becomes an image with what the app changed`(flavor: Flavor, copied: Bool) throws {
            try RktFixture.with { rkt throws in
                let image = try rkt.fetch(
                    RktFixture.probe("example.com/a").file("/etc/old", "old").file("/etc/doomed", "x")
                        .entry(
                            .file("rootfs/etc/owned", "o", mode: 0o4750).with {
                                $0.user = 5; $0.group = 6
                            }))
                try rkt.ask(
                    flavor,
                    "write /etc/new fresh + write /etc/old changed + remove /etc/doomed + symlink /etc/link /outside",
                    options: copied ? ["--no-overlay"] : [], image: image)
                let out = rkt.directory.appending("out.aci")
                try rkt("export", rkt.onlyPod(), out.string).succeeded()
                #expect(try readBytes(out).prefix(2) == [0x1f, 0x8b], "gzip")
                #expect(try FileFacts(out).permissions == 0o644)

                let exported = try rkt.fetch(out)
                let manifest = try JSONValue(
                    parsing: Array(rkt("image", "cat-manifest", exported).succeeded().text.utf8))
                #expect(manifest["name"] == "example.com/a")
                let facts = try rkt.ask(
                    flavor, "read /etc/new + read /etc/old + exists /etc/doomed + link /etc/link + stat /etc/owned",
                    image: exported)
                #expect(facts["read /etc/new"] == "fresh\\n")
                #expect(facts["read /etc/old"] == "changed\\n")
                #expect(facts["exists /etc/doomed"] == "no")
                #expect(facts["link /etc/link"] == "/outside")
                #expect(facts["stat /etc/owned"]?.hasPrefix("file 0o4750 5:6 1") == true)
                try rkt.collectGarbage()
            }
        }

        /// What is asked of the pod at its end, and of the image that came of it.
        private static let questions =
            "stat /pair-a + stat /pair-b + stat /setuid + stat /sticky + stat /pipe + stat /noted + attribute /noted user.note"
            + " + stat /new-a + stat /new-b + attribute /new-a user.mine + stat /made-pipe + stat /emptied"
            + " + list /emptied + list /moved + list /gone + stat /moved/file + link /link + stat /old"
            + " + attribute /capable security.capability + list /"

        @Test(arguments: [[], ["--no-overlay"]])
        func `owners, modes, attributes and hard links are as the app left them`(options: [String]) throws {
            try RktFixture.with { rkt throws in
                let capability: [UInt8] = [1, 0, 0, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
                let image = try rkt.fetch(
                    RktFixture.probe("example.com/a").file("/pair-a", "pair").hardLink("/pair-b", to: "/pair-a")
                        .entry(
                            .file("rootfs/setuid", "s", mode: 0o6751).with {
                                $0.user = 5; $0.group = 6
                            }
                        )
                        .directory("/sticky", mode: 0o1777).entry(.fifo("rootfs/pipe"))
                        .entry(.file("rootfs/noted", "n").attribute("user.note", Array("of the image".utf8)))
                        .entry(.file("rootfs/capable", "c").attribute("security.capability", capability))
                        .directory("/emptied").file("/emptied/one", "1").directory("/dir").file("/dir/file", "f")
                        .directory("/gone").file("/old", "0"))
                let changes =
                    "write /new-a new + chown /new-a 77 78 + chmod /new-a 1257 + hard-link /new-a /new-b"
                    + " + set-attribute /new-a user.mine yes + fifo /made-pipe + remove /emptied/one + rmdir /emptied"
                    + " + mkdir /emptied + write /emptied/two 2 + mkdir /moved + rename /dir/file /moved/file"
                    + " + rmdir /dir + rmdir /gone + symlink /link ../outside + chmod /old 256 + chown /old 1000 1001"
                let left = try rkt.ask("\(changes) + \(Self.questions)", options: options, image: image)
                #expect(left["stat /new-b"]?.hasPrefix("file 0o2351 77:78 4 2") == true, "\(left)")
                #expect(left["attribute /noted"] == "of the image")
                let out = rkt.directory.appending("out.aci")
                try rkt("export", rkt.onlyPod(), out.string).succeeded()

                let again = try rkt.ask(Self.questions, options: options, image: rkt.fetch(out))
                for question in Self.questions.split(separator: "+").map({ $0.split(separator: " ") }) {
                    let name = question.prefix(2).joined(separator: " ")
                    let (before, after) = (left[name], again[name])
                    #expect(before != nil && before == after, "\(name)")
                }
            }
        }

        @Test func `volumes do not become part of the image`() throws {
            try RktFixture.with { rkt throws in
                let source = try rkt.source(["secret": "x"])
                try rkt.ask(
                    "exists /data/secret", options: ["--volume=data,kind=host,source=\(source)"],
                    appOptions: ["--mount=volume=data,target=/data"])
                let out = rkt.directory.appending("out.aci")
                try rkt("export", rkt.onlyPod(), out.string).succeeded()
                let listed = try Command("/bin/tar", ["-tzf", out.string]).run().succeeded()
                #expect(!listed.output.contains("secret"))
            }
        }

        @Test func `refuses what it cannot export`() throws {
            try RktFixture.with { rkt throws in
                let out = rkt.directory.appending("out.aci")
                let image = try rkt.probeImage()
                let (pod, running) = try rkt.startWaitingPod()
                try rkt("export", running, out.string).refused("pod is not exited. Only exited pods can be exported")
                pod.signal(15)
                pod.wait()
                try rkt("export", running, rkt.directory.appending("out.tar").string)
                    .refused("extension must be .aci (given .tar)")
                try writeText("mine", to: out)
                try rkt("export", running, out.string).refused("target file exists (try --overwrite)")
                #expect(try readText(out) == "mine")
                try rkt("export", "--overwrite", running, out.string).succeeded()
                let prepared = try rkt("prepare", image).succeeded().text
                try rkt("export", prepared, "\(rkt.directory)/p.aci").refused("pod is not exited")
                #expect(!exists(rkt.directory.appending("p.aci")))
                #expect(try rkt("export", running).status == 254)
            }
        }

        @Test func `of several apps one is named`() throws {
            try RktFixture.with { rkt throws in
                let image = try rkt.probeImage()
                try rkt(
                    "run", "--net=none", image, "--name=one", "--", "write", "/who", "one", "---", image, "--name=two",
                    "--",
                    "write", "/who", "two"
                ).succeeded()
                let uuid = try rkt.onlyPod()
                let out = rkt.directory.appending("out.aci")
                try rkt("export", uuid, out.string).refused("--app")
                try rkt("export", "--app=two", uuid, out.string).succeeded()
                #expect(try rkt.ask("read /who", image: rkt.fetch(out))["read /who"] == "two\\n")
                try rkt("export", "--app=three", "--overwrite", uuid, out.string).refused("three")
            }
        }
    }
}
