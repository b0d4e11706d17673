import Glibc
import SystemPackage
import TestSupport
import Testing

extension Integration {
    @Suite struct Logs {
        @Test func `what an app wrote is shown later, outputs apart and exact`() throws {
            try RktFixture.with { rkt throws in
                let image = try rkt.shellImage()
                let script = "echo one; echo two >&2; echo; printf 'no end'"
                let run = try rkt.run(image: image, ["-c", script]).succeeded()
                let logs = try rkt("logs", rkt.onlyPod()).succeeded()
                #expect(logs.output == "one\n\nno end")
                #expect(logs.output == run.output)
                #expect(logs.errors == "two\n")
                let error = try rkt("logs", "--stderr", rkt.onlyPod()).succeeded()
                #expect(error.output == "" && error.errors == "two\n")
                let output = try rkt("logs", "--stdout", rkt.onlyPod()).succeeded()
                #expect(output.output == "one\n\nno end" && output.errors == "")
            }
        }

        @Test func `the last lines, and those of a time`() throws {
            try RktFixture.with { rkt throws in
                try rkt.run(image: rkt.probeImage(), ["flood", "500"]).succeeded()
                let pod = try rkt.onlyPod()
                let last = try rkt("logs", "--lines=2", pod).succeeded().lines
                #expect(last.map { String($0.prefix(9)) } == ["line 498 ", "line 499 "])
                #expect(try rkt("logs", "--lines=0", pod).succeeded().output == "")
                #expect(try rkt("logs", "--since=10m", pod).succeeded().lines.count == 500)
                #expect(try rkt("logs", "--until=10m", pod).succeeded().output == "")
                #expect(try rkt("logs", "--since=2100-01-01T00:00:00Z", pod).succeeded().output == "")
                try rkt("logs", "--since=yesterday", pod).refused("invalid argument")
                try rkt("logs", "--lines=-1", pod).refused("is no number of lines")
            }
        }

        @Test func `lines of several apps carry their names`() throws {
            try RktFixture.with { rkt throws in
                let image = try rkt.probeImage()
                try rkt(
                    "run", "--net=none", image, "--name=one", "--", "echo", "from one", "---", image, "--name=two",
                    "--", "stderr", "from two"
                ).succeeded()
                let pod = try rkt.onlyPod()
                let both = try rkt("logs", pod).succeeded()
                #expect(both.output == "one: from one\n")
                #expect(both.errors == "two: from two\n")
                #expect(try rkt("logs", "--app=one", pod).succeeded().output == "from one\n")
                try rkt("logs", "--app=three", pod).refused("no app 'three' in the pod")
            }
        }

        @Test func `a running pod can be followed until it ends`() throws {
            try RktFixture.with { rkt throws in
                let (pod, uuid) = try rkt.startWaitingPod()
                let follower = try rkt.start(["logs", "--follow", uuid])
                try follower.waitForOutput("waiting")
                try rkt("stop", uuid).succeeded()
                let logs = follower.wait(.seconds(20))
                let run = pod.wait(.seconds(20))
                #expect(logs.ending == .exited(0), "\(logs)")
                #expect(logs.output == run.output)
                #expect(logs.output.contains("TERM"))
            }
        }

        @Test func `a log does not grow for ever, and rkt's own output is complete`() throws {
            try RktFixture.with { rkt throws in
                let image = try rkt.shellImage()
                // 30 MB in lines of 64 bytes.
                let script =
                    "i=0; while [ $i -lt 30 ]; do /busybox yes '\(String(repeating: "x", count: 62))y'"
                    + " | /busybox head -c 1048576; i=$((i+1)); done; echo end"
                let run = try rkt.run(image: image, ["-c", script]).succeeded()
                #expect(run.output.utf8.count == 30 << 20 | 4)
                let uuid = try rkt.onlyPod()
                let directory = try rkt.podDirectory(uuid).appending("logs")
                let sizes = try Command("/bin/sh", ["-c", "cat \(directory)/*/* | wc -c"]).run().succeeded().text
                #expect(Int(sizes) ?? .max <= 17 << 20, "\(sizes)")
                #expect(try rkt("logs", "--lines=1", uuid).succeeded().output == "end\n")
            }
        }

        @Test func `a follower sees everything although the log is renewed meanwhile`() throws {
            try RktFixture.with { rkt throws in
                let image = try rkt.shellImage()
                let script = "echo start; /busybox seq 1 400000; echo end"
                let file = rkt.directory.appending("uuid")
                let pod = try rkt.start(
                    rkt.podArguments(.ns, image: image, options: ["--uuid-file-save=\(file)"], ["-c", script]))
                try pod.waitForOutput("start")
                let follower = try rkt.start(["logs", "--follow", readText(file)])
                let logs = follower.wait(.seconds(60))
                #expect(pod.wait(.seconds(20)).ending == .exited(0))
                #expect(logs.ending == .exited(0), "\(logs.errors)")
                #expect(logs.lines.last == "end")
            }
        }

        @Test func `what was written before a kill is in the log`() throws {
            try RktFixture.with { rkt throws in
                let (pod, uuid) = try rkt.startWaitingPod()
                pod.signal(SIGKILL)
                pod.wait()
                #expect(try rkt("logs", uuid).succeeded().output.contains("waiting"))
                try rkt.collectGarbage()
            }
        }

        @Test func `fly keeps no logs, and rkt says so`() throws {
            try RktFixture.with { rkt throws in
                try rkt.run(.fly, image: rkt.probeImage(), ["echo", "hello"]).succeeded()
                try rkt("logs", rkt.onlyPod()).refused("has no logs")
            }
        }

        @Test func `an app whose reader is gone writes to its log`() throws {
            try RktFixture.with { rkt throws in
                let image = try rkt.shellImage()
                let words = rkt.podArguments(.ns, image: image, ["-c", "/busybox seq 1 100000; echo end"])
                let command = rkt.command(words)
                let line = ([command.program.string] + command.arguments).map { "'\($0)'" }.joined(separator: " ")
                try Command("/bin/sh", ["-c", "\(line) | head -n 1"]).run().succeeded()
                #expect(try rkt("logs", "--lines=1", rkt.onlyPod()).succeeded().output == "end\n")
            }
        }
    }
}

extension RktFixture {
    /// An image whose program is a shell.
    func shellImage() throws -> String {
        try fetch(
            RktFixture.probe("example.com/shell").file("/busybox", from: Programs.find("busybox"))
                .symlink("/sh", to: "/busybox").app(exec: ["/sh"]))
    }
}
