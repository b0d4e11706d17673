import SystemPackage
import TestSupport
import Testing

extension Integration {
    @Suite struct Trust {
        @Test func `a file for a prefix, and for everything`() throws {
            try RktFixture.with { rkt throws in
                let keys = try SigningKeys.shared
                let key = keys.publicKey()
                let fingerprint = try keys.fingerprint()
                let result = try rkt(
                    "trust", "--prefix=example.com/app", "--skip-fingerprint-review", key.string
                ).succeeded()
                #expect(result.errors.contains("pubkey: prefix: \"example.com/app\"\nkey: \"\(key)\""))
                #expect(result.output.contains("gpg key fingerprint is: \(try keys.groups())"))
                #expect(result.output.contains("\t\(SigningKeys.Signer.images.identity)"))
                let all = result.output + result.errors
                #expect(
                    all.contains("Trusting \"\(key)\" for prefix \"example.com/app\" without fingerprint review."))
                let path = rkt.localConfiguration.appending("trustedkeys/prefix.d/example.com/app/\(fingerprint)")
                #expect(all.contains("Added key for prefix \"example.com/app\" at \"\(path)\""))
                #expect(try readBytes(path) == (try readBytes(key)))
                #expect(try FileFacts(path).permissions == 0o644)
                #expect(try FileFacts(path.removingLastComponent()).permissions == 0o755)

                let root = try rkt("trust", "--root", "--skip-fingerprint-review", key.string).succeeded()
                let rootPath = rkt.localConfiguration.appending("trustedkeys/root.d/\(fingerprint)")
                #expect((root.output + root.errors).contains("Added root key at \"\(rootPath)\""))
                #expect(exists(rootPath))
            }
        }

        @Test func `subkeys are shown`() throws {
            try RktFixture.with { rkt throws in
                let keys = try SigningKeys.shared
                let shown = try rkt(
                    "trust", "--root", "--skip-fingerprint-review", keys.publicKey(.subkey).string
                ).succeeded().output
                #expect(shown.contains("gpg key fingerprint is: \(try keys.groups(.subkey))"))
                #expect(shown.contains("    Subkey fingerprint: "))
            }
        }

        @Test func `by URL`() throws {
            try RktFixture.withServer { rkt, server in
                let keys = try SigningKeys.shared
                try server.put("example.com/pubkeys.gpg", keys.publicKey())
                func trust(_ words: String...) throws -> CommandResult {
                    try rkt(["trust", "--root", "--skip-fingerprint-review"] + words)
                }
                try trust("https://example.com/pubkeys.gpg").succeeded()
                let path = rkt.localConfiguration.appending("trustedkeys/root.d/\(try keys.fingerprint())")
                #expect(exists(path))
                try rkt("trust", "--remove", "--root", keys.fingerprint()).succeeded()
                #expect(!exists(path))
                try trust("http://example.com/pubkeys.gpg").refused("--insecure-allow-http required for http URLs")
                try trust("--insecure-allow-http", "http://example.com/pubkeys.gpg").succeeded()
                try trust("ftp://example.com/pubkeys.gpg").refused("only local files and http or https URLs supported")
                try trust("https://example.com/none.gpg").refused("bad HTTP status code: 404")
                try trust("/no/such/key").refused("No such file or directory")
                try server.put("example.com/page", text: "<html>no key</html>")
                try trust("https://example.com/page").refused("")
                try server.answer("example.com/endless", .endless)
                let (endless, peak) = try rkt.peakMemory([
                    "trust", "--root", "--skip-fingerprint-review", "https://example.com/endless",
                ])
                endless.refused("")
                #expect(peak < 128 << 20)
                try trust("https://untrusted.example.com/pubkeys.gpg").refused("certificate")
                try server.put("untrusted.example.com/pubkeys.gpg", keys.publicKey())
                try trust("--insecure-options=tls", "https://untrusted.example.com/pubkeys.gpg").succeeded()
            }
        }

