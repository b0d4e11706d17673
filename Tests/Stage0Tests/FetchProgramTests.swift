import FetchInterface
import Glibc
import LinuxSystem
import SystemPackage
import TestSupport
import Testing

@testable import Stage0

/// A shell script takes the place of the fetch program.
private final class Script {
    let directory: TemporaryDirectory
    let inbox: FilePath
    let program: FetchProgram

    init(_ text: String, environment: [String] = []) throws {
        directory = try TemporaryDirectory("fetch-program")
        inbox = directory.path.appending("download")
        try makeDirectory(inbox, mode: 0o700)
        let script = directory.path.appending("fetch")
        try writeFile(Array("#!/bin/sh\n\(text)\n".utf8), to: script, mode: 0o755, durable: false)
        program = try FetchProgram(
            inbox: Descriptor.open(inbox, [.directory]), user: .caller, program: script, environment: environment)
    }

    func answer(_ job: FetchJob) throws -> FetchAnswer { try program.answer(job) }
}

private let job = FetchJob(.publicKeys(.text("")))

@Suite(.serialized) struct FetchProgramTests {
    private func answer(_ text: String) -> String { "cat >/dev/null; cat <<'END'\n\(text)\nEND" }

    @Test func `the job arrives on standard input and the answer comes from standard output`() throws {
        let script = try Script("cat >job; echo '{\"notModified\":true}'")
        #expect(try script.answer(job) == .notModified)
        #expect(try !readFile(script.inbox.appending("job")).isEmpty)
    }

    @Test(arguments: [
        "", "{\"archive\":", "{\"endpoints\":[", "{\"nonsense\":1}", "{}{}",
    ])
    func `no answer, half of one and nonsense are errors`(text: String) throws {
        let script = try Script(answer(text))
        let error = try #require(throws: FetchProgramError.self) { try script.answer(job) }
        guard case .noAnswer = error else { throw error }
    }

