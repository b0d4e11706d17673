import SystemPackage
import TestSupport
import Testing

extension Integration {
    /// What the documents show is what happens.
    @Suite struct Documentation {
        static let documents = [
            "subcommands/trust.md", "subcommands/fetch.md", "subcommands/image.md", "signing-and-verification.md",
            "subcommands/enter.md", "subcommands/export.md", "subcommands/app.md",
            "isolators.md", "capabilities.md", "seccomp.md", "user-namespaces.md",
            "pods.md",
            "subcommands/logs.md", "subcommands/attach.md", "subcommands/stop.md",
            "subcommands/run.md", "subcommands/prepare.md", "subcommands/run-prepared.md",
        ]

        @Test(arguments: documents)
        func `examples work as they are shown`(document: String) throws {
            let text = try readText(Programs.packageRoot.appending("Documentation/\(document)"))
            let examples = ConsoleExample.all(in: text)
            #expect(!examples.isEmpty, "\(document) has no example")
            try RktFixture.withServer(atDefaultPlaces: true) { rkt, server in
                let work = try prepare(rkt, server)
                for example in examples {
                    let result = try run(example, rkt, server, in: work)
                    let comment = Comment(rawValue: "Documentation/\(document), \(example)\n\(result)")
                    if example.output.isEmpty {
                        #expect(result.status == 0, comment)
                    } else {
                        #expect(example.matches(result.output), comment)
                    }
                }
                try shell("rm -rf \"$1\"", [work.string])
            }
        }

        private func run(
            _ example: ConsoleExample, _ rkt: RktFixture, _ server: ImageServer, in work: FilePath
        ) throws -> CommandResult {
            var command = Command("/bin/sh", ["-c", "exec 2>&1\n\(example.command)"])
            if !example.answers.isEmpty {
                command = Command(
                    Programs.packageRoot.appending("Tests/Servers/terminal.py"),
                    example.answers + ["--", "/bin/sh", "-c", example.command])
            }
            command.workingDirectory = work
            command.environment = [
                "PATH=\(rkt.program.removingLastComponent()):/usr/sbin:/usr/bin:/sbin:/bin", "HOME=\(work)",
                "SWIFT_BACKTRACE=enable=no",
            ]
            return try server.inside(command).run()
        }

        /// The world of the documents; its working directory.
        private func prepare(_ rkt: RktFixture, _ server: ImageServer) throws -> FilePath {
            let keys = try SigningKeys.shared
            let work = rkt.directory.appending("work")
            try makeDirectories(work)
            try server.announce()
            let hello = try RktFixture.hello()
            for version in ["1.0.0", "1.1.0"] {
                try server.offer(rkt, hello, "example.com/hello", version: version)
            }
            let latest = try rkt.writeSigned(hello.label("version", "1.1.0"))
            try server.put("storage.example.com/linux/amd64/example.com/hello-latest.aci", latest)
            try server.put(
                "storage.example.com/linux/amd64/example.com/hello-latest.aci.asc", FilePath("\(latest).asc"))
            for (name, signers) in [("unsigned", []), ("stranger", [SigningKeys.Signer.stranger])] {
                try server.offer(
                    rkt, RktFixture.hello("example.com/\(name)"), "example.com/\(name)", version: "1.0.0", by: signers)
            }
            try server.offer(
                rkt,
                ACIBuilder(name: "example.com/deep").dependency("example.com/hello").app(
                    exec: ["/bin/busybox", "echo", "hello from the deep"]), "example.com/deep", version: "1.0.0")
            let file = work.appending("hello-1.0.0.aci")
            try hello.label("version", "1.0.0").write(to: file)
            try keys.sign(file)
            try server.put("example.com/images/hello-1.0.0.aci", file)
            try server.put("example.com/images/hello-1.0.0.aci.asc", FilePath("\(file).asc"))
            try RktFixture.hello("example.com/unsigned").label("version", "1.0.0").write(
                to: work.appending("unsigned.aci"))
            let page =
                "<meta name=\"ac-discovery\" content=\"http.example.com http://http.example.com/{name}-{version}.{ext}\">"
            try server.put("http:http.example.com/index.html", text: page)
            let plain = try rkt.writeSigned(RktFixture.hello("http.example.com/hello").label("version", "1.0.0"))
            try server.put("http:http.example.com/http.example.com/hello-1.0.0.aci", plain)
            try server.put("http:http.example.com/http.example.com/hello-1.0.0.aci.asc", FilePath("\(plain).asc"))
            try shell(
                "cp \"$1\" pubkeys.gpg; cp \"$2\" stranger.gpg; cp -r \"$3\"/busybox-* .",
                [
                    keys.publicKey().string, keys.publicKey(.stranger).string,
                    try Registry.storage.appending("files").string,
                ], in: work)
            for kind in Registry.Kind.allCases { try Registry.start(kind, in: server, for: rkt) }
            return work
        }
    }
}
