import SystemPackage
import Testing

@testable import rkt

/// Source: rkt 1.30.0 with spf13/pflag.
@Suite struct GoFlagsTests {
    @Test(arguments: [
        (["--debug"], true), (["--debug=true"], true), (["--debug=T"], true), (["--debug=1"], true),
        (["--debug=false"], false), (["--debug", "--debug=0"], false),
    ])
    func `a boolean flag stands alone or has a value after the equals sign`(words: [String], expected: Bool) throws {
        #expect(try parse(versionCommand, words).options.isDebugging == expected)
    }

    @Test func `a boolean flag leaves the next word alone`() throws {
        let (options, arguments) = try parse(versionCommand, ["--debug", "false"])
        #expect(options.isDebugging)
        #expect(arguments == ["false"])
    }

    @Test(arguments: [["--dir=/a"], ["--dir", "/a"], ["--dir=/b", "--dir", "/a"], ["--dir=/x/../a/."]])
    func `a value follows the equals sign or is the next word, and the last one counts`(words: [String]) throws {
        #expect(try parse(versionCommand, words).options.dataDirectory == "/a")
    }

    @Test func `a value may contain equals signs and look like a flag`() throws {
        #expect(try parse(runCommand, ["--set-env=A=B=C"]).options.environment.first?.value == "B=C")
        #expect(try parse(runCommand, ["--hostname", "--debug"]).options.hostname == "--debug")
    }

    @Test func `an optional value has to be attached`() throws {
        let (options, arguments) = try parse(runCommand, ["--net", "host"])
        #expect(options.networks == ["default"])
        #expect(arguments == ["host"])
        #expect(try parse(runCommand, ["--net=host"]).options.networks == ["host"])
    }

    @Test func `two dashes end the flags and disappear`() throws {
        let (options, arguments) = try parse(versionCommand, ["a", "--", "--debug", "--"])
        #expect(!options.isDebugging)
        #expect(arguments == ["a", "--debug", "--"])
    }

    @Test func `flags may follow arguments unless the command says otherwise`() throws {
        #expect(try parse(versionCommand, ["a", "--debug", "b"]).arguments == ["a", "b"])
        #expect(try parse(runCommand, ["a", "--debug", "b"]).arguments == ["a", "--debug", "b"])
    }

    @Test func `a single dash is an argument`() throws {
        #expect(try parse(versionCommand, ["-"]).arguments == ["-"])
    }

    @Test(arguments: [
        (["--nope"], "unknown flag: --nope"),
        (["--nope=1"], "unknown flag: --nope"),
        (["-x"], "unknown shorthand flag: 'x' in -x"),
        (["--dir"], "flag needs an argument: --dir"),
        (["--="], "bad flag syntax: --="),
        (["---"], "bad flag syntax: ---"),
        (["--=x"], "bad flag syntax: --=x"),
        (
            ["--debug=maybe"],
            #"invalid argument "maybe" for --debug=maybe: strconv.ParseBool: parsing "maybe": invalid syntax"#
        ),
        (["--dir="], #"invalid argument "" for --dir=: "" is not a valid directory"#),
        (["--dir", ""], #"invalid argument "" for --dir: "" is not a valid directory"#),
        (
            ["--insecure-options=image,Image"],
            #"invalid argument "image,Image" for --insecure-options=image,Image: duplicated option "image""#
        ),
        (
            ["--insecure-options", "all,more"],
            #"invalid argument "all,more" for --insecure-options: unknown option "more""#
        ),
        (["--net="], #"invalid argument "" for --net=: netname must not be empty"#),
        (["--net=a,a"], #"invalid argument "a,a" for --net=a,a: found duplicate netname "a""#),
        (["--net=a", "--net=a:IP=1"], #"invalid argument "a:IP=1" for --net=a:IP=1: found duplicate netname "a""#),
        (
            ["--net=host:IP=1"],
            #"invalid argument "host:IP=1" for --net=host:IP=1: arguments are not supported by special netname "host""#
        ),
        (
            ["--stage1-path=a", "--stage1-hash=b"],
            #"invalid argument "b" for --stage1-hash=b: flags --stage1-path and --stage1-hash are mutually exclusive"#
        ),
        (
            ["--stage1-path=a", "--stage1-path=a"],
            #"invalid argument "a" for --stage1-path=a: --stage1-path already used"#
        ),
        (["--set-env=A"], #"invalid argument "A" for --set-env=A: must be specified as key=value"#),
        (["--set-env=A=1", "--set-env=A=2"], #"invalid argument "A=2" for --set-env=A=2: key "A" already set"#),
        (["--mds-register"], "--mds-register: not available yet"),
    ])
    func `wrong flags are told in the words of the original`(words: [String], expected: String) {
        #expect(message { _ = try parse(runCommand, words) } == expected)
    }

    @Test func `the last list of insecure options counts and an empty one lifts nothing`() throws {
        let words = ["--insecure-options=all", "--insecure-options=IMAGE,seccomp"]
        #expect(try parse(versionCommand, words).options.insecure == [.image, .seccomp])
        #expect(try parse(versionCommand, ["--insecure-options="]).options.insecure == [])
    }

    @Test func `all-run lifts everything that guards running pods and nothing else`() throws {
        let options = try parse(versionCommand, ["--insecure-options=all-run"]).options
        #expect(options.insecure == [.onDisk, .capabilities, .paths, .seccomp])
    }

    @Test func `each lifted restriction is named once`() {
        #expect(InsecureOptions([.seccomp, .image]).warnings.count == 2)
        #expect(InsecureOptions([]).warnings.isEmpty)
    }
}
