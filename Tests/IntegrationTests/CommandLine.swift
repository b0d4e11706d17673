import SystemPackage
import TestSupport
import Testing

extension Integration {
    @Suite struct CommandLine {
        @Test func `flags take their values in every Go way`() throws {
            try RktFixture.with { rkt throws in
                for words in [
                    ["list", "--no-legend"], ["--no-legend", "--debug", "list"], ["list", "--no-legend=true"],
                    ["list", "--no-legend=1"],
                    ["list", "--no-legend", "--full=false"], ["list", "--no-legend=false", "--no-legend"],
                    ["--debug", "list", "--no-legend"], ["--debug=false", "list", "--no-legend"],
                ] {
                    #expect(try rkt(words).succeeded().text == "", "\(words)")
                }
                #expect(try rkt("list", "--format", "json").succeeded().text == "null")
                #expect(try rkt("--format", "json", "list").succeeded().text == "null")
                #expect(try rkt("list", "--no-legend", "--no-legend=false").succeeded().text.hasPrefix("UUID"))
            }
        }

        @Test func `a unique beginning of a command is enough`() throws {
            try RktFixture.with { rkt throws in
                #expect(try rkt("li").succeeded().text.hasPrefix("UUID"))
                #expect(try rkt("im", "li").succeeded().text.hasPrefix("ID"))
                #expect(try rkt("vers").succeeded().text.hasPrefix("rkt Version:"))
                try rkt("r").refused("Error: unknown command \"r\" for \"rkt\"")
                #expect(try rkt("run-p").status == 254)
            }
        }

        @Test func `an unknown command, flag or value is named`() throws {
            try RktFixture.with { rkt throws in
                let command = try rkt("lsit").refused("Error: unknown command \"lsit\" for \"rkt\"")
                #expect(command.errors.contains("list"), "did you mean this")
                #expect(command.errors.contains("Run 'rkt --help' for usage."))
                try rkt("list", "--nonsense").refused("Error: unknown flag: --nonsense")
                try rkt("list", "--full=maybe").refused("invalid argument \"maybe\" for --full=maybe")
                try rkt("list", "--format").refused("Error: flag needs an argument: --format")
                try rkt("--full", "list").refused("unknown flag: --full")
                try rkt("--no-store", "fetch", "IMG").refused("unknown command \"IMG\"")
            }
        }

        @Test func `without a command: help, a line, status 2`() throws {
            try RktFixture.with { rkt throws in
                let result = try rkt()
                #expect(result.status == 2)
                #expect(result.errors.contains("rkt: missing command"))
                #expect(result.output.contains("USAGE:"))
            }
        }

        @Test func `help is there for all commands, and lists what works`() throws {
            try RktFixture.with { rkt throws in
                let help = try rkt("help").succeeded().output
                #expect(help == (try rkt("--help").succeeded().output))
                for section in ["NAME:", "USAGE:", "VERSION:", "COMMANDS:", "OPTIONS:"] {
                    #expect(help.contains(section), "\(section)")
                }
                let commands = [
                    "run", "prepare", "run-prepared", "list", "status", "cat-manifest", "stop", "rm", "gc", "enter",
                    "export",
                    "fetch", "version", "help", "config", "image list", "image rm", "image cat-manifest",
                    "image export",
                    "image extract", "image render", "image verify", "image gc", "trust",
                ]
                for command in commands {
                    #expect(help.contains("\t\(command)"), "\(command) is not in the help")
                    let words = command.split(separator: " ").map(String.init)
                    for form in [["help"] + words, words + ["--help"], words + ["-h"]] where command != "help" {
                        let text = try rkt(form).succeeded().output
                        #expect(text.contains("NAME:") && text.contains("USAGE:"), "\(form)")
                    }
                }
                for gone in ["api-service", "metadata-service"] {
                    #expect(!help.contains("\t\(gone)"), "\(gone) does not work yet")
                }
                let run = try rkt("run", "--help").succeeded().output
                for hidden in [
                    "--port", "--mds-register",
                ] {
                    #expect(!run.contains(hidden), "\(hidden) does not work yet")
                }
                #expect(try rkt("help", "nonsense").errors.contains("Unknown help topic"))
                for group in [["image"], ["image", "nonsense"]] {
                    #expect(try rkt(group).succeeded().output.contains("COMMANDS:"), "\(group)")
                }
            }
        }

        @Test(arguments: [
            ["run", "--port=http:80"],
            ["run", "--mds-register"],
            ["api-service"], ["metadata-service"],
        ])
        func `what is not there yet is refused, never ignored`(words: [String]) throws {
            try RktFixture.with { rkt throws in
                let image = words[0] == "run" ? ["--net=none", try rkt.probeImage()] : []
                try rkt(words + image).refused("not available yet")
                #expect(rkt.podIDs == [])
            }
        }

        @Test func `version prints five lines`() throws {
            try RktFixture.with { rkt throws in
                let lines = try rkt("version").succeeded().lines
                #expect(
                    lines.map { $0.split(separator: ":")[0] } == [
                        "rkt Version", "appc Version", "Swift Version", "Swift OS/Arch", "Features",
                    ])
                #expect(lines[cell: 1] == "appc Version: 0.8.11")
                #expect(lines[cell: 3] == "Swift OS/Arch: linux/amd64")
                #expect(lines[cell: 4] == "Features: -TPM -SDJOURNAL")
            }
        }

