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
