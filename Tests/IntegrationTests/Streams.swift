import Glibc
import SystemPackage
import TestSupport
import Testing

extension Integration {
    @Suite struct Streams {
        @Test func `streams can be attached to: the app reads and writes`() throws {
            try RktFixture.with { rkt throws in
                let (pod, uuid) = try rkt.startStreamingPod("while read line; do echo \"got $line\"; done")
                let list = try rkt("attach", "--mode=list", uuid).succeeded().output
                #expect(list.contains("\"version\": 1"))
                for name in ["stdin", "stdout", "stderr"] {
                    #expect(list.contains("\"address\": \"/rkt/iottymux/shell/sock-\(name)\""), "\(list)")
                }
                var command = rkt.command(["attach", uuid])
                command.input = Array("one\ntwo\n".utf8)
                let client = try command.start()
                try client.waitForOutput("got one\ngot two\n")
                let second = try rkt.start(["attach", "--mode=stdout", uuid])
                var typing = rkt.command(["attach", "--mode=stdin", uuid])
                typing.input = Array("three\n".utf8)
                try typing.run().succeeded()
                try client.waitForOutput("got three\n")
                try rkt("stop", uuid).succeeded()
                #expect(client.wait(.seconds(20)).ending == .exited(0))
                #expect(second.wait(.seconds(20)).ending == .exited(0))
                #expect(pod.wait(.seconds(20)).ending == .exited(0))
                try rkt("attach", uuid).refused("isn't currently running")
            }
        }

        @Test func `everything written to a stream arrives, the end included`() throws {
            try RktFixture.with { rkt throws in
                let (pod, uuid) = try rkt.startStreamingPod("read line; /busybox seq 1 200000")
                let client = try rkt.start(["attach", "--mode=stdout", uuid])
                var typing = rkt.command(["attach", "--mode=stdin", uuid])
                typing.input = Array("\n".utf8)
                // Whoever reads has to be there before the first line.
                try waitForVisitors(of: ["stdout"])
                try typing.run().succeeded()
                let result = client.wait(.seconds(30))
                #expect(pod.wait(.seconds(20)).ending == .exited(0))
                #expect(result.lines.last == "200000")
                #expect(result.lines.count == 200_000)
            }
        }

        @Test func `streams and a terminal of one app work side by side`() throws {
            try RktFixture.with { rkt throws in
                let (pod, uuid) = try rkt.startStreamingPod(
                    "test -t 1 && read line; while read line; do echo out $line; echo err $line >&2; done",
                    ["--stdin=stream", "--stdout=tty", "--stderr=stream"])
                let list = try rkt("attach", "--mode=list", uuid).succeeded().output
                #expect(["stdin", "stderr", "tty"].allSatisfy { list.contains("/sock-\($0)\"") }, "\(list)")
                let terminal = try rkt.start(["attach", "--mode=tty-out", uuid])
                let errors = try rkt.start(["attach", "--mode=stderr", uuid])
                try waitForVisitors(of: ["tty", "stderr"])
                var typing = rkt.command(["attach", "--mode=stdin", uuid])
                typing.input = Array("\none\n".utf8)
                try typing.run().succeeded()
                try terminal.waitForOutput("out one\r\n")
                try waitUntil("the other stream") { errors.errorsSoFar.contains("err one\n") }
                try rkt("stop", "--wait=20s", uuid).succeeded()
                #expect(terminal.wait(.seconds(20)).ending == .exited(0))
                #expect(errors.wait(.seconds(20)).ending == .exited(0))
                pod.wait(.seconds(20))
            }
        }

        @Test func `of several apps one is named, and leaving one changes nothing for it`() throws {
            try RktFixture.with { rkt throws in
                let image = try rkt.shellImage()
                let file = rkt.directory.appending("uuid")
                let echo = ["--stdin=stream", "--stdout=stream", "--", "-c", "while read line; do echo $0 $line; done"]
                let pod = try rkt.start(
                    ["run", "--net=none", "--uuid-file-save=\(file)", image, "--name=one"] + echo + ["one", "---"]
                        + [image, "--name=two"] + echo + ["two"])
                let uuid = try rkt.waitUntilReady(file)
                try rkt("attach", uuid).refused("unable to determine app name")
                try rkt("attach", "--app=three", uuid).refused("three")
                for signal in [SIGINT, SIGTERM, SIGHUP] {
                    let client = try rkt.start(["attach", "--app=two", "--mode=stdout", uuid])
                    try waitForVisitors(of: ["stdout"], listeners: 2)
                    client.signal(signal)
                    #expect(client.wait(.seconds(20)).ending == .exited(0))
                }
                var client = rkt.command(["attach", "--app=two", uuid])
                client.input = Array("hello\n".utf8)
                let running = try client.start()
                try running.waitForOutput("two hello\n")
                try rkt("stop", "--wait=20s", uuid).succeeded()
                #expect(running.wait(.seconds(20)).ending == .exited(0))
                #expect(pod.wait(.seconds(20)).ending == .exited(0))
            }
        }

