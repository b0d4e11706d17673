import SystemPackage
import TestSupport
import Testing

extension Integration {
    /// What is seen of downloads while they go on.
    @Suite struct DownloadProgress {
        /// Puts images on the server, each of which takes two seconds; their `HOST/PATH`.
        private func slowImages(_ rkt: RktFixture, _ server: ImageServer, _ names: [String]) throws -> [String] {
            try names.map { name in
                let image = RktFixture.tiny("example.com/\(name)").entry(
                    TarEntry("rootfs/padding", type: "0").with { $0.content = .zeros(300_000) })
                let url = "example.com/images/\(name).aci"
                try server.put(url, rkt, image)
                try server.answer(url, .file.taking(seconds: 2))
                return url
            }
        }

        /// States of the terminal one after the other, as far as bars are written over.
        private func frames(_ text: String) -> [[String]] {
            var screen = Screen()
            var frames: [[String]] = []
            for part in text.split(separator: "\u{1b}[J", omittingEmptySubsequences: false) {
                screen.show(part + "\u{1b}[J")
                frames.append(screen.lines)
            }
            #expect(screen.oddities == [])
            return frames
        }

        @Test(arguments: [false, true])
        func `two images have two bars on a terminal`(isDebugging: Bool) throws {
            try RktFixture.withServer { rkt, server in
                try rkt.trust()
                let urls = try slowImages(rkt, server, ["one", "two"]).map { "https://\($0)" }
                let result = try rkt.onTerminal([], (isDebugging ? ["--debug"] : []) + ["fetch", "--full"] + urls)
                try result.succeeded()
                let frames = frames(result.output)
                for name in ["one", "two"] {
                    let bar = "Downloading \(name).aci ACI: ["
                    #expect(
                        frames.contains { $0.contains { $0.hasPrefix("\(bar)==") && $0.contains("> ") } }, "\(frames)")
                }
                #expect(
                    frames.contains { lines in
                        ["one", "two"].allSatisfy { name in
                            lines.contains { $0.hasPrefix("Downloading \(name).aci ACI: [") && $0.contains(">") }
                        }
                    }, "both at once: \(frames)")
                let last = try #require(frames.last)
                let bars = last.filter { $0.hasPrefix("Downloading ") }
                #expect(bars.count == 2 && bars.allSatisfy { $0.contains("=]") }, "\(last)")
                #expect(last.count { $0 == "image: signature verified:" } == 2, "\(last)")
                #expect(last.count { $0.hasPrefix("sha512-") } == 2)
                let debugging = last.filter { $0.hasPrefix("image: fetching image from https://example.com/images/") }
                #expect(debugging.count == (isDebugging ? 2 : 0), "\(last)")
                let others = last.filter { !$0.hasPrefix("image: ") && !$0.hasPrefix("sha512-") && !bars.contains($0) }
                #expect(isDebugging || others == [""], "nothing is torn: \(last)")
            }
        }

        @Test func `one image has one bar, and says what it always said`() throws {
            try RktFixture.withServer { rkt, server in
                try rkt.trust()
                let url = try slowImages(rkt, server, ["one"])[0]
                let frames = frames(try rkt.onTerminal([], ["fetch", "https://\(url)"]).succeeded().output)
                #expect(frames.count > 3)
                let bars = (frames.last ?? []).filter { $0.hasPrefix("Downloading ") }
                #expect(bars.count == 1 && bars[0].hasPrefix("Downloading ACI: [=="), "\(frames)")
            }
        }

        @Test func `layers of a registry have a bar each, with the name of the image where there are two`() throws {
            try RktFixture.withServer { rkt, server in
                try Registry.start(.plain, in: server, for: rkt)
                let words = ["busybox:oci", "layers:oci"].map { "docker://\(Registry.Kind.plain.authority)/\($0)" }
                let options = ["fetch", "--insecure-options=image,http,tls"]
                let alone = try rkt.onTerminal([], options + [words[0]]).succeeded()
                #expect((frames(alone.output).last ?? []).contains { $0.hasPrefix("Downloading sha256:") }, "\(alone)")
                let both = frames(try rkt.onTerminal([], options + words).succeeded().output).last ?? []
                for name in ["busybox:oci", "layers:oci"] {
                    #expect(both.contains { $0.hasPrefix("Downloading \(name) sha256:") }, "\(both)")
                }
            }
        }

        @Test func `an error stands below the bars`() throws {
            try RktFixture.withServer { rkt, server in
                try rkt.trust()
                let urls = try slowImages(rkt, server, ["one", "two"])
                try server.answer(urls[1], .file.taking(seconds: 2).after(150_000, .close))
                let result = try rkt.onTerminal([], ["fetch"] + urls.map { "https://\($0)" })
                #expect(result.status == 254)
                let last = frames(result.output).last ?? []
                #expect(last.contains { $0.hasPrefix("Downloading one.aci ACI: [==") && $0.contains("=]") }, "\(last)")
                #expect(last.contains { $0.hasPrefix("Downloading two.aci ACI: [==") && $0.contains("> ") }, "\(last)")
                #expect(last.last { !$0.isEmpty }?.hasPrefix("fetch: ") == true, "\(last)")
                #expect(rkt.leftBehind().allSatisfy { $0.contains("partial") }, "\(rkt.leftBehind())")
            }
        }

        @Test func `without a terminal there are quiet lines and nothing that a terminal would obey`() throws {
            try RktFixture.withServer { rkt, server in
                try rkt.trust()
                let urls = try slowImages(rkt, server, ["one", "two"]).map { "https://\($0)" }
                let result = try rkt(["fetch"] + urls).succeeded()
                #expect(result.errorLines.count { $0.hasPrefix("Downloading ACI: 3") && $0.hasSuffix(" KB") } == 2)
                for text in [result.output, result.errors] {
                    #expect(!text.unicodeScalars.contains { $0.value < 0x20 && $0 != "\n" }, "\(result)")
                }
            }
        }
    }
}
