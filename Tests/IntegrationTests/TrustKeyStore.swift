import SystemPackage
import TestSupport
import Testing

extension Integration {
    /// What `rkt trust` leaves behind, and what it does not.
    @Suite struct TrustKeyStore {
        @Test func `the key store has its modes whatever the umask`() throws {
            try RktFixture.with { rkt throws in
                let keys = try SigningKeys.shared
                let words = rkt.globalFlags + ["trust", "--prefix=example.com/app", "--skip-fingerprint-review"]
                for umask in ["077", "000"] {
                    let etc = rkt.directory.appending("etc-\(umask)")
                    try shell(
                        "umask \"$1\"; shift; exec \"$@\"",
                        [umask, rkt.program.string] + words + ["--local-config=\(etc)", keys.publicKey().string])
                    var path = etc.appending("trustedkeys/prefix.d/example.com/app/\(try keys.fingerprint())")
                    #expect(try FileFacts(path).permissions == 0o644)
                    while path.lastComponent != "trustedkeys" {
                        path.removeLastComponent()
                        #expect(try FileFacts(path).permissions == 0o755, "\(path)")
                    }
                }
            }
        }

        @Test func `every key of a file is shown and trusted`() throws {
            try RktFixture.with { rkt throws in
                let keys = try SigningKeys.shared
                let file = rkt.directory.appending("keys")
                try writeBytes(
                    readBytes(keys.publicKey(.images)) + readBytes(keys.publicKey(.stranger)), to: file)
                let result = try rkt("trust", "--root", "--skip-fingerprint-review", file.string).succeeded()
                for signer in [SigningKeys.Signer.images, .stranger] {
                    #expect(result.output.contains("gpg key fingerprint is: \(try keys.groups(signer))"))
                    let path = rkt.localConfiguration.appending(
                        "trustedkeys/root.d/\(try keys.fingerprint(signer))")
                    #expect(try rkt("trust", "--list", "--no-legend").output.contains(signer.identity))
                    #expect(exists(path))
                }
            }
        }

        @Test func `a binary key is stored armored`() throws {
            try RktFixture.with { rkt throws in
                let keys = try SigningKeys.shared
                let file = rkt.directory.appending("key.gpg")
                try shell("gpg --batch --dearmor < \"$1\" > \"$2\"", [keys.publicKey().string, file.string])
                try rkt("trust", "--root", "--skip-fingerprint-review", file.string).succeeded()
                let path = rkt.localConfiguration.appending("trustedkeys/root.d/\(try keys.fingerprint())")
                #expect(try readText(path).hasPrefix("-----BEGIN PGP PUBLIC KEY BLOCK-----\n"))
                #expect(try rkt("trust", "--list").output.contains("trusted"))
            }
        }

        @Test func `the user's own keyring is not touched, and no program is left`() throws {
            try RktFixture.with { rkt throws in
                let home = rkt.directory.appending("home")
                try makeDirectories(home)
                var command = rkt.command([
                    "trust", "--root", "--skip-fingerprint-review", try SigningKeys.shared.publicKey().string,
                ])
                command.environment = ["HOME=\(home)", "GNUPGHOME=\(home)/gnupg", "PATH=/nowhere"]
                try command.run().succeeded()
                #expect(try entries(of: home) == [])
                #expect(try entries(of: rkt.dataDirectory.appending("cas/download")) == [])
            }
        }

        @Test func `results go to one stream, messages to the other`() throws {
            try RktFixture.with { rkt throws in
                let keys = try SigningKeys.shared
                let key = keys.publicKey()
                let result = try rkt("trust", "--root", "--skip-fingerprint-review", key.string).succeeded()
                let identity = SigningKeys.Signer.images.identity
                #expect(result.output == "gpg key fingerprint is: \(try keys.groups())\n\t\(identity)\n")
                let path = rkt.localConfiguration.appending("trustedkeys/root.d/\(try keys.fingerprint())")
                #expect(
                    result.errors == """
                        pubkey: prefix: ""
                        key: "\(key)"
                        pubkey: Trusting "\(key)" for prefix "" without fingerprint review.
                        pubkey: Added root key at "\(path)"

                        """)
            }
        }

        @Test func `one key that cannot be had does not stop the others`() throws {
            try RktFixture.with { rkt throws in
                let keys = try SigningKeys.shared
                try rkt(
                    "trust", "--root", "--skip-fingerprint-review", "/no/such/key", keys.publicKey().string
                ).refused("/no/such/key")
                #expect(try rkt("trust", "--list").output.contains(try keys.fingerprint()))
            }
        }