    @Test func `an answer of another kind is an error`() throws {
        #expect(throws: FetchProgramError.wrongAnswer(wanted: "public keys")) {
            try FetchAnswer.notModified.publicKeys()
        }
        #expect(throws: FetchProgramError.wrongAnswer(wanted: "an image archive")) {
            try FetchAnswer.endpoints([]).archive()
        }
        #expect(try FetchAnswer.notModified.archive() == nil)
    }

    @Test func `what the program says about a failure is passed on`() throws {
        let error = try #require(throws: Failure.self) {
            try FetchAnswer.failure(["outermost", "between", "innermost"]).endpoints()
        }
        #expect(error.chain == ["outermost", "between", "innermost"])
    }

    @Test func `a crash, a bad status and endless talk are errors`() throws {
        #expect(throws: FetchProgramError.ended(.exited(3))) { try Script("exit 3").answer(job) }
        #expect(throws: FetchProgramError.ended(.signaled(SIGSEGV))) {
            try Script("kill -SEGV $$").answer(job)
        }
        #expect(throws: FetchProgramError.answerTooLong(limit: FetchProgram.maximumAnswerBytes)) {
            try Script("exec cat /dev/zero").answer(job)
        }
    }

    @Test func `a program that is not there is an error`() throws {
        let directory = try TemporaryDirectory("fetch-program")
        let program = try FetchProgram(
            inbox: Descriptor.open(directory.path, [.directory]), user: .caller,
            program: directory.path.appending("none"))
        #expect(throws: FetchProgramError.ended(.exited(127))) { try program.answer(job) }
    }

    @Test func `the program has no privileges, no descriptors and no environment but its own`() throws {
        let script = try Script(
            """
            cat >/dev/null
            { env | grep -v -e ^PWD= -e ^_= -e ^SHLVL= -e ^OLDPWD= | sort; umask; grep -e ^Cap -e ^NoNewPrivs -e ^Groups \
            /proc/self/status; ls /proc/self/fd; pwd; } >facts
            echo '{"notModified":true}'
            """,
            environment: ["https_proxy=http://p", "SECRET=1", "NO_PROXY=*", "SSL_CERT_FILE=/ca", "SSL_CERT_FILE2=x"])
        #expect(try script.answer(job) == .notModified)
        let none = String(repeating: "0", count: 16)
        let facts = try readTextFile(script.inbox.appending("facts")).split(separator: "\n").map(String.init)
        #expect(
            facts.prefix(5) == [
                "LANG=C", "NO_PROXY=*", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "SSL_CERT_FILE=/ca",
                "https_proxy=http://p",
            ])
        #expect(facts.contains("0077"))
        let privileged = geteuid() == 0 ? ["CapBnd"] : []
        for set in ["CapInh", "CapPrm", "CapEff", "CapAmb"] + privileged { #expect(facts.contains("\(set):\t\(none)")) }
        #expect(facts.contains("NoNewPrivs:\t1"))
        // The fourth is what ls has open.
        #expect(facts.filter { Int($0) != nil && $0.count == 1 } == ["0", "1", "2", "3"])
        #expect(facts.last == script.inbox.string)
    }

    @Test func `a file to verify arrives under its number`() throws {
        let script = try Script("cat >/dev/null; cat <&3 >seen; echo '{\"notModified\":true}'")
        let file = try Descriptor.memory("signed")
        try file.writeAll("content")
        try file.seek(to: 0)
        let verification = FetchJob(.verify(Verification(file: -1, signature: "", keys: [])))
        #expect(try script.program.answer(verification, file: file) == .notModified)
        #expect(try readTextFile(script.inbox.appending("seen")) == "content")
    }

    @Test func `several jobs run at once and each answer is told apart`() throws {
        // Each waits until all are there: one after the other they would wait for ever.
        let script = try Script(
            """
            cat >/dev/null; mkfifo gate-$$ 2>/dev/null; touch here-$$
            while [ $(ls | grep -c here-) -lt 3 ]; do sleep 0.01; done
            echo '{"notModified":true}'
            """)
        var seen: Set<Int> = []
        try script.program.answer([job, job, job]) { index, answer in
            #expect(answer == .notModified)
            seen.insert(index)
        }
        #expect(seen == [0, 1, 2])
    }

    @Test func `reports are shown as they come, and lies end only their own job`() throws {
        let script = try Script(
            """
            grep -q '"showsProgress":true' || exit 1
            mkdir first 2>/dev/null && {
                echo '{"progress":{"number":1,"label":"ACI","received":1,"isDone":false}}'
                while [ ! -e shown ]; do sleep 0.01; done; echo 'lie'; exec sleep 1000
            }
            while [ ! -e shown ]; do sleep 0.01; done
            echo '{"message":"a message"}'; echo '{"notModified":true}'
            """)
        var text = ""
        let shown = script.inbox.appending("shown")
        let board = ProgressBoard(
            ProgressTerminal(
                write: {
                    text += $0
                    close(open(shown.string, O_CREAT | O_WRONLY, 0o600))
                }, size: { nil }))
        var answers = 0
        let error = try #require(throws: FetchProgramError.self) {
            let bars = ["one", "two"].map { DownloadBars(board, name: $0) }
            try script.program.answer([job, job], bars: bars) { _, answer in
                #expect(answer == .notModified)
                answers += 1
            }
        }
        guard case .noAnswer = error else { throw error }
        #expect(answers == 1)
        #expect(text.contains("ACI: 1 B of an unknown total size") && text.contains("a message\n"))
    }

    @Test func `after an error no job is started, and those under way end`() throws {
        let script = try Script(
            """
            cat >/dev/null; mkdir first 2>/dev/null && exit 1
            while [ ! -e first ]; do sleep 0.01; done; touch end-$$; echo '{"notModified":true}'
            """)
        var answers = 0
        #expect(throws: FetchProgramError.ended(.exited(1))) {
            try script.program.answer(Array(repeating: job, count: 3 * FetchProgram.maximumParallelJobs)) { _, _ in
                answers += 1
            }
        }
        #expect(answers < 3 * FetchProgram.maximumParallelJobs - 1)
        #expect(try listDirectory(script.inbox).count == answers + 1)
    }

    @Test func `only plain files that the program made itself are opened`() throws {
        let script = try Script("")
        let inbox = try Descriptor.open(script.inbox, [.directory])
        try inbox.createFile([1], name: "good", mode: 0o600)
        try inbox.makeDirectory("directory", mode: 0o700)
        try #require(symlink("/etc/passwd", script.inbox.appending("link").string) == 0)
        try inbox.createFile([1], name: "stranger", mode: 0o600)
        if geteuid() == 0 { try #require(chown(script.inbox.appending("stranger").string, 1, 1) == 0) }
        try #require(mkfifo(script.inbox.appending("fifo").string, 0o600) == 0)

        #expect(try script.program.open("good").readAll() == [1])
        for name in ["", ".", "..", "../fetch", "a/b", "/etc/passwd", "a\0b", String(repeating: "a", count: 256)] {
            #expect(throws: FetchProgramError.badFileName(name)) { try script.program.open(name).readAll() }
        }
        for name in ["link", "fifo", "directory", "missing"] + (geteuid() == 0 ? ["stranger"] : []) {
            #expect(throws: FetchProgramError.noDownload(name)) { try script.program.open(name).readAll() }
        }
        script.program.remove("good")
        #expect(!exists(script.inbox.appending("good")))
        script.program.remove("../fetch")
        #expect(exists(script.directory.path.appending("fetch")))
    }

    @Test func `the user of the fetch program is taken from the accounts, and only by root`() {
        let accounts = "root:x:0:0::/root:/bin/sh\nrkt-fetch:x:990:991::/:/bin/false\n"
        #expect(FetchUser(isRoot: true, accounts: accounts) == .own(user: 990, group: 991))
        #expect(FetchUser(isRoot: false, accounts: accounts) == .caller)
        #expect(FetchUser(isRoot: true, accounts: "rkt-fetch:x:0:0::/:/bin/false") == .caller)
        #expect(FetchUser(isRoot: true, accounts: "rkt-fetch:x:-1:99999999999::/:") == .caller)
        #expect(FetchUser(isRoot: true, accounts: "rkt-fetcher:x:5:5::/:") == .caller)
    }
}