        @Test func `config prints what is configured, later directories over earlier ones`() throws {
            try RktFixture.with { rkt throws in
                for (place, password) in [(rkt.systemConfiguration, "old"), (rkt.localConfiguration, "new")] {
                    try makeDirectories(place.appending("auth.d"))
                    try writeText(
                        """
                        {"rktKind":"auth","rktVersion":"v1","domains":["example.com"],"type":"basic",
                        "credentials":{"user":"u","password":"\(password)"}}
                        """, to: place.appending("auth.d/a.json"))
                }
                let text = try rkt("config").succeeded().text
                #expect(text.contains("\"stage0\""))
                #expect(text.contains("\"new\"") && !text.contains("\"old\""))
                try writeText("{}", to: rkt.localConfiguration.appending("auth.d/b.json"))
                try rkt("config").refused("no rktKind specified in")
            }
        }

        @Test func `the configuration says where data and stage1 images are`() throws {
            try RktFixture.with { rkt throws in
                let data = rkt.directory.appending("elsewhere")
                try makeDirectories(rkt.localConfiguration.appending("paths.d"))
                try writeText(
                    "{\"rktKind\":\"paths\",\"rktVersion\":\"v1\",\"data\":\"\(data)\"}",
                    to: rkt.localConfiguration.appending("paths.d/paths.json"))
                let flags = Array(rkt.globalFlags.dropFirst())
                try Command(
                    rkt.program,
                    flags + [
                        "fetch", "--insecure-options=image",
                        rkt.write(ACIBuilder(name: "example.com/a")).string,
                    ]
                ).run().succeeded()
                #expect(exists(data.appending("cas")))
            }
        }

        @Test(arguments: [
            (["--exec", "/x", "IMAGE"], "invalid argument \"/x\" for --exec: --exec must follow an image"),
            (["--exec=/x", "IMAGE"], "invalid argument \"/x\" for --exec=/x: --exec must follow an image"),
            (["--user=0", "IMAGE"], "--user must follow an image"),
            (["IMAGE", "--exec=/x", "--exec=/y"], "--exec specified multiple times for the same image"),
            (["--", "--", "a"], "an image is required before any app arguments"),
            (["IMAGE", "--", "a", "---", "--", "b"], "only one set of app arguments allowed per image"),
            (["IMAGE", "--nonsense"], "run: error parsing app image arguments: unknown flag: --nonsense"),
            (["IMAGE", "--readonly-rootfs=maybe"], "--readonly-rootfs must be set with a boolean"),
            (["IMAGE", "--environment=A"], "invalid format of --environment flag \"A\""),
            ([], "must provide at least one image or specify the pod manifest"),
            (["--stage1-path=/a", "--stage1-url=/b", "IMAGE"], "mutually exclusive"),
        ])
        func `mistakes in the list of images are named`(words: [String], sentence: String) throws {
            try RktFixture.with { rkt throws in
                let image = try rkt.probeImage()
                try rkt(["run", "--net=none"] + words.map { $0 == "IMAGE" ? image : $0 }).refused(sentence)
            }
        }

        @Test func `the list of images is read as the original reads it`() throws {
            try RktFixture.with { rkt throws in
                let image = try rkt.probeImage()
                func arguments(_ words: [String]) throws -> [String] {
                    Facts(try rkt(["run", "--net=none"] + words).succeeded().output).all("arg")
                }
                #expect(try arguments([image, "--", "args", "--", "x", "---"]) == ["--", "x"])
                #expect(try arguments([image, "---", "", "--", "args", "a"]) == ["a"])
                #expect(try arguments(["--", image]) == [])
                #expect(try arguments([image, "--exec=/inspect", "--", "args", "-v", "---", "--hostname=x"]) == ["-v"])
                #expect(try arguments([image, "--set-env=A=1", "--", "args", "--set-env=B=2"]) == ["--set-env=B=2"])
            }
        }

        @Test(arguments: ["cpuprofile", "memprofile"])
        func `profiles are written, or refused with a reason`(flag: String) throws {
            try RktFixture.with { rkt throws in
                let file = rkt.directory.appending("profile")
                let result = try rkt("list", "--\(flag)=\(file)")
                if result.status == 0 { #expect(try FileFacts(file).size > 0) } else { result.refused(flag) }
            }
        }

        @Test func `debug shows the whole chain of an error`() throws {
            try RktFixture.with { rkt throws in
                let short = try rkt("fetch", "--insecure-options=image", "/no/such.aci").refused("fetch: ")
                #expect(!short.errors.contains("└─"))
                let long = try rkt("--debug", "fetch", "--insecure-options=image", "/no/such.aci").refused("fetch: ")
                #expect(long.errors.contains("└─"))
            }
        }

        @Test(arguments: ["run", "run-prepared", "prepare", "enter", "gc", "rm"])
        func `what needs root says so to others`(verb: String) throws {
            try RktFixture.with { rkt throws in
                let words = ["--reuid=65534", "--regid=65534", "--clear-groups", rkt.program.string] + rkt.globalFlags
                let result = try Command(Programs.find("setpriv"), words + [verb, "x"]).run()
                result.refused("\(verb): cannot run as unprivileged user")
            }
        }
    }
}