        @Test func `a key of the vendor is masked, and can be trusted again`() throws {
            try RktFixture.with { rkt throws in
                let keys = try SigningKeys.shared
                let fingerprint = try keys.fingerprint()
                let vendor = rkt.systemConfiguration.appending("trustedkeys/root.d")
                try makeDirectories(vendor)
                try writeBytes(readBytes(keys.publicKey()), to: vendor.appending(fingerprint))
                let mask = rkt.localConfiguration.appending("trustedkeys/root.d/\(fingerprint)")
                let removed = try rkt("trust", "--remove", "--root", keys.groups()).succeeded()
                #expect(removed.output == "masked key of the system at \"\(mask)\"\n")
                #expect(try states(rkt) == ["system masked", "local mask"])
                try rkt("trust", "--root", "--skip-fingerprint-review", keys.publicKey().string).succeeded()
                #expect(try states(rkt) == ["system trusted", "local trusted"])
            }
        }

        @Test func `keys that do not count are listed as such, and can be removed`() throws {
            try RktFixture.with { rkt throws in
                let keys = try SigningKeys.shared
                let store = rkt.localConfiguration.appending("trustedkeys/root.d")
                try makeDirectories(store)
                for signer in [SigningKeys.Signer.expired, .revoked] {
                    try writeBytes(
                        readBytes(keys.publicKey(signer)), to: store.appending(try keys.fingerprint(signer)))
                }
                let other = String(repeating: "0", count: 40)
                try writeBytes(readBytes(keys.publicKey()), to: store.appending(other))
                try writeText("nonsense", to: store.appending(String(repeating: "1", count: 40)))
                try writeText("nonsense", to: store.appending("notes"))
                let listed = try rkt("trust", "--list", "--format=json").succeeded()
                #expect(listed.errors.contains("fingerprint mismatch: \"\(other)\":\"\(try keys.fingerprint())\""))
                #expect(listed.errors.contains("'\(store)/notes' in the key store is not named after a key"))
                #expect(
                    try Set(states(rkt)) == ["local expired", "local revoked", "local unusable"], "\(listed)")
                for name in try entries(of: store) where name != "notes" {
                    try rkt("trust", "--remove", name).succeeded()
                }
                #expect(try entries(of: store) == ["notes"])
            }
        }

        @Test func `who removes a key is told where it still counts`() throws {
            try RktFixture.with { rkt throws in
                let keys = try SigningKeys.shared
                for scope in ["--root", "--prefix=example.com"] {
                    try rkt("trust", scope, "--skip-fingerprint-review", keys.publicKey().string).succeeded()
                }
                let result = try rkt("trust", "--remove", "--prefix=example.com", keys.fingerprint()).succeeded()
                #expect(
                    result.errors == "trust: key \(try keys.fingerprint()) is still trusted for everything\n")
                try rkt("trust", "--remove", "--prefix=example.com", keys.fingerprint()).refused(
                    "no key \(try keys.fingerprint()) for prefix 'example.com' in the key store")
                #expect(try rkt("trust", "--remove").status == 254)
            }
        }

        @Test func `who may write the configuration need not be root`() throws {
            try RktFixture.with { rkt throws in
                let keys = try SigningKeys.shared
                try shell("chown 4242:4242 \"$1\"", [rkt.localConfiguration.string])
                let key = rkt.directory.appending("key.asc")
                try writeBytes(readBytes(keys.publicKey()), to: key)
                try shell(
                    "exec setpriv --reuid=4242 --regid=4242 --clear-groups -- \"$@\"",
                    [rkt.program.string] + rkt.globalFlags + [
                        "trust", "--root", "--skip-fingerprint-review", key.string,
                    ])
                #expect(try states(rkt) == ["local trusted"])
                #expect(!(try entries(of: "/tmp")).contains { $0.hasPrefix("rkt-trust-") })
            }
        }

        /// `ORIGIN STATE` of each key.
        private func states(_ rkt: RktFixture) throws -> [String] {
            let listed = try rkt("trust", "--list", "--no-legend").succeeded()
            return listed.lines.map { line in
                line.split(separator: "\t").dropFirst(2).prefix(2).joined(separator: " ")
            }
        }
    }
}