        @Test func `modes that make no sense are refused`() throws {
            try RktFixture.with { rkt throws in
                let image = try rkt.probeImage()
                try rkt.run(image: image, appOptions: ["--stdin=log"]).refused("invalid stdin mode \"log\"")
                try rkt.run(image: image, appOptions: ["--stdout=pipe"]).refused("invalid stdout mode \"pipe\"")
                let (pod, uuid) = try rkt.startWaitingPod()
                try rkt("attach", uuid).refused("has no stream to attach to")
                try rkt("attach", "--mode=stdout,tty", uuid).refused(
                    "invalid attach mode: incompatible endpoints \"stdout,tty\"")
                try rkt("attach", "--mode=other", uuid).refused("invalid attach mode: unknown endpoint \"other\"")
                pod.signal(SIGTERM)
                pod.wait(.seconds(20))
            }
        }

        @Test func `nothing is kept of a stream that leads nowhere`() throws {
            try RktFixture.with { rkt throws in
                let result = try rkt.run(
                    image: rkt.shellImage(), appOptions: ["--stdout=null", "--stderr=null"],
                    ["-c", "echo hidden; echo hidden >&2"]
                ).succeeded()
                #expect(result.output == "" && !result.errors.contains("hidden"))
                #expect(try !rkt("logs", rkt.onlyPod()).output.contains("hidden"))
            }
        }

        @Test func `fly refuses what it has not`() throws {
            try RktFixture.with { rkt throws in
                let (pod, uuid) = try rkt.startWaitingPod(.fly)
                try rkt("attach", uuid).refused("stage1 cannot attach to streams")
                pod.signal(SIGTERM)
                pod.wait(.seconds(20))
            }
        }
    }

    @Suite struct Terminals {
        @Test func `an interactive app has a terminal, and ours is as before afterwards`() throws {
            try RktFixture.with { rkt throws in
                let result = try rkt.type(
                    [
                        "expect=# ", "type=test -t 0 && echo y''es\\r", "expect=yes", "type=stty size\\r",
                        "expect=24 80",
                        "size=40x100", "type=stty size\\r", "expect=40 100", "type=exit 3\\r",
                    ],
                    rkt.podArguments(.ns, image: rkt.shellImage(), options: ["--interactive"]))
                #expect(result.status == 3, "\(result)")
                #expect(result.output.contains("terminal: as before, steps left: 0"), "\(result)")
            }
        }

        @Test func `keys reach an interactive app as signals`() throws {
            try RktFixture.with { rkt throws in
                let result = try rkt.type(
                    ["expect=ready", "type=\\x03", "expect=interrupted"],
                    rkt.podArguments(
                        .ns, image: rkt.shellImage(), options: ["--interactive"],
                        ["-c", "trap 'echo interrupted; exit 0' INT; echo ready; while :; do /busybox sleep 1; done"]))
                #expect(result.status == 0, "\(result)")
                #expect(result.output.contains("terminal: as before, steps left: 0"), "\(result)")
            }
        }

        @Test func `a key reaches a command that entered, and once`() throws {
            try RktFixture.with { rkt throws in
                let (pod, uuid) = try rkt.startWaitingPod()
                let result = try rkt.type(
                    ["expect=waiting=", "type=\\x03", "expect=signal=INT", "expect=signal=none"],
                    ["enter", uuid, "/inspect", "wait", "60", "+", "wait", "1"])
                #expect(result.status == 0, "\(result)")
                #expect(result.output.contains("terminal: as before, steps left: 0"), "\(result)")
                pod.signal(SIGTERM)
                pod.wait(.seconds(20))
            }
        }

        @Test func `three times ^] leaves an app that does not listen`() throws {
            try RktFixture.with { rkt throws in
                let result = try rkt.type(
                    ["expect=ready", "type=\\x1d\\x1d\\x1d"],
                    rkt.podArguments(
                        .ns, image: rkt.shellImage(), options: ["--interactive"],
                        ["-c", "stty raw; trap '' INT TERM; echo ready; while :; do /busybox sleep 1; done"]))
                #expect(result.status == 1, "\(result)")
                #expect(result.output.contains("terminal: as before"), "\(result)")
            }
        }

        @Test func `without a terminal an interactive app reads the caller's input to its end`() throws {
            try RktFixture.with { rkt throws in
                var command = rkt.command(
                    rkt.podArguments(
                        .ns, image: try rkt.shellImage(), options: ["--interactive"],
                        ["-c", "/busybox cat; test -t 0 || echo none"]))
                command.input = Array((1...50_000).map { "\($0)\n" }.joined().utf8)
                let result = try command.run().succeeded()
                #expect(result.lines.count == 50_001)
                #expect(result.lines.suffix(2) == ["50000", "none"])
            }
        }

