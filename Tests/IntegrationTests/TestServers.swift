import SystemPackage
import TestSupport
import Testing

extension Integration {
    /// What other suites rely on, seen by programs that are not ours.
    @Suite struct TestServers {
        @Test(arguments: Registry.Kind.allCases)
        func `skopeo sees the images of every registry`(kind: Registry.Kind) throws {
            try RktFixture.withServer { rkt, server in
                try Registry.start(kind, in: server, for: rkt)
                let access = kind == .plain ? ["--tls-verify=false"] : []
                let account = kind == .basic || kind == .token ? ["--creds=alice:secret"] : []
                var command = Command(
                    try Programs.find("skopeo"),
                    ["--insecure-policy", "inspect", "--raw"] + access + account + [
                        "docker://\(kind.authority)/multi:index"
                    ])
                command.environment = ["HOME=\(rkt.directory)", "PATH=/usr/bin:/bin"]
                let text = try server.inside(command).run().succeeded().output
                #expect(text.contains("application/vnd.oci.image.index.v1+json"))
                guard !account.isEmpty else { return }
                command.arguments.removeAll { $0.hasPrefix("--creds") }
                #expect(try server.inside(command).run().status != 0, "the account is needed")
            }
        }

        @Test func `examples of documents are found and compared`() throws {
            let text = """
                ```
                $ not this
                ```
                ```console
                $ rkt trust \\
                    --root key
                gpg key fingerprint is: 8B86 DE38 890D DB72 9186  7B02 5210 BD88 8818 2190
                Trust it (yes/no)? yes
                $ cat <<END
                > text
                > END
                $ rkt image list
                ID\t\t\tNAME
                sha512-91e98d7f1679\tapp…
                …
                ```
                """
            let examples = ConsoleExample.all(in: text)
            #expect(
                examples.map(\.command) == ["rkt trust \\\n    --root key", "cat <<END\ntext\nEND", "rkt image list"])
            #expect(examples.map(\.answers) == [["yes"], [], []])
            let groups = "028E D90F 21A1 1668 44FC  776F 6C6A 212A 1603 229B"
            #expect(examples[0].matches("gpg key fingerprint is: \(groups)\nTrust it (yes/no)? yes\n"))
            #expect(!examples[0].matches("gpg key fingerprint is: 028E D90F\nTrust it (yes/no)? yes\n"))
            let list = "ID NAME\nsha512-0123456789ab app:1 5MiB\n"
            #expect(examples[2].matches(list) && examples[2].matches(list + "more\n"))
            #expect(!examples[2].matches("ID NAME\nsha512-0123456789 app\n"))
        }

        @Test func `the authority is trusted, and none of the bad certificates`() throws {
            try RktFixture.withServer { rkt, server in
                try server.put("example.com/page", text: "here\n")
                for certificate in CertificateAuthority.Certificate.allCases {
                    let host = certificate == .good ? "example.com" : certificate.host
                    try server.put("\(host)/page", text: "here\n")
                    let script = """
                        import sys, urllib.request
                        print(urllib.request.urlopen(sys.argv[1]).read().decode(), end="")
                        """
                    let result = try server.inside(
                        Command(try Programs.find("python3"), ["-c", script, "https://\(host)/page"])
                    ).run()
                    #expect((result.status == 0) == (certificate == .good), "\(result)")
                }
                #expect(server.gets("example.com/page").count == 1)
            }
        }

        @Test(arguments: SigningKeys.Signer.allCases)
        func `gpg verifies what the keys sign`(signer: SigningKeys.Signer) throws {
            try RktFixture.with { rkt throws in
                let keys = try SigningKeys.shared
                let file = rkt.directory.appending("file")
                try writeText("text", to: file)
                let signature = try keys.sign(file, by: [signer])
                let script = """
                    export GNUPGHOME="$1"; mkdir -m 700 "$1"
                    gpg --batch --quiet --no-tty --import "$2"
                    gpg --batch --no-tty --status-fd 1 --verify "$3" "$4" || true
                    gpgconf --kill all
                    """
                let output = try shell(
                    script,
                    [
                        rkt.directory.appending("home").string, keys.publicKey(signer).string, signature.string,
                        file.string,
                    ]
                ).output
                let word =
                    switch signer {
                    case .images, .stranger, .subkey: "VALIDSIG"
                    case .expired: "EXPKEYSIG"
                    case .revoked: "REVKEYSIG"
                    }
                #expect(output.contains(" \(word) "), "\(output)")
                #expect(output.contains((try keys.fingerprint(signer)).uppercased()))
            }
        }
    }
}
