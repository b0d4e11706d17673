import SystemPackage
import TestSupport
import Testing

extension Integration {
    @Suite struct Run {
        // Arguments

        @Test(arguments: Flavor.all)
        func `arguments after -- are added to those of the image`(flavor: Flavor) throws {
            try RktFixture.with { rkt throws in
                let image = try rkt.fetch(RktFixture.probe("example.com/a").app(exec: ["/inspect", "args", "own"]))
                let plain = Facts(try rkt.run(flavor, image: image).succeeded().output)
                #expect(plain.all("arg") == ["own"])
                let more = Facts(
                    try rkt.run(flavor, image: image, ["x y", "--", "", "$HOME", "%n"]).succeeded().output)
                #expect(more.all("arg") == ["own", "x y", "--", "", "$HOME", "%n"])
            }
        }

        @Test(arguments: Flavor.all)
        func `exec replaces the image's program and its arguments`(flavor: Flavor) throws {
            try RktFixture.with { rkt throws in
                let image = try rkt.fetch(
                    RktFixture.probe("example.com/a").directory("/opt").symlink("/opt/other", to: "/inspect")
                        .app(exec: ["/nothing", "own"]))
                let result = try rkt.run(flavor, image: image, appOptions: ["--exec=/opt/other"], ["argv"])
                #expect(Facts(try result.succeeded().output).all("argv") == ["/opt/other", "argv"])
            }
        }

        @Test func `an image without an app runs with --exec only`() throws {
            try RktFixture.with { rkt throws in
                let image = try rkt.fetch(
                    ACIBuilder(name: "example.com/bare").file("/inspect", from: Programs.inspect()))
                try rkt.run(image: image).refused("has no app section and --exec argument is not provided")
                try rkt.run(image: image, appOptions: ["--exec=/inspect"], ["user"]).succeeded()
            }
        }

        @Test func `a program without a slash is looked for`() throws {
            try RktFixture.with { rkt throws in
                let image = try rkt.fetch(
                    RktFixture.probe("example.com/a").directory("/usr").directory("/usr/bin").directory("/tools")
                        .symlink("/usr/bin/found", to: "/inspect").symlink("/tools/special", to: "/inspect"))
                try rkt.run(image: image, appOptions: ["--exec=found"], ["user"]).succeeded()
                try rkt.run(
                    image: image, appOptions: ["--exec=special", "--environment=PATH=/tools"], ["user"]
                ).succeeded()
                try rkt.run(image: image, appOptions: ["--working-dir=/tools", "--exec=./special"], ["user"])
                    .succeeded()
                try rkt.run(image: image, appOptions: ["--exec=missing"]).refused("unable to find \"missing\" in")
            }
        }

        @Test(arguments: Flavor.all)
        func `without a PATH of its own an app is looked for in its directory first`(flavor: Flavor) throws {
            try RktFixture.with { rkt throws in
                var image = try RktFixture.probe("example.com/a").file("/no-program", "x")
                for directory in ["/tools", "/bin", "/usr", "/usr/bin"] { image = image.directory(directory) }
                image = image.symlink("/tools/one", to: "/inspect").file("/bin/one", "not this")
                    .file("/bin/two", "no program").symlink("/usr/bin/two", to: "../../inspect")
                    .symlink("/bin/three", to: "/nowhere").directory("/bin/four").symlink(
                        "/usr/bin/four", to: "/inspect")
                let id = try rkt.fetch(image)
                for name in ["one", "two", "four"] {
                    let result = try rkt.run(
                        flavor, image: id, appOptions: ["--working-dir=/tools", "--exec=\(name)"], ["cwd"])
                    #expect(Facts(try result.succeeded().output)["cwd"] == "/tools", "\(name)")
                }
                for name in ["three", "five"] {
                    try rkt.run(flavor, image: id, appOptions: ["--working-dir=/tools", "--exec=\(name)"]).refused(
                        "unable to find \"\(name)\" in \"/tools:/bin:/usr/bin\"")
                }
                let file = try rkt.run(flavor, image: id, appOptions: ["--exec=/no-program"])
                #expect(file.status != 0 && file.errors.contains("/no-program"), "\(file)")
            }
        }

        @Test func `a script without its interpreter is told apart from a program that is not there`() throws {
            try RktFixture.with { rkt throws in
                let image = try rkt.fetch(
                    RktFixture.probe("example.com/a").file("/script", "#!/bin/nothing\n", mode: 0o755)
                        .symlink("/link", to: "/nowhere"))
                let script = try rkt.run(image: image, appOptions: ["--exec=/script"])
                #expect(script.status == 203, "\(script)")
                #expect(script.errors.contains("'/script'") && script.errors.contains("interpreter"), "\(script)")
                let link = try rkt.run(image: image, appOptions: ["--exec=/link"])
                #expect(link.status == 203 && !link.errors.contains("interpreter"), "\(link)")
            }
        }