        @Test func `a terminal can be attached to, left and attached to again`() throws {
            try RktFixture.with { rkt throws in
                let file = rkt.directory.appending("uuid")
                let pod = try rkt.start(
                    rkt.podArguments(
                        .ns, image: rkt.shellImage(), options: ["--uuid-file-save=\(file)"],
                        appOptions: ["--stdin=tty", "--stdout=tty", "--stderr=tty"]))
                let uuid = try rkt.waitUntilReady(file)
                let first = try rkt.type(
                    ["type=tty; stty size; X=kept\\r", "expect=/dev/pts/", "expect=24 80", "type=\\x1d\\x1d\\x1d"],
                    ["attach", uuid])
                #expect(first.status == 0, "\(first)")
                #expect(first.output.contains("terminal: as before, steps left: 0"), "\(first)")
                let second = try rkt.type(
                    ["size=30x70", "type=echo $X; stty size\\r", "expect=kept", "expect=30 70", "type=exit\\r"],
                    ["attach", "--mode=tty", uuid])
                #expect(second.status == 0, "\(second)")
                #expect(second.output.contains("terminal: as before, steps left: 0"), "\(second)")
                #expect(pod.wait(.seconds(20)).ending == .exited(0))
            }
        }

        @Test func `each direction of a terminal can be attached to alone`() throws {
            try RktFixture.with { rkt throws in
                let (pod, uuid) = try rkt.startStreamingPod(
                    "stty -echo; echo ready; read word; echo got $word; exit 4",
                    ["--stdin=tty", "--stdout=tty", "--stderr=tty"])
                let reader = try rkt.start(["attach", "--mode=tty-out", uuid])
                try waitForVisitors(of: ["tty"])
                var typing = rkt.command(["attach", "--mode=tty-in", uuid])
                typing.input = Array("word\r".utf8)
                let typed = try typing.run()
                #expect(typed.ending == .exited(0) && typed.output == "", "\(typed)")
                #expect(reader.wait(.seconds(20)).output.hasSuffix("got word\r\n"))
                #expect(pod.wait(.seconds(20)).ending == .exited(4))
            }
        }

        @Test func `only one app can be interactive`() throws {
            try RktFixture.with { rkt throws in
                let image = try rkt.probeImage()
                try rkt("run", "--net=none", "--interactive", image, "--name=a", image, "--name=b").refused(
                    "interactive option only supports one image")
                let uuid = try rkt("prepare", image, "--name=a", image, "--name=b").succeeded().text
                try rkt("run-prepared", "--net=none", "--interactive", uuid).refused(
                    "interactive option only supports pods with one app")
                #expect(try rkt("status", uuid).succeeded().lines[cell: 0] == "state=prepared")
            }
        }

        @Test func `a prepared pod can be interactive`() throws {
            try RktFixture.with { rkt throws in
                let uuid = try rkt("prepare", rkt.shellImage()).succeeded().text
                let result = try rkt.type(
                    ["expect=# ", "type=tty\\r", "expect=/dev/pts/", "type=exit 5\\r"],
                    ["run-prepared", "--net=none", "--interactive", uuid])
                #expect(result.status == 5, "\(result)")
                #expect(result.output.contains("terminal: as before, steps left: 0"), "\(result)")
            }
        }
    }
}

/// Waits until somebody is connected with each of the sockets, on which that many listen.
private func waitForVisitors(of names: [String], listeners: Int = 1) throws {
    try waitUntil("readers to be attached") {
        let lines = try readText("/proc/net/unix").split(separator: "\n")
        return names.allSatisfy { name in lines.count { $0.hasSuffix("/sock-\(name)") } > listeners }
    }
}

extension RktFixture {
    /// Starts a shell whose streams can be attached to; its input is not read before somebody writes to it.
    fileprivate func startStreamingPod(
        _ script: String, _ streams: [String] = ["--stdin=stream", "--stdout=stream", "--stderr=stream"]
    ) throws -> (RunningCommand, uuid: String) {
        let file = directory.appending("uuid-streams")
        let pod = try start(
            podArguments(
                .ns, image: shellImage(), options: ["--uuid-file-save=\(file)"], appOptions: streams, ["-c", script]))
        return (pod, try waitUntilReady(file))
    }

    /// Waits for a pod whose UUID will be in the file.
    fileprivate func waitUntilReady(_ file: FilePath) throws -> String {
        try waitUntil("the pod to be ready") {
            guard let uuid = try? readText(file), !uuid.isEmpty else { return false }  // not written yet
            return try self("status", "--wait-ready=10s", uuid).status == 0
        }
        return try readText(file)
    }

    /// Runs rkt on a terminal; see `Tests/Servers/typist.py`.
    fileprivate func type(_ steps: [String], _ arguments: [String]) throws -> CommandResult {
        let rkt = command(arguments)
        var typist = rkt
        typist.program = Programs.packageRoot.appending("Tests/Servers/typist.py")
        typist.arguments = steps + ["--", rkt.program.string] + rkt.arguments
        typist.timeLimit = .seconds(40)
        return try typist.run()
    }
}
