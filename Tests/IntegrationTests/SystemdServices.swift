import SystemPackage
import TestSupport
import Testing

extension Integration {
    /// Pods as services of a real systemd.
    @Suite struct SystemdServices {
        @Test func `systemd takes a pod for started when its app is ready, and stops it`() throws {
            try RktFixture.with { rkt throws in
                let image = try rkt.fetch(
                    RktFixture.probe("example.com/slow").annotation("appc.io/executor/supports-systemd-notify", "true"))
                let gate = rkt.directory.appending("gate")
                try shell("mkdir \"$1\" && mkfifo \"$1/pipe\"", [gate.string])
                let host = try SystemdHost(for: rkt)
                let uuidFile = rkt.directory.appending("uuid")
                let pod =
                    [rkt.program.string] + rkt.globalFlags + [
                        "run", "--net=none", "--uuid-file-save=\(uuidFile)",
                        "--volume=gate,kind=host,source=\(gate)", image, "--mount=volume=gate,target=/gate", "--",
                        "write", "/gate/here", "x", "+", "read", "/gate/pipe", "+", "notify", "READY=1", "+", "wait",
                        "600",
                    ]
                try host.run(
                    ["systemd-run", "--no-block", "--unit=pod", "--service-type=notify", "--"] + pod
                ).succeeded()
                func property(_ name: String) throws -> String {
                    try host("systemctl", "show", "--value", "--property=\(name)", "pod.service").text
                }
                try waitUntil("the app") { exists(gate.appending("here")) }
                #expect(try property("ActiveState") == "activating")
                try shell("echo open >\"$1\"", [gate.appending("pipe").string])
                try waitUntil("systemd to hear of it") { try property("ActiveState") == "active" }
                let main = try property("MainPID")
                let words = try host("cat", "/proc/\(main)/cmdline").output
                #expect(words.contains("/stage1/rootfs/run"), "\(words)")

                try host("systemctl", "stop", "pod.service", limit: .seconds(120)).succeeded()
                #expect(try property("Result") == "success")
                #expect(try rkt("status", readText(uuidFile)).succeeded().lines[cell: 0] == "state=exited")
                try rkt.collectGarbage()
            }
        }

        @Test func `a pod without such an app is started when its apps are, and its status is the unit's`() throws {
            try RktFixture.with { rkt throws in
                let image = try rkt.probeImage()
                let host = try SystemdHost(for: rkt)
                let words = ["systemd-run", "--wait", "--pipe", "--service-type=notify", "--unit=pod", "--"]
                let pod = [rkt.program.string] + rkt.globalFlags + ["run", "--net=none", image, "--"]
                let good = try host.run(words + pod + ["echo", "from the pod"]).succeeded()
                #expect(good.lines == ["from the pod"])
                let bad = try host.run(words + pod + ["sleep", "300", "+", "exit", "7"])
                #expect(bad.status == 7, "\(bad)")
                try rkt.collectGarbage()
            }
        }

        @Test func `the first connection to a socket unit starts the pod, which answers it`() throws {
            try RktFixture.with { rkt throws in
                let port = try freePorts(1)[0]
                let image = try rkt.fetch(
                    RktFixture.probe("example.com/web").port("http", "tcp", port, socketActivated: true))
                let host = try SystemdHost(for: rkt)
                try host.run(
                    ["systemd-run", "--unit=web", "--socket-property=ListenStream=127.0.0.1:\(port)", "--"]
                        + [rkt.program.string] + rkt.globalFlags
                        + ["run", "--net=host", image, "--", "passed", "+", "greet", "3", "hello from the pod"]
                ).succeeded()
                #expect(try rkt("list", "--no-legend").succeeded().text == "")
                let answer = try host("/bin/bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/\(port) && cat <&3").succeeded()
                #expect(answer.text == "hello from the pod")
                try waitUntil("the pod's end") { try rkt("list", "--no-legend").output.contains("exited") }
                let journal = try host("journalctl", "--no-pager", "--output=cat", "--unit=web.service").succeeded()
                #expect(journal.lines.contains("passed.3=http stream \(port)"), "\(journal)")
                try rkt.collectGarbage()
            }
        }
    }
}
