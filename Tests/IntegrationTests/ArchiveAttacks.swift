import SystemPackage
import TestSupport
import Testing

extension Integration {
    /// The archives of `BadInput` again, by other ways than from a file; and what servers can do on top.
    @Suite struct ArchiveAttacks {
        @Test func `bad archives are refused over https, too`() throws {
            try RktFixture.withServer { rkt, server in
                let good = try rkt.probeImage()
                for bad in BadInput.refused {
                    let file = rkt.directory.appending("bad.aci")
                    try bad.make(file)
                    try server.put("example.com/bad.aci", file)
                    let (result, peak) = try rkt.peakMemory([
                        "fetch", "--insecure-options=image", "https://example.com/bad.aci",
                    ])
                    result.refusedInOneLine(bad.sentence)
                    #expect(peak < 128 << 20, "\(bad.name): \(peak >> 20) MiB")
                    #expect(rkt.leftBehind() == [], "\(bad.name)")
                }
                try rkt.run(image: good, ["user"]).succeeded()
                try rkt.collectGarbage()
            }
        }

        @Test func `answers that are no image`() throws {
            try RktFixture.withServer { rkt, server in
                let url = "example.com/app.aci"
                try rkt.configure("limits.d/limits.json", Limits.short)
                try server.put(url, rkt, try RktFixture.hello(bytes: 1 << 20), by: [])
                let answers: [(ServerAnswer, sentence: String)] = [
                    (.text("<!DOCTYPE html><html><body>hello</body></html>"), ""), (.text(""), ""), (.status(204), ""),
                    (.status(404), "404"), (.status(500), "500"), (.status(401), "401"), (.status(202), ""),
                    (.file.after(200_000, .close), ""), (.file.after(200_000, .stall), ""),
                    (.file.after(0, .stall), ""), (.file.status(206), ""), (.zeros(1 << 20), ""),
                    (.file.headers(("X-Long", String(repeating: "x", count: 200_000))), ""),
                    (.redirect("https://\(url)"), "too many redirects"), (.redirect("file:///etc/passwd"), ""),
                    (.redirect("ftp://example.com/x"), ""), (.redirect(""), ""), (.redirect("https://"), ""),
                ]
                for (number, (answer, sentence)) in answers.enumerated() {
                    try server.answer(url, answer)
                    let (result, peak) = try rkt.peakMemory(["fetch", "--insecure-options=image", "https://\(url)"])
                    result.refusedInOneLine(sentence)
                    #expect(result.status == 254, "answer \(number)")
                    #expect(peak < 128 << 20)
                    #expect(result.duration < .seconds(10), "\(result)")
                    #expect(rkt.leftBehind().allSatisfy { $0.hasPrefix("cas/download/") }, "\(rkt.leftBehind())")
                    #expect(try rkt.storedNames() == [])
                }
                try server.answer(url, .file)
                try rkt("fetch", "--insecure-options=image", "https://\(url)").succeeded()
                #expect(rkt.leftBehind() == [])
            }
        }

        @Test func `signatures and keys that do not end`() throws {
            try RktFixture.withServer { rkt, server in
                try rkt.trust()
                try server.announce()
                try server.put("example.com/app.aci", rkt, RktFixture.tiny())
                try server.answer("example.com/app.aci.asc", .endless)
                let (signature, peak) = try rkt.peakMemory(["fetch", "https://example.com/app.aci"])
                signature.refusedInOneLine("")
                #expect(peak < 128 << 20)
                #expect(rkt.leftBehind() == [])
            }
        }

        @Test(arguments: [Packing.gzip, .zstd, .xz, .bzip2])
        func `a bomb stops at a limit that can be set`(packing: Packing) throws {
            try RktFixture.withServer { rkt, server in
                let bomb = RktFixture.tiny("example.com/bomb").entry(
                    TarEntry("rootfs/zeros", type: "0").with { $0.content = .zeros(16 << 20) })
                let file = try rkt.write(bomb, packing)
                try server.put("example.com/bomb.aci", file)
                try rkt("fetch", "--insecure-options=image", file.string).succeeded()
                try rkt("image", "rm", "example.com/bomb").succeeded()
                try rkt.configure("limits.d/limits.json", Limits.bytes(8 << 20))
                for word in [file.string, "https://example.com/bomb.aci"] {
                    let (result, peak) = try rkt.peakMemory(["fetch", "--insecure-options=image", word])
                    result.refusedInOneLine("maximumTotalBytes")
                    #expect(peak < 128 << 20)
                    #expect(try rkt.storedNames() == [])
                    #expect(rkt.leftBehind() == [])
                }
                let registry = try HostileRegistry(rkt, server)
                try registry.document(
                    registry.manifestText(
                        [
                            registry.layer(
                                [TarEntry("zeros", type: "0").with { $0.content = .zeros(16 << 20) }],
                                packing == .zstd ? .zstd : .gzip)
                        ],
                        layerType: HostileRegistry.layerType + (packing == .zstd ? "+zstd" : "+gzip")))
                try registry.expectRefusal("maximumTotalBytes")
            }
        }
    }
}