        @Test func `by discovery`() throws {
            try RktFixture.withServer { rkt, server in
                let keys = try SigningKeys.shared
                try rkt("trust", "--prefix=example.com/app", "--skip-fingerprint-review").refused(
                    "error determining key location")
                try server.put("example.com/a.gpg", keys.publicKey(.images))
                try server.put("example.com/b.gpg", keys.publicKey(.stranger))
                try server.discovery(
                    "example.com",
                    keys: [
                        ("example.com/other", "https://example.com/wrong.gpg"),
                        ("example.com", "https://example.com/a.gpg"), ("example.com/app", "https://example.com/b.gpg"),
                    ])
                try rkt("trust", "--prefix=example.com/app", "--skip-fingerprint-review").succeeded()
                #expect(
                    Set(try entries(of: rkt.localConfiguration.appending("trustedkeys/prefix.d/example.com/app")))
                        == [try keys.fingerprint(.images), try keys.fingerprint(.stranger)])
                #expect(server.gets("example.com/wrong.gpg").isEmpty)
                // Nobody on a terminal, but the certificate was checked.
                let forced = try rkt("trust", "--prefix=example.com", "--trust-keys-from-https").succeeded()
                #expect((forced.output + forced.errors).contains("without fingerprint review."))
            }
        }

        @Test func `somebody on a terminal compares the fingerprint`() throws {
            try RktFixture.with { rkt throws in
                let keys = try SigningKeys.shared
                let key = keys.publicKey()
                let path = rkt.localConfiguration.appending(
                    "trustedkeys/prefix.d/example.com/\(try keys.fingerprint())")
                let words = ["trust", "--prefix=example.com", key.string]
                let alone = try rkt(words).refused("unable to ask user to review fingerprint due to lack of tty")
                #expect(alone.status == 254 && !exists(path))
                let no = try rkt.onTerminal(["no"], words)
                #expect(no.status == 0 && no.output.contains("not trusting \"\(key)\"") && !exists(path), "\(no)")
                let yes = try rkt.onTerminal(["Yes", "yes"], words)
                #expect(yes.status == 0, "\(yes)")
                #expect(yes.output.contains("Are you sure you want to trust this key (yes/no)?"))
                #expect(yes.output.contains("Please enter 'yes' or 'no'"))
                #expect(
                    yes.output.contains("Trusting \"\(key)\" for prefix \"example.com\" after fingerprint review."))
                #expect(exists(path))
            }
        }

        @Test(arguments: [
            (["KEY"], "aborting due to implicit unbounded trust (root domain)"),
            (["--root", "--prefix=example.com", "KEY"], "--root and --prefix usage mutually exclusive"),
            (["--prefix=https://example.com", "KEY"], "--prefix must not contain a URL scheme, omit https://"),
            (["--insecure-options=image", "--root", "KEY"], "could not get the keystore"),
            (["--skip-fingerprint-review", "--prefix=../../x", "KEY"], ""),
            (["--skip-fingerprint-review", "--prefix=Example.com", "KEY"], ""),
            (["--skip-fingerprint-review", "--root", "/dev/zero"], ""),
            (["--skip-fingerprint-review", "--root", "/dev/null"], ""),
            (["--skip-fingerprint-review", "--root", "/etc/passwd"], ""),
        ])
        func `says what it cannot do`(words: [String], sentence: String) throws {
            try RktFixture.with { rkt throws in
                let key = try SigningKeys.shared.publicKey().string
                let (result, peak) = try rkt.peakMemory(["trust"] + words.map { $0 == "KEY" ? key : $0 })
                result.refused(sentence)
                #expect(peak < 128 << 20)
                #expect(!exists(rkt.localConfiguration.appending("trustedkeys/root.d")))
            }
        }

        @Test func `expired and revoked keys are shown as such, and not trusted`() throws {
            try RktFixture.with { rkt throws in
                let keys = try SigningKeys.shared
                for signer in [SigningKeys.Signer.expired, .revoked] {
                    let result = try rkt(
                        "trust", "--root", "--skip-fingerprint-review", keys.publicKey(signer).string)
                    #expect((result.output + result.errors).contains(signer.rawValue), "\(result)")
                    let fingerprint = try keys.fingerprint(signer)
                    #expect(!exists(rkt.localConfiguration.appending("trustedkeys/root.d/\(fingerprint)")), "\(result)")
                }
            }
        }

        @Test func `keys are listed and removed`() throws {
            try RktFixture.with { rkt throws in
                let keys = try SigningKeys.shared
                #expect(try rkt("trust", "--list").succeeded().lines.count <= 1)
                try rkt.trust(.images, prefix: "example.com/app")
                try rkt.trust(.images)
                try rkt.trust(.stranger, prefix: "example.com")
                let system = rkt.systemConfiguration.appending("trustedkeys/prefix.d/example.org")
                try makeDirectories(system)
                try writeBytes(
                    readBytes(keys.publicKey(.subkey)), to: system.appending(try keys.fingerprint(.subkey)))
                let listed = try rkt("trust", "--list").succeeded().output
                for word in [
                    "example.com/app", "example.com", "example.org", try keys.fingerprint(.images),
                    try keys.fingerprint(.stranger), try keys.fingerprint(.subkey),
                    SigningKeys.Signer.stranger.identity,
                ] {
                    #expect(listed.contains(word), "'\(word)' in\n\(listed)")
                }
                try rkt("trust", "--remove", "--prefix=example.com/app", keys.fingerprint(.images)).succeeded()
                let left = try rkt("trust", "--list").succeeded().output
                #expect(!left.contains("example.com/app"))
                #expect(left.contains(try keys.fingerprint(.images)), "trusted for everything still")
                try rkt("trust", "--remove", keys.fingerprint(.stranger)).succeeded()
                #expect(!(try rkt("trust", "--list").output.contains(try keys.fingerprint(.stranger))))
                try rkt("trust", "--remove", keys.fingerprint(.stranger)).refused("")
                try rkt("trust", "--remove", "../../etc/passwd").refused("")
            }
        }

        @Test func `an empty file of the administrator masks a key of the vendor`() throws {
            try RktFixture.with { rkt throws in
                let keys = try SigningKeys.shared
                let fingerprint = try keys.fingerprint()
                let vendor = rkt.systemConfiguration.appending("trustedkeys/prefix.d/example.com")
                try makeDirectories(vendor)
                try writeBytes(readBytes(keys.publicKey()), to: vendor.appending(fingerprint))
                let image = try rkt.writeSigned(RktFixture.tiny("example.com/app"))
                try rkt("fetch", image.string).succeeded()
                try rkt.configure("trustedkeys/prefix.d/example.com/\(fingerprint)", "")
                try rkt("fetch", image.string).refused("openpgp: signature made by unknown entity")
            }
        }

        @Test func `a key store that is not as it should be is an error that names the file`() throws {
            try RktFixture.with { rkt throws in
                let keys = try SigningKeys.shared
                let image = try rkt.writeSigned(RktFixture.tiny("example.com/app"))
                let wrong = String(repeating: "0", count: 40)
                try rkt.configure("trustedkeys/prefix.d/example.com/\(wrong)", readText(keys.publicKey()))
                try rkt("fetch", image.string).refused(
                    "fingerprint mismatch: \"\(wrong)\":\"\(try keys.fingerprint())\"")
                try shell(
                    "rm \"$1\"", [rkt.localConfiguration.appending("trustedkeys/prefix.d/example.com/\(wrong)").string])
                try rkt.configure("trustedkeys/root.d/\(try keys.fingerprint())", "no key\n")
                try rkt("fetch", image.string).refused(try keys.fingerprint())
            }
        }
    }
}
