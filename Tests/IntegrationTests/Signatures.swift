import SystemPackage
import TestSupport
import Testing

extension Integration {
    /// Who has to have signed an image so that it gets into the store.
    @Suite struct Signatures {
        typealias Signer = SigningKeys.Signer

        struct Case: Sendable, CustomTestStringConvertible {
            let testDescription: String
            var trusted: [(Signer, prefix: String?)] = [(.images, nil)]
            var signers: [Signer] = [.images]
            var name = "example.com/app"
            var armored = true
            var options: [String] = []
            /// Part of the message; none for an image that is taken.
            var refusal: String?
            /// Changes to the signature after it was made.
            var change: (@Sendable ([UInt8]) -> [UInt8])?
        }

        static let cases = [
            Case(testDescription: "a key trusted for everything"),
            Case(testDescription: "a key trusted for the name", trusted: [(.images, "example.com/app")]),
            Case(testDescription: "a key trusted for the host", trusted: [(.images, "example.com")]),
            Case(
                testDescription: "a name below the prefix", trusted: [(.images, "example.com/app")],
                name: "example.com/app/tool"),
            Case(
                testDescription: "a name that only begins like the prefix", trusted: [(.images, "example.com/app")],
                name: "example.com/app-other", refusal: "openpgp: signature made by unknown entity"),
            Case(
                testDescription: "another host that begins like the prefix", trusted: [(.images, "example.com")],
                name: "example.community/app", refusal: "openpgp: signature made by unknown entity"),
            Case(
                testDescription: "another prefix", trusted: [(.images, "example.com/other")],
                refusal: "openpgp: signature made by unknown entity"),
            Case(testDescription: "no key", trusted: [], refusal: "openpgp: signature made by unknown entity"),
            Case(
                testDescription: "somebody else", signers: [.stranger],
                refusal: "openpgp: signature made by unknown entity"),
            Case(testDescription: "a subkey", trusted: [(.subkey, nil)], signers: [.subkey]),
            Case(
                testDescription: "an expired key", trusted: [(.expired, nil)], signers: [.expired], refusal: "expired"),
            Case(
                testDescription: "a revoked key", trusted: [(.revoked, nil)], signers: [.revoked], refusal: "revoked"),
            Case(testDescription: "two keys, one trusted", signers: [.stranger, .images]),
            Case(testDescription: "two keys, the other order", signers: [.images, .stranger]),
            Case(
                testDescription: "two keys, none trusted", signers: [.stranger, .subkey],
                refusal: "openpgp: signature made by unknown entity"),
            Case(testDescription: "a binary signature", armored: false),
            Case(
                testDescription: "SHA-1", options: ["--digest-algo=SHA1", "--allow-weak-digest-algos"],
                refusal: ""),
            Case(
                testDescription: "a signature that has expired",
                options: [
                    "--faked-system-time", "20270101T000000!", "--default-sig-expire", "1d",
                ], refusal: ""),
            Case(testDescription: "cut off", refusal: "") { Array($0.prefix(90)) },
            Case(testDescription: "binary, cut off", armored: false, refusal: "") { Array($0.prefix(60)) },
            Case(testDescription: "empty", refusal: "") { _ in [] },
            Case(testDescription: "no signature at all", refusal: "no valid signatures found in signature file") { _ in
                Array("-----BEGIN PGP MESSAGE-----\n\naGVsbG8=\n-----END PGP MESSAGE-----\n".utf8)
            },
            Case(testDescription: "an HTML page", refusal: "") { _ in Array("<html><body>hello</body></html>\n".utf8) },
            Case(testDescription: "damaged", armored: false, refusal: "") { bytes in
                var copy = bytes
                copy[copy.count - 3] ^= 1
                return copy
            },
        ]

        @Test(arguments: cases)
        func `an image is stored and run only if a trusted key signed it`(case test: Case) throws {
            try RktFixture.with { rkt throws in
                let keys = try SigningKeys.shared
                for (signer, prefix) in test.trusted {
                    // A key that is no good any more is not trusted by the command: it was good then.
                    guard signer != .expired && signer != .revoked else {
                        try plant(rkt, keys.publicKey(signer), keys.fingerprint(signer))
                        continue
                    }
                    try rkt.trust(signer, prefix: prefix)
                }
                let image = try rkt.write(RktFixture.probe(test.name))
                let signature = FilePath("\(image).asc")
                try keys.sign(image, by: test.signers, armored: test.armored, options: test.options)
                if let change = test.change { try writeBytes(change(readBytes(signature)), to: signature) }
                let result = try rkt("fetch", "--full", image.string)
                let run = try rkt("run", "--net=none", image.string, "--", "user")
                guard let refusal = test.refusal else {
                    try result.succeeded()
                    try run.succeeded()
                    let listed = try rkt("image", "list", "--full", "--format=json").succeeded().output
                    let signer = test.signers.first { signer in test.trusted.contains { $0.0 == signer } }
                    #expect(listed.contains(try keys.fingerprint(signer ?? .images)), "\(listed)")
                    return try rkt.collectGarbage()
                }
                result.refused(refusal)
                run.refused(refusal)
                #expect(result.output == "" && run.output == "")
                #expect(try rkt.storedNames().filter { $0.hasPrefix(test.name) } == [])
                #expect(rkt.leftBehind() == [])
            }
        }

