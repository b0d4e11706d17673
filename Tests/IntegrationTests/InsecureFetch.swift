import SystemPackage
import TestSupport
import Testing

extension Integration {
    /// Each insecure option of fetching lifts its own check and no other.
    @Suite struct InsecureFetch {
        /// Something that one option allows.
        struct Check: Sendable, CustomTestStringConvertible {
            let testDescription: String
            /// The options with which it works.
            let needs: Set<String>
            /// Other words on the command line.
            var words: [String]
        }

        static let checks = [
            Check(testDescription: "an unsigned file", needs: ["image"], words: ["fetch", "FILE"]),
            Check(
                testDescription: "an unsigned image over https", needs: ["image"],
                words: ["fetch", "https://example.com/unsigned.aci"]),
            Check(
                testDescription: "a signed image from an untrusted server", needs: ["tls"],
                words: ["fetch", "https://untrusted.example.com/app.aci"]),
            Check(
                testDescription: "a signed image from an expired server", needs: ["tls"],
                words: ["fetch", "https://expired.example.com/app.aci"]),
            Check(
                testDescription: "a signed image from a server of another name", needs: ["tls"],
                words: ["fetch", "https://misnamed.example.com/app.aci"]),
            Check(
                testDescription: "discovery over http", needs: ["http"], words: ["fetch", "http.example.com/app:1"]),
            Check(
                testDescription: "a registry over https", needs: ["image"],
                words: ["fetch", "docker://registry.example.com/busybox"]),
            Check(
                testDescription: "a registry over http", needs: ["image", "http", "tls"],
                words: ["fetch", "docker://localhost:5000/busybox"]),
        ]

        static let options = ["image", "tls", "http", "pubkey"]

        @Test func `alone and together`() throws {
            try RktFixture.withServer { rkt, server in
                try prepare(rkt, server)
                for check in Self.checks {
                    // Without one of those that are needed, with all others; and with just these.
                    for missing in check.needs {
                        let others = Self.options.filter { $0 != missing }
                        let result = try rkt(
                            ["--insecure-options=\(others.joined(separator: ","))"] + words(check, rkt))
                        #expect(result.status == 254, "\(check.testDescription) without \(missing): \(result)")
                        #expect(rkt.leftBehind() == [], "\(check.testDescription)")
                    }
                    let needed = check.needs.sorted()
                    let result = try rkt(["--insecure-options=\(needed.joined(separator: ","))"] + words(check, rkt))
                    #expect(result.status == 0, "\(check.testDescription): \(result)")
                    for option in needed {
                        #expect(
                            result.errorLines.contains {
                                $0.contains("warning: ") && $0.lowercased().contains(Self.word[option] ?? option)
                            },
                            "a warning for \(option): \(result)")
                    }
                    try rkt(["--insecure-options=all-fetch"] + words(check, rkt)).succeeded()
                    try rkt(["--insecure-options=all-run"] + words(check, rkt)).refused("")
                }
            }
        }

        /// What the warning of an option talks about.
        private static let word = ["image": "image", "tls": "tls", "http": "http", "pubkey": "pubkey"]

        @Test func `the options that were used are kept with the image`() throws {
            try RktFixture.withServer { rkt, server in
                try prepare(rkt, server)
                try rkt("fetch", "--insecure-options=tls", "https://untrusted.example.com/app.aci").succeeded()
                try rkt("fetch", "--insecure-options=image", unsigned(rkt).string).succeeded()
                let json = try rkt("image", "list", "--format=json").succeeded().output
                #expect(json.contains("\"tls\""))
                #expect(json.contains("\"image\""))
                #expect(!json.contains("\"http\""))
            }
        }

        private func words(_ check: Check, _ rkt: RktFixture) -> [String] {
            check.words.map { $0 == "FILE" ? unsigned(rkt).string : $0 }
        }

        private func unsigned(_ rkt: RktFixture) -> FilePath { rkt.directory.appending("unsigned.aci") }

        private func prepare(_ rkt: RktFixture, _ server: ImageServer) throws {
            try rkt.trust()
            _ = try rkt.write(RktFixture.tiny("example.com/unsigned"), name: "unsigned.aci")
            try server.put("example.com/unsigned.aci", unsigned(rkt))
            for host in ["untrusted", "expired", "misnamed"] {
                try server.put("\(host).example.com/app.aci", rkt, RktFixture.tiny("example.com/\(host)"))
            }
            let page =
                "<meta name=\"ac-discovery\" content=\"http.example.com http://http.example.com/{name}-{version}.{ext}\">"
            try server.put("http:http.example.com/index.html", text: page)
            let image = try rkt.writeSigned(RktFixture.tiny("http.example.com/app").label("version", "1"))
            try server.put("http:http.example.com/http.example.com/app-1.aci", image)
            try server.put("http:http.example.com/http.example.com/app-1.aci.asc", FilePath("\(image).asc"))
            try Registry.start(.open, in: server, for: rkt)
            try Registry.start(.plain, in: server, for: rkt)
        }
    }
}