        @Test(arguments: Flavor.all)
        func `a program that is not there is named`(flavor: Flavor) throws {
            try RktFixture.with { rkt throws in
                let result = try rkt.run(flavor, image: rkt.probeImage(), appOptions: ["--exec=/no/such"])
                #expect(result.status != 0)
                #expect(result.errors.contains("/no/such"), "\(result)")
            }
        }

        // Exit status

        @Test(arguments: Flavor.all, [0, 1, 77, 254, 255])
        func `the status of the app is the status of rkt`(flavor: Flavor, status: Int32) throws {
            try RktFixture.with { rkt throws in
                #expect(try rkt.run(flavor, image: rkt.probeImage(), ["exit", "\(status)"]).status == status)
            }
        }

        @Test func `an app killed by a signal counts with the number of the signal`() throws {
            try RktFixture.with { rkt throws in
                let killed = try rkt.run(.ns, image: rkt.probeImage(), ["kill", "KILL"])
                #expect(killed.ending == .exited(9), "\(killed)")
                let direct = try rkt.run(.fly, image: rkt.probeImage(), ["kill", "KILL"])
                #expect(direct.ending == .killed(signal: 9), "\(direct)")
            }
        }

        // Output and input

        @Test(arguments: Flavor.all)
        func `stdout and stderr stay apart`(flavor: Flavor) throws {
            try RktFixture.with { rkt throws in
                let words = ["echo", "to", "out", "+", "stderr", "to", "err"]
                let result = try rkt.run(flavor, image: rkt.probeImage(), words).succeeded()
                #expect(result.output == "to out\n")
                #expect(result.errorLines.contains("to err"), "\(result)")
                #expect(!result.errors.contains("to out"))
            }
        }

        @Test(arguments: Flavor.all)
        func `all of a long output arrives`(flavor: Flavor) throws {
            try RktFixture.with { rkt throws in
                let result = try rkt.run(flavor, image: rkt.probeImage(), ["flood", "20000"]).succeeded()
                #expect(result.lines.count == 20000)
                #expect(result.lines.last?.hasPrefix("line 19999 x") == true)
            }
        }

        @Test func `without a terminal the app's input is empty`() throws {
            try RktFixture.with { rkt throws in
                var command = rkt.command(rkt.podArguments(.ns, image: try rkt.probeImage(), ["input"]))
                command.input = Array("secret".utf8)
                #expect(Facts(try command.run().succeeded().output)["input"] == "0")
            }
        }

        @Test func `nothing but input and outputs is open, whatever the caller leaked`() throws {
            try RktFixture.with { rkt throws in
                let leaked = try FileDescriptor.open("/etc", .readOnly)
                defer { try? leaked.close() }
                var command = rkt.command(rkt.podArguments(.ns, image: try rkt.probeImage(), ["fds"]))
                command.leaked = [leaked.rawValue]
                let facts = Facts(try command.run().succeeded().output)
                #expect(facts.starting("fd.").map(\.name).sorted() == ["0", "1", "2"])
            }
        }

        // Surroundings

        @Test(arguments: Flavor.all)
        func `the working directory is the image's, the command line's, or the root`(flavor: Flavor) throws {
            try RktFixture.with { rkt throws in
                let image = try rkt.fetch(
                    RktFixture.probe("example.com/a").directory("/srv").directory("/opt").workingDirectory("/srv"))
                #expect(try rkt.ask(flavor, "cwd")["cwd"] == "/")
                #expect(try rkt.ask(flavor, "cwd", image: image)["cwd"] == "/srv")
                #expect(try rkt.ask(flavor, "cwd", appOptions: ["--working-dir=/opt"], image: image)["cwd"] == "/opt")
                let missing = try rkt.run(flavor, image: image, appOptions: ["--working-dir=/gone"], ["cwd"])
                #expect(missing.status != 0, "\(missing)")
            }
        }

        @Test func `the host name is the pod's, or as told`() throws {
            try RktFixture.with { rkt throws in
                let file = rkt.directory.appending("uuid")
                let facts = try rkt.ask("hostname", options: ["--uuid-file-save=\(file)"])
                #expect(facts["hostname"] == "rkt-\(try readText(file))")
                #expect(try rkt.ask("hostname", options: ["--hostname=other.example"])["hostname"] == "other.example")
            }
        }

        @Test(arguments: Flavor.all)
        func `the UUID is saved without a line break`(flavor: Flavor) throws {
            try RktFixture.with { rkt throws in
                let file = rkt.directory.appending("uuid")
                try writeText("longer than a UUID will ever be, to be cut off by the new content", to: file)
                try rkt.ask(flavor, "user", options: ["--uuid-file-save=\(file)"])
                let text = try readText(file)
                #expect(text.utf8.count == 36)
                #expect(rkt.podIDs == [text])
                #expect(try FileFacts(file).permissions == 0o644)
            }
        }