        /// Puts a key where the administrator would.
        private func plant(_ rkt: RktFixture, _ key: FilePath, _ fingerprint: String, prefix: String? = nil) throws {
            let place = prefix.map { "prefix.d/\($0)" } ?? "root.d"
            try rkt.configure("trustedkeys/\(place)/\(fingerprint)", readText(key))
        }

        @Test func `a signature is good for one file only`() throws {
            try RktFixture.with { rkt throws in
                try rkt.trust()
                let one = try rkt.writeSigned(RktFixture.tiny("example.com/app", "one"))
                let two = try rkt.write(RktFixture.tiny("example.com/app", "two"))
                try rkt("fetch", two.string).refused("No such file or directory")
                try writeBytes(readBytes(FilePath("\(one).asc")), to: FilePath("\(two).asc"))
                let result = try rkt("fetch", two.string)
                result.refusedInOneLine("")
                #expect(try rkt.storedNames() == [])
                // More or less than what was signed.
                let bytes = try readBytes(one)
                try writeBytes(bytes + [0], to: one)
                try rkt("fetch", one.string).refused("")
                try writeBytes(Array(bytes.dropLast(512)), to: one)
                try rkt("fetch", one.string).refused("")
                #expect(try rkt.storedNames() == [])
                try writeBytes(bytes, to: one)
                try rkt("fetch", one.string).succeeded()
            }
        }

        @Test func `the packed bytes are what is signed`() throws {
            try RktFixture.with { rkt throws in
                try rkt.trust()
                for packing in Packing.allCases {
                    let image = try rkt.writeSigned(RktFixture.tiny("example.com/\(packing)"), packing)
                    try rkt("fetch", image.string).succeeded()
                }
                let plain = try rkt.writeSigned(RktFixture.tiny("example.com/other"), name: "plain.aci")
                let packed = try rkt.write(RktFixture.tiny("example.com/other"), .gzip, name: "packed.aci")
                try writeBytes(readBytes(FilePath("\(plain).asc")), to: FilePath("\(packed).asc"))
                try rkt("fetch", packed.string).refused("")
            }
        }

        @Test func `a signature from elsewhere is named on the command line`() throws {
            try RktFixture.withServer { rkt, server in
                try rkt.trust()
                try server.announce()
                let keys = try SigningKeys.shared
                let image = try rkt.write(RktFixture.tiny("example.com/app").label("version", "1"))
                let signature = try keys.sign(image, to: rkt.directory.appending("elsewhere.asc"))
                try rkt("fetch", image.string, "--signature=\(signature)").succeeded()
                try rkt("fetch", image.string, "--signature=\(rkt.directory)/none.asc").refused("none.asc")
                try rkt("fetch", "--signature=\(signature)", image.string).refused("--signature must follow an image")
                try rkt("fetch", image.string, "--signature=a", "--signature=b").refused(
                    "--signature specified multiple times for the same image")
                // For a URL and a name too; that of the server is not looked at.
                try server.put("example.com/app.aci", image)
                try server.put("storage.example.com/linux/amd64/example.com/app-1.aci", image)
                for word in ["https://example.com/app.aci", "example.com/app:1"] {
                    try rkt("fetch", word, "--signature=\(signature)").succeeded()
                }
                #expect(!server.requests.contains { $0.path.hasSuffix(".asc") })
                let other = try rkt.writeSigned(RktFixture.tiny("example.com/other"))
                try rkt("fetch", image.string, "--signature=\(other).asc").refused("")
                try rkt(
                    "prepare", "--quiet", image.string, "--signature=\(signature)", other.string, "--name=other"
                ).succeeded()
                try rkt.collectGarbage()
            }
        }

        @Test func `over the network it is looked at before the image`() throws {
            try RktFixture.withServer { rkt, server in
                try server.announce()
                try rkt.trust(prefix: "example.com/app")
                let url = try server.offer(
                    rkt, RktFixture.tiny("example.com/app"), "example.com/app", version: "1", by: [.stranger])
                let result = try rkt("fetch", "example.com/app:1")
                result.refused("openpgp: signature made by unknown entity")
                #expect(result.errors.contains("rkt trust --prefix \"example.com/app\""))
                #expect(server.gets("\(url).asc").count == 1)
                #expect(server.gets(url).isEmpty, "not downloaded")
                try server.remove("\(url).asc")
                try rkt("fetch", "example.com/app:1").refused("404")
                #expect(server.gets(url).isEmpty)
                try server.put("example.com/app.aci", rkt, RktFixture.tiny("example.com/app"), by: [.stranger])
                try rkt("fetch", "https://example.com/app.aci").refused("openpgp: signature made by unknown entity")
                #expect(try rkt.storedNames() == [])
                #expect(rkt.leftBehind() == [])
            }
        }

