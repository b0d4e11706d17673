import JSON
import SystemPackage
import TestSupport
import Testing

extension Integration {
    /// Pod manifests that somebody made, and what flags put into those that rkt makes.
    @Suite struct PodManifests {
        @Test func `a manifest that rkt makes names its version and the images, apps in the order given`() throws {
            try RktFixture.with { rkt throws in
                let ids = try ["one", "two"].map {
                    try rkt.fetch(RktFixture.probe("example.com/\($0)").label("version", "1.0-\($0)"))
                }
                let uuid = try rkt("prepare", ids[1], ids[0], "--name=last").succeeded().text
                let manifest = try JSONValue(
                    parsing: Array(rkt("cat-manifest", "--pretty-print=false", uuid).succeeded().output.utf8))
                let version = try rkt("version").succeeded().lines[cell: 0]
                #expect(manifest["acVersion"]?.string.map { "rkt Version: \($0)" } == version)
                #expect(manifest["acKind"] == "PodManifest")
                let apps = try #require(manifest["apps"]?.array)
                #expect(apps.map { $0["name"]?.string } == ["two", "last"])
                for (app, word) in zip(apps, ["two", "one"]) {
                    let label: JSONValue = ["name": "version", "value": .string("1.0-\(word)")]
                    #expect(app["image"]?["labels"]?.array?.contains(label) == true, "\(app)")
                }
            }
        }

