import SystemPackage
import TestSupport
import Testing

extension Integration {
    @Suite struct EnvironmentVariables {
        @Test(arguments: Flavor.all)
        func `defaults are there when nobody says otherwise`(flavor: Flavor) throws {
            try RktFixture.with { rkt throws in
                var expected = [
                    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "SHELL": "/bin/sh",
                    "USER": "root", "LOGNAME": "root", "HOME": "/root",
                ]
                if flavor == .ns { expected["AC_APP_NAME"] = "inspect" }
                #expect(try rkt.ask(flavor, "env").environment == expected)
            }
        }

        @Test(arguments: Flavor.all)
        func `the command line wins over the file, the app's option and the image, in this order`(flavor: Flavor) throws
        {
            try RktFixture.with { rkt throws in
                let file = rkt.directory.appending("env")
                try writeText("# comment\n; comment\n\nC=file\nD=file\nPATH=/from/file\n", to: file)
                let image = try rkt.fetch(
                    RktFixture.probe("example.com/a").environment("A", "image").environment("B", "image")
                        .environment("C", "image").environment("D", "image"))
                let environment = try rkt.ask(
                    flavor, "env", options: ["--set-env=D=set", "--set-env-file=\(file)"],
                    appOptions: ["--environment=B=app", "--environment=C=app", "--environment=D=app"], image: image
                ).environment
                #expect(environment["A"] == "image")
                #expect(environment["B"] == "app")
                #expect(environment["C"] == "file")
                #expect(environment["D"] == "set")
                #expect(environment["PATH"] == "/from/file")
            }
        }

        @Test(arguments: Flavor.all)
        func `the caller's environment comes in on request, and never over the app's`(flavor: Flavor) throws {
            try RktFixture.with { rkt throws in
                let image = try rkt.fetch(RktFixture.probe("example.com/a").environment("BOTH", "image"))
                for inherit in [false, true] {
                    var command = rkt.command(
                        rkt.podArguments(flavor, image: image, options: inherit ? ["--inherit-env"] : [], ["env"]))
                    command.environment = ["PATH=/usr/bin:/bin", "CALLER=here", "BOTH=caller", "TERM=dumb"]
                    let environment = Facts(try command.run().succeeded().output).environment
                    #expect(environment["CALLER"] == (inherit ? "here" : nil))
                    #expect(environment["BOTH"] == "image")
                    #expect(environment["RKT_LOCK_FD"] == nil)
                }
            }
        }

        @Test(arguments: Flavor.all)
        func `values arrive byte by byte`(flavor: Flavor) throws {
            try RktFixture.with { rkt throws in
                let value = "a=b \"c\" 'd' $HOME %n \\ ü #"
                let environment = try rkt.run(
                    flavor, image: rkt.probeImage(), options: ["--set-env=V=\(value)"], ["env"]
                ).succeeded()
                #expect(Facts(environment.output).environment["V"] == value)
            }
        }

        @Test(arguments: [
            (["--set-env=A=1", "--set-env=A=2"], "key \"A\" already set"),
            (["--set-env=A"], "must be specified as key=value"),
            (["--set-env-file=/no/such/file"], "/no/such/file"),
        ])
        func `mistakes are named`(options: [String], sentence: String) throws {
            try RktFixture.with { rkt throws in
                try rkt.run(image: rkt.probeImage(), options: options, ["env"]).refused(sentence)
            }
        }

        @Test func `mistakes in a file are named with the file`() throws {
            try RktFixture.with { rkt throws in
                let file = rkt.directory.appending("env")
                try writeText("A=1\nB\n", to: file)
                try rkt.run(image: rkt.probeImage(), options: ["--set-env-file=\(file)"]).refused(
                    "environment variable must be specified as name=value (file \"\(file)\")")
                try writeText("A=1\nA=2\n", to: file)
                try rkt.run(image: rkt.probeImage(), options: ["--set-env-file=\(file)"]).refused(
                    "environment variable \"A\" already set (file \"\(file)\")")
            }
        }

        @Test func `environments of two pods from one image do not mix`() throws {
            try RktFixture.with { rkt throws in
                #expect(try rkt.ask("env", options: ["--set-env=SECRET=1"]).environment["SECRET"] == "1")
                #expect(try rkt.ask("env").environment["SECRET"] == nil)
            }
        }
    }
}