        @Test func `a server may put the signature off until the image was sent`() throws {
            try RktFixture.withServer { rkt, server in
                try rkt.trust()
                let url = "example.com/app.aci"
                try server.put(url, rkt, RktFixture.tiny("example.com/app"))
                try server.answer("\(url).asc", .text("").status(202), .file)
                let result = try rkt("fetch", "--debug", "https://\(url)").succeeded()
                #expect(result.errors.contains("server requested deferring the signature download"))
                #expect(
                    server.requests.filter { $0.method == "GET" }.map(\.path) == [
                        "/app.aci.asc", "/app.aci", "/app.aci.asc",
                    ])
                try server.answer("\(url).asc", .text("").status(202))
                try rkt("fetch", "https://\(url)").refused("server asked to defer the download again")
                #expect(rkt.leftBehind() == [])
            }
        }

        @Test func `whoever vouched for an image is remembered`() throws {
            try RktFixture.with { rkt throws in
                let keys = try SigningKeys.shared
                try rkt.trust(.images)
                try rkt.trust(.subkey)
                let both = try rkt.writeSigned(RktFixture.tiny("example.com/both"), by: [.images, .stranger, .subkey])
                try rkt("fetch", both.string).succeeded()
                let none = try rkt.write(RktFixture.tiny("example.com/none"))
                try rkt("fetch", "--insecure-options=image", none.string).succeeded()
                let table = try rkt("image", "list", "--full").succeeded()
                let row = table.lines.first { $0.contains("example.com/both") } ?? ""
                for signer in [Signer.images, .subkey] {
                    #expect(row.contains(try keys.fingerprint(signer)), "\(table)")
                }
                #expect(!row.contains(try keys.fingerprint(.stranger)))
                let plain = table.lines.first { $0.contains("example.com/none") } ?? ""
                #expect(!plain.contains(try keys.fingerprint(.images)))
                #expect(!(try rkt("image", "list")).output.contains(try keys.fingerprint(.images)), "only in full")
                let json = try rkt("image", "list", "--format=json").succeeded().output
                #expect(json.contains(try keys.fingerprint(.subkey)))
                #expect(json.contains("image"), "the options that were used")
                // Used by its ID or name it needs no signature again, and gone keys change nothing.
                try rkt("trust", "--remove", "--root", keys.fingerprint(.images)).succeeded()
                try rkt("image", "cat-manifest", "example.com/both").succeeded()
            }
        }

        @Test func `nobody's GnuPG home is touched, and no agent stays`() throws {
            try RktFixture.with { rkt throws in
                let home = rkt.directory.appending("home")
                try makeDirectories(home.appending(".gnupg"), mode: 0o700)
                try rkt.trust()
                let image = try rkt.writeSigned(RktFixture.tiny())
                // Options that would let everything pass, or write somewhere.
                try writeText(
                    "log-file \(home)/log\nauto-key-retrieve\nalways-trust\n", to: home.appending(".gnupg/gpg.conf"))
                var command = rkt.command(["fetch", image.string])
                command.environment =
                    Command.quiet + ["HOME=\(home)", "GNUPGHOME=\(home)/.gnupg", "GPG_AGENT_INFO=/none"]
                try command.run().succeeded()
                #expect(try entries(of: home) == [".gnupg"])
                #expect(try entries(of: home.appending(".gnupg")) == ["gpg.conf"])
                let agents = ((try? entries(of: "/proc")) ?? []).filter { name in
                    Int(name) != nil
                        && ((try? readText(FilePath("/proc/\(name)/cmdline"))) ?? "").contains(rkt.directory.string)
                        && ((try? readText(FilePath("/proc/\(name)/comm"))) ?? "").hasPrefix("gpg-agent")
                }
                #expect(agents == [])
            }
        }

        @Test func `an image that was let in without a check is not taken for verified`() throws {
            try RktFixture.withServer { rkt, server in
                let file = try rkt.write(RktFixture.tiny())
                try server.put("example.com/app.aci", file)
                try rkt("fetch", "--insecure-options=image", file.string).succeeded()
                try rkt("fetch", "--insecure-options=image", "https://example.com/app.aci").succeeded()
                try rkt("fetch", file.string).refused("")
                try rkt("fetch", "https://example.com/app.aci").refused("")
                try server.answer("example.com/app.aci", .file.etag("\"1\"").headers(("Cache-Control", "max-age=600")))
                try rkt("fetch", "--insecure-options=image", "https://example.com/app.aci").succeeded()
                try rkt("fetch", "https://example.com/app.aci").refused("")
            }
        }
    }
}