        @Test(arguments: Flavor.all)
        func `a read-only root refuses writing, its volumes do not`(flavor: Flavor) throws {
            try RktFixture.with { rkt throws in
                let source = rkt.directory.appending("source")
                try makeDirectories(source)
                for options in [[], ["--no-overlay"]] {
                    let facts = try rkt.ask(
                        flavor, "write /etc/x 1 + mkdir /new + chmod / 511 + write /data/x 1 + write /data/in/x 1",
                        options: options + [
                            "--volume=data,kind=host,source=\(source)", "--volume=in,kind=empty",
                        ],
                        appOptions: [
                            "--readonly-rootfs=true", "--mount=volume=data,target=/data",
                            "--mount=volume=in,target=/data/in",
                        ])
                    for question in ["write /etc/x", "mkdir /new", "chmod /"] {
                        #expect(facts[question] == "EROFS", "\(question)")
                    }
                    for question in ["write /data/x", "write /data/in/x"] {
                        #expect(facts[question] == "ok", "\(question)")
                    }
                    try rkt.collectGarbage()
                }
                try rkt.run(flavor, image: rkt.probeImage(), appOptions: ["--readonly-rootfs=maybe"], ["user"])
                    .refused("--readonly-rootfs must be set with a boolean")
            }
        }

        // Refusals

        @Test(arguments: [
            ("os", nil, "missing os label in the image manifest"),
            ("arch", nil, "missing arch label in the image manifest"),
            ("arch", "s390x", "bad arch \"s390x\" for linux (must be one of: [amd64"),
        ])
        func `an image for another machine does not run`(label: String, value: String?, sentence: String) throws {
            try RktFixture.with { rkt throws in
                let image = try rkt.fetch(RktFixture.probe("example.com/a").label(label, value))
                let result = try rkt.run(image: image)
                result.refused(sentence)
            }
        }

        @Test(arguments: Flavor.all)
        func `nothing is left of the pod but its directory`(flavor: Flavor) throws {
            try RktFixture.with { rkt throws in
                try rkt.ask(flavor, "user")
                #expect(try rkt("list", "--no-legend").succeeded().output.contains("exited"))
                try rkt.collectGarbage()
                let left = try Command("/usr/bin/find", [rkt.dataDirectory.appending("pods").string, "-mindepth", "2"])
                    .run()
                #expect(left.text == "")
            }
        }

        @Test(arguments: Flavor.all)
        func `images are copied instead of laid over on request`(flavor: Flavor) throws {
            try RktFixture.with { rkt throws in
                let facts = try rkt.ask(flavor, "mounts + write /etc/new 1 + cwd", options: ["--no-overlay"])
                let root = facts.all("mount").first { $0.split(separator: " ").dropFirst(4).first == "/" }
                #expect(root?.contains(" overlay ") == (flavor == .ns ? false : root?.contains(" overlay ")))
                #expect(facts["write /etc/new"] == "ok")
                try rkt.ask(flavor, "exists /etc/new").expectNo("exists /etc/new")
                try rkt.collectGarbage()
            }
        }

        @Test(arguments: Flavor.all)
        func `what one pod writes the next does not see`(flavor: Flavor) throws {
            try RktFixture.with { rkt throws in
                #expect(try rkt.ask(flavor, "write /etc/passwd changed")["write /etc/passwd"] == "ok")
                #expect(try rkt.ask(flavor, "read /etc/passwd")["read /etc/passwd"]?.hasPrefix("root:") == true)
            }
        }

        @Test func `a pod manifest of one's own runs as it stands`() throws {
            try RktFixture.with { rkt throws in
                let image = try rkt.probeImage()
                let manifest = rkt.directory.appending("pod.json")
                try writeText(
                    """
                    {"acVersion":"0.8.11","acKind":"PodManifest","apps":[{"name":"mine","image":{"id":"\(image)"},
                    "app":{"exec":["/inspect","user","+","env"],"user":"1000","group":"1001",
                    "environment":[{"name":"FROM","value":"manifest"}]}}]}
                    """, to: manifest)
                let result = try rkt("run", "--net=none", "--pod-manifest=\(manifest)").succeeded()
                let facts = Facts(result.output)
                #expect(facts["uid"] == "1000")
                #expect(facts.environment["FROM"] == "manifest")
                try rkt("run", "--net=none", "--pod-manifest=\(manifest)", image)
                    .refused("conflicting flags set with --pod-manifest")
                try rkt("run", "--net=none", "--pod-manifest=\(manifest)", "--set-env=A=1")
                    .refused("conflicting flags set with --pod-manifest")
                try rkt.collectGarbage()
            }
        }
    }
}

extension Facts {
    func expectNo(_ name: String) { #expect(self[name] == "no") }
}
