import AppContainer
import Stage1Interface
import Testing

@Suite struct ArgumentsTests {
    private func arguments() throws -> RunArguments {
        var arguments = RunArguments(pod: try PodID(parsing: "6733c9ed-2f6a-4b0b-8c4d-1b7f9a2e0001"))
        arguments.debug = true
        arguments.networks = "host"
        arguments.hostname = "web"
        arguments.lifted = [.paths, .seccomp]
        arguments.nameFiles.resolvConf = .host
        arguments.isMutable = true
        arguments.ipc = "private"
        return arguments
    }

    @Test func `stage1 reads what stage0 wrote`() throws {
        let arguments = try arguments()
        #expect(try RunArguments(parsing: arguments.words(forInterface: 6)) == arguments)
    }

    @Test func `an older stage1 never sees an argument it does not know`() throws {
        let arguments = try arguments()
        let id = "6733c9ed-2f6a-4b0b-8c4d-1b7f9a2e0001"
        #expect(arguments.words(forInterface: 1) == ["--debug", "--net=host", id])
        #expect(arguments.words(forInterface: 2) == ["--debug", "--net=host", "--hostname=web", id])
        #expect(
            arguments.words(forInterface: 3)
                == ["--debug", "--net=host", "--hostname=web", "--disable-paths", "--disable-seccomp", id])
        #expect(arguments.unsupported(byInterface: 1).count == 3)
        #expect(arguments.unsupported(byInterface: 6).isEmpty)
    }

    @Test func `flags are read as Go reads them`() throws {
        let id = "6733c9ed-2f6a-4b0b-8c4d-1b7f9a2e0001"
        let arguments = try RunArguments(parsing: ["-debug=false", "--hostname", "a", "--net", "--disable-paths=1", id])
        #expect(!arguments.debug && arguments.hostname == "a" && arguments.lifted == [.paths])
        #expect(arguments.networks == "default")
    }

    @Test func `a command is kept word by word, flags and all`() throws {
        let words = ["--pid=7", "--appname=web", "--", "ls", "--", "-l"]
        let arguments = try EnterArguments(parsing: words)
        #expect(arguments.command == ["ls", "--", "-l"])
        #expect(arguments.words(forInterface: 7) == words)
    }

    @Test func `a user to enter as is told to those who know of users`() throws {
        let words = ["--pid=7", "--appname=web", "--user=app", "--", "id"]
        let arguments = try EnterArguments(parsing: words)
        #expect(arguments.user == "app")
        #expect(arguments.words(forInterface: 7) == words)
        #expect(arguments.words(forInterface: 6) == ["--pid=7", "--appname=web", "--", "id"])
    }

    @Test func `the entry points for one app are told which, and adding also of which pod`() throws {
        let app = try ACName("web")
        let pod = try PodID(parsing: "6733c9ed-2f6a-4b0b-8c4d-1b7f9a2e0001")
        for arguments in [AppArguments(app: app, debug: true), AppArguments(app: app, debug: false, pod: pod)] {
            #expect(try AppArguments(parsing: arguments.words) == arguments)
        }
        #expect(AppArguments(app: app, debug: true).words == ["--app=web", "--debug=true"])
        #expect(throws: EntryPointArgumentError.missing("--app")) { try AppArguments(parsing: ["--debug=true"]) }
        #expect(throws: EntryPointArgumentError.invalidValue("A", flag: "--app")) {
            try AppArguments(parsing: ["--app=A"])
        }
    }

    @Test func `what does not fit is named`() {
        #expect(throws: EntryPointArgumentError.invalidPodID("")) { try RunArguments(parsing: ["--debug"]) }
        #expect(throws: EntryPointArgumentError.unknownFlag("--nothing")) { try RunArguments(parsing: ["--nothing"]) }
        #expect(throws: EntryPointArgumentError.invalidValue("0", flag: "--pid")) {
            try EnterArguments(parsing: ["--pid=0", "--appname=a", "--", "x"])
        }
        #expect(throws: EntryPointArgumentError.missing("the command")) {
            try EnterArguments(parsing: ["--pid=1", "--appname=a", "--"])
        }
        #expect(throws: EntryPointArgumentError.invalidPodID("x y")) {
            try StopArguments(parsing: ["--force", "x", "y"])
        }
    }

    @Test func `where name files come from is only said when somebody chose`() throws {
        var arguments = RunArguments(pod: try PodID(parsing: "6733c9ed-2f6a-4b0b-8c4d-1b7f9a2e0001"))
        #expect(!arguments.words(forInterface: 6).contains { $0.hasPrefix("--dns-conf-mode") })
        arguments.nameFiles.hosts = .stage0
        #expect(arguments.words(forInterface: 6).contains("--dns-conf-mode=resolv=default,hosts=stage0"))
    }

    @Test(arguments: ["resolv=x,hosts=default", "resolv", "hosts=none", "other=host", "", "resolv=host,"])
    func `a mode that nobody knows is refused`(text: String) {
        #expect(throws: EntryPointArgumentError.invalidValue(text, flag: "--dns-conf-mode")) {
            try NameFileModes(parsing: text)
        }
    }

    @Test func `a host name is letters, digits, dots, dashes and underscores, 64 at most`() {
        for good in ["a", "web-1.example.com", "RKT_x", String(repeating: "a", count: 64)] { #expect(isHostname(good)) }
        for bad in ["", "a b", "a\nb", "ü", "%n", "$x", "a/b", "a\0b", String(repeating: "a", count: 65)] {
            #expect(!isHostname(bad), "\(bad)")
        }
    }
}