        @Test func `annotations and labels of the user stand in the manifest`() throws {
            try RktFixture.with { rkt throws in
                let image = try rkt.fetch(
                    RktFixture.probe("example.com/a").annotation("example.com/of-image", "x")
                        .userWords(annotations: ["image": "x"], labels: ["image": "x"]))
                let flags = [
                    "--annotation=example.com/of-user=1", "--annotation=example.com/of-user=2",
                    "--user-annotation=a=b=c", "--user-label=team=blue",
                ]
                let uuid = try rkt(["prepare", image] + flags).succeeded().text
                let manifest = try rkt("cat-manifest", "--pretty-print=false", uuid).succeeded().output
                #expect(
                    manifest.contains(#""annotations":[{"name":"example.com/of-user","value":"2"}]"#), "\(manifest)")
                #expect(manifest.contains(#""userAnnotations":{"a":"b=c"}"#), "\(manifest)")
                #expect(manifest.contains(#""userLabels":{"team":"blue"}"#), "\(manifest)")
                #expect(!manifest.contains("of-image"))
                let plain = try rkt("prepare", image).succeeded().text
                #expect(
                    try rkt("cat-manifest", "--pretty-print=false", plain).output.contains(
                        #""userAnnotations":{"image":"x"}"#))
            }
        }

        @Test(arguments: [
            (["--annotation=A=b"], "A"), (["--annotation=a"], "invalid format of --annotation flag \"a\""),
            (["--user-label=a"], "invalid format of --user-label flag \"a\""),
            (["--user-annotation==b"], "invalid format of --user-annotation flag \"=b\""),
            (["--working-dir=relative"], "'relative' must be an absolute path"),
            (["--user="], "user cannot be empty"), (["--group="], "group cannot be empty"),
            (["--environment=1A=x"], "variable name '1A'"), (["--environment=A B=x"], "variable name 'A B'"),
            (["--supplementary-gids=+0"], "--supplementary-gids must be integers"),
            (["--supplementary-gids=4294967295"], "--supplementary-gids must be integers"),
            (["--name=-a"], "invalid app name format"), (["--name=../x"], "invalid app name format"),
        ])
        func `flags that make no manifest are refused`(flags: [String], sentence: String) throws {
            try RktFixture.with { rkt throws in
                try rkt.run(image: rkt.probeImage(), appOptions: flags, ["user"]).refused(sentence)
                try rkt.collectGarbage()
            }
        }

        struct Bad: Sendable, CustomTestStringConvertible {
            let name: String
            let sentence: String
            var app = #"{"exec":["/inspect","user"],"user":"0","group":"0"}"#
            var appMore = ""
            var more = ""
            var image = #""id":"IMAGE""#
            var testDescription: String { name }

            init(
                _ name: String, _ sentence: String, app: String? = nil, appMore: String = "", more: String = "",
                image: String? = nil
            ) {
                self.name = name
                self.sentence = sentence
                if let app { self.app = app }
                self.appMore = appMore
                self.more = more
                if let image { self.image = image }
            }

            func text(image id: String) -> String {
                let image = image.replacingFirst("IMAGE", id)
                return """
                    {"acVersion":"0.8.11","acKind":"PodManifest","apps":[{"name":"a","image":{\(image)},"app":\(app)\(appMore)}]\(more)}
                    """
            }
        }

        static let refused = [
            Bad("no image ID", "no image ID for app \"a\"", image: #""name":"example.com/inspect""#),
            Bad(
                "an image that is not there", "getting the image manifest from store",
                image: #""id":"sha512-\#(String(repeating: "ab", count: 32))""#),
            Bad(
                "a volume that does not exist", "could not find volume v",
                appMore: #","mounts":[{"volume":"v","path":"/d"}]"#),
            Bad(
                "a volume twice", "duplicate volume name \"v\"",
                more: #","volumes":[{"name":"v","kind":"empty"},{"name":"v","kind":"empty"}]"#),
            Bad("a volume of no kind", "unrecognized volume kind", more: #","volumes":[{"name":"v","kind":"nfs"}]"#),
            Bad(
                "a relative source", "source for host volume must be absolute path",
                more: #","volumes":[{"name":"v","kind":"host","source":"x"}]"#),
            Bad("an owner that is none", "uid", more: #","volumes":[{"name":"v","kind":"empty","uid":-1}]"#),
            Bad("an owner too large", "uid", more: #","volumes":[{"name":"v","kind":"empty","uid":4294967296}]"#),
            Bad(
                "a mode that is none", "invalid mode \"9\" for volume \"v\"",
                more: #","volumes":[{"name":"v","kind":"empty","mode":"9"}]"#),
            Bad(
                "a mount on the root", "cannot mount a volume on '/'",
                appMore: #","mounts":[{"volume":"v","path":"/","appVolume":{"name":"v","kind":"empty"}}]"#),
            Bad("a mount without a path", "path cannot be empty", appMore: #","mounts":[{"volume":"v","path":""}]"#),
            Bad(
                "a group that is none", "supplementaryGIDs",
                app: #"{"exec":["/inspect"],"user":"0","group":"0","supplementaryGIDs":[-1]}"#),
            Bad(
                "a group too large", "supplementaryGIDs",
                app: #"{"exec":["/inspect"],"user":"0","group":"0","supplementaryGIDs":[4294967296]}"#),
            Bad("no user", "user cannot be empty", app: #"{"exec":["/inspect"],"group":"0"}"#),
            Bad("a user with NUL", "NUL", app: #"{"exec":["/inspect"],"user":"root\u0000x","group":"0"}"#),
            Bad(
                "a relative working directory", "must be an absolute path",
                app: #"{"exec":["/inspect"],"user":"0","group":"0","workingDirectory":"x"}"#),
            Bad(
                "a variable twice", "duplicate environment variable 'A'",
                app:
                    #"{"exec":["/inspect"],"user":"0","group":"0","environment":[{"name":"A","value":"1"},{"name":"A","value":"2"}]}"#
            ),
            Bad(
                "a variable with NUL", "NUL",
                app: #"{"exec":["/inspect"],"user":"0","group":"0","environment":[{"name":"A","value":"1\u00002"}]}"#),
            Bad(
                "a variable with a sign in its name", "variable name 'A=B'",
                app: #"{"exec":["/inspect"],"user":"0","group":"0","environment":[{"name":"A=B","value":"1"}]}"#),
            Bad(
                "an isolator that nobody knows", "invalid isolator 'os/linux/magic'",
                app: isolated(#"{"name":"os/linux/magic","value":1}"#)),
            Bad(
                "a capability that nobody knows", "unknown capability 'CAP_MAGIC'",
                app: isolated(#"{"name":"os/linux/capabilities-retain-set","value":{"set":["CAP_MAGIC"]}}"#)),
            Bad(
                "a system call that nobody knows", "unknown system call 'magic'",
                app: isolated(#"{"name":"os/linux/seccomp-remove-set","value":{"set":["magic"]}}"#)),
            Bad(
                "two filters", "isolators set contains incompatible types",
                app: isolated(
                    #"{"name":"os/linux/seccomp-remove-set","value":{"set":["mkdir"]}},"#
                        + #"{"name":"os/linux/seccomp-retain-set","value":{"set":["read"]}}"#)),
            Bad(
                "an event that nobody knows", "bad eventHandler name",
                app: #"{"exec":["/x"],"user":"0","group":"0","eventHandlers":[{"name":"later","exec":["/x"]}]}"#),
            Bad(
                "a stream that leads nowhere known", "use null, log, stream, tty or interactive",
                appMore: #","annotations":[{"name":"coreos.com/rkt/stage2/stdout","value":"printer"}]"#),
            Bad(
                "a time to end that is no number", "use seconds, at most 86400",
                appMore: #","annotations":[{"name":"coreos.com/rkt/stage2/stop-timeout","value":"-1"}]"#),
        ]

        private static func isolated(_ isolators: String) -> String {
            #"{"exec":["/inspect","user"],"user":"0","group":"0","isolators":[\#(isolators)]}"#
        }

        @Test(arguments: refused)
        func `a pod manifest that makes no pod is refused`(bad: Bad) throws {
            try RktFixture.with { rkt throws in
                let file = rkt.directory.appending("pod.json")
                try writeText(bad.text(image: try rkt.probeImage()), to: file)
                let result = try rkt("run", "--net=none", "--pod-manifest=\(file)")
                result.refused(bad.sentence)
                #expect(result.output == "")
                try rkt.collectGarbage()
            }
        }

        @Test func `two apps of one name in a manifest are refused`() throws {
            try RktFixture.with { rkt throws in
                let id = try rkt.probeImage()
                let app = #"{"name":"a","image":{"id":"\#(id)"}}"#
                let file = rkt.directory.appending("pod.json")
                try writeText(
                    #"{"acVersion":"0.8.11","acKind":"PodManifest","apps":[\#(app),\#(app)]}"#, to: file)
                try rkt("run", "--net=none", "--pod-manifest=\(file)").refused("multiple apps with same name a")
            }
        }

        @Test func `an app that neither manifest describes is refused`() throws {
            try RktFixture.with { rkt throws in
                let id = try rkt.fetch(ACIBuilder(name: "example.com/bare").file("/inspect", from: Programs.inspect()))
                let file = rkt.directory.appending("pod.json")
                try writeText(
                    #"{"acVersion":"0.8.11","acKind":"PodManifest","apps":[{"name":"a","image":{"id":"\#(id)"}}]}"#,
                    to: file)
                try rkt("run", "--net=none", "--pod-manifest=\(file)").refused(
                    "no app section in the pod manifest or the image manifest")
            }
        }

        @Test(arguments: Flavor.all)
        func `it is kept word for word, and an app it does not describe is as its image says`(flavor: Flavor) throws {
            try RktFixture.with { rkt throws in
                let image = try rkt.fetch(
                    RktFixture.probe("example.com/a").app(
                        exec: ["/inspect", "user", "+", "env", "+", "cwd", "+", "status"], user: "web", group: "web"
                    ).environment("FROM", "image").workingDirectory("/etc")
                        .isolator("os/linux/capabilities-retain-set", #"{"set":["CAP_CHOWN","CAP_SYS_ADMIN"]}"#))
                let text = """
                    {"acVersion": "0.8.11", "acKind":"PodManifest",
                      "unknown": [1,  {"x" : null}], "apps":[{"name":"a","image":{"id":"\(image)"}}] }

                    """
                let file = rkt.directory.appending("pod.json")
                try writeText(text, to: file)
                let result = try rkt(["run"] + flavor.selection + [flavor.network, "--pod-manifest=\(file)"])
                let facts = Facts(try result.succeeded().output)
                #expect((facts["uid"], facts["gid"], facts["cwd"]) == ("1000", "1001", "/etc"))
                #expect(facts.environment["FROM"] == "image")
                if flavor == .ns { #expect(facts["CapBnd"] == Capabilities.mask([0]), "an image cannot widen") }
                #expect(try readText(rkt.podDirectory(rkt.onlyPod()).appending("pod")) == text)
            }
        }

        @Test(arguments: [
            "--volume=v,kind=empty", "--pull-policy=never", "--pull-policy=update", "--no-store", "--store-only",
            "--inherit-env", "--set-env=A=1", "--set-env-file=ENV", "IMAGE",
        ])
        func `flags that would change it are refused, others are not`(flag: String) throws {
            try RktFixture.with { rkt throws in
                let image = try rkt.probeImage()
                let file = rkt.directory.appending("pod.json")
                try writeText(Bad("nothing", "").text(image: image), to: file)
                let environment = rkt.directory.appending("environment")
                try writeText("A=1\n", to: environment)
                let word = flag.replacingFirst("ENV", environment.string).replacingFirst("IMAGE", image)
                try rkt("run", "--net=none", "--pod-manifest=\(file)", word).refused(
                    "conflicting flags set with --pod-manifest")
                #expect(rkt.podIDs == [])
                try rkt("run", "--net=none", "--no-overlay", "--hostname=x", "--dns=8.8.8.8", "--pod-manifest=\(file)")
                    .succeeded()
            }
        }

        @Test func `an app's own volume is not the pod's of the same name`() throws {
            try RktFixture.with { rkt throws in
                let id = try rkt.probeImage()
                func app(_ name: String, _ words: String, _ own: String) -> String {
                    """
                    {"name":"\(name)","image":{"id":"\(id)"},"app":{"exec":["/inspect",\(words)],"user":"0","group":"0"},
                    "mounts":[{"volume":"v","path":"/d"\(own)}]}
                    """
                }
                let file = rkt.directory.appending("pod.json")
                try writeText(
                    """
                    {"acVersion":"0.8.11","acKind":"PodManifest","apps":[
                    \(app("one", #""write","/d/note","x","+","sleep","400""#, #","appVolume":{"name":"v","kind":"empty","mode":"0700","uid":5,"gid":6}"#)),
                    \(app("two", #""sleep","200","+","list","/d","+","stat","/d""#, ""))],
                    "volumes":[{"name":"v","kind":"empty"}]}
                    """, to: file)
                let facts = Facts(try rkt("run", "--net=none", "--pod-manifest=\(file)").succeeded().output)
                #expect(facts["write /d/note"] == "ok")
                #expect(facts["list /d"] == "")
                #expect(facts["stat /d"]?.hasPrefix("directory 0o755 0:0") == true)
            }
        }

        @Test(arguments: Flavor.all)
        func `variables with line breaks and signs arrive, one too long for the kernel is named`(flavor: Flavor) throws
        {
            try RktFixture.with { rkt throws in
                let environment = try rkt.ask(
                    flavor, "env + args x", options: ["--set-env=SIGNS=a=b==c=", "--set-env=EMPTY="]
                ).environment
                #expect(environment["SIGNS"] == "a=b==c=")
                #expect(environment["EMPTY"] == "")
                let file = rkt.directory.appending("pod.json")
                func manifest(_ value: String) throws {
                    try writeText(
                        """
                        {"acVersion":"0.8.11","acKind":"PodManifest","apps":[{"name":"a","image":{"id":"\(try rkt.probeImage())"},
                        "app":{"exec":["/inspect","env"],"user":"0","group":"0",
                        "environment":[{"name":"BIG","value":"\(value)"}]}}]}
                        """, to: file)
                }
                try manifest("line\\nOTHER=1\\n\\nlast")
                let run = ["run"] + flavor.selection + [flavor.network, "--pod-manifest=\(file)"]
                let lines = try rkt(run).succeeded().output
                #expect(lines.contains("env.BIG=line\nOTHER=1\n\nlast\n"), "\(lines)")
                let saved = try Command(
                    "/bin/sh", ["-c", "cat \(rkt.dataDirectory)/pods/run/*/stage1/rootfs/rkt/env/a"]
                )
                .run().output
                #expect(!saved.contains("OTHER"), "\(saved)")

                try manifest(String(repeating: "x", count: 131_067))
                #expect(try rkt(run).succeeded().output.contains(String(repeating: "x", count: 131_067)))
                for size in [131_068, 2 << 20] {
                    try manifest(String(repeating: "x", count: size))
                    let result = try rkt(run)
                    result.refused("variable 'BIG' of app 'a' takes \(size + 4) bytes")
                    #expect(result.errors.utf8.count < 1000)
                }
            }
        }

        @Test func `variables that are too much together are told of, and none of them`() throws {
            try RktFixture.with { rkt throws in
                let value = String(repeating: "x", count: 131_000)
                let options = try (0..<3).map { index in
                    let file = rkt.directory.appending("environment-\(index)")
                    try writeText((0..<7).map { "V\(index)\($0)=\(value)\n" }.joined(), to: file)
                    return "--set-env-file=\(file)"
                }
                let result = try rkt.run(image: rkt.probeImage(), options: options, ["user"])
                #expect(result.status == 203, "\(result.ending)")
                #expect(result.errors.contains("arguments and environment together"))
                #expect(result.errors.utf8.count < 1000)
                try rkt.run(image: rkt.probeImage(), options: [options[0]], ["user"]).succeeded()
            }
        }

        @Test(arguments: Flavor.all)
        func `a working directory that is missing or no directory is named`(flavor: Flavor) throws {
            try RktFixture.with { rkt throws in
                for path in ["/none", "/inspect"] {
                    try rkt.run(flavor, image: rkt.probeImage(), appOptions: ["--working-dir=\(path)"], ["cwd"])
                        .refused(path)
                }
                #expect(try rkt.ask(flavor, "cwd", appOptions: ["--working-dir=/etc"])["cwd"] == "/etc")
            }
        }

        @Test func `functions that a shell exports do not keep a pod from inheriting the rest`() throws {
            try RktFixture.with { rkt throws in
                var command = rkt.command(
                    rkt.podArguments(.ns, image: try rkt.probeImage(), options: ["--inherit-env"], ["env"]))
                command.environment = ["PATH=/usr/bin:/bin", "BASH_FUNC_x%%=() {  :;\n}", "CALLER=here", "1=2"]
                let environment = Facts(try command.run().succeeded().output).environment
                #expect(environment["CALLER"] == "here")
                #expect(environment["BASH_FUNC_x%%"] == nil)
            }
        }
    }
}
