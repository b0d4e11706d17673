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
