import SystemPackage
import TestSupport
import Testing

extension Integration {
    @Suite struct Enter {
        @Test(arguments: ["0", "1000"])
        func `what enters is confined exactly as the app`(user: String) throws {
            try RktFixture.with { rkt throws in
                let questions = "status + namespaces + cgroup + rlimits + umask + oom + fds + mounts + env"
                let (pod, uuid) = try rkt.startWaitingPod(
                    options: ["--set-env=MARK=1"], appOptions: ["--user=\(user)", "--group=\(user)", "--memory=256Mi"],
                    questions: questions)
                let inApp = Facts(
                    pod.outputSoFar.split(separator: "\n").filter { !$0.hasPrefix("waiting") }.joined(separator: "\n"))
                let entered = Facts(
                    try rkt(["enter", uuid, "/inspect"] + questions.split(separator: " ").map(String.init)).succeeded()
                        .output)
                for name in [
                    "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "NoNewPrivs", "Seccomp", "Seccomp_filters", "Uid",
                    "Gid", "Groups", "SigBlk", "SigIgn", "umask", "oom",
                ] {
                    #expect(entered[name] == inApp[name], "\(name)")
                }
                for name in ["cgroup", "rlimit", "mount"] { #expect(entered.all(name) == inApp.all(name), "\(name)") }
                #expect(entered.starting("ns.").map(\.value) == inApp.starting("ns.").map(\.value))
                #expect(entered.starting("fd.").map(\.name).sorted() == ["0", "1", "2"])
                var environment = entered.environment
                environment["TERM"] = nil
                #expect(environment == inApp.environment)
                pod.signal(15)
                pod.wait()
            }
        }

        @Test func `it is in the app's cgroups as the host sees them`() throws {
            try RktFixture.with { rkt throws in
                let (pod, uuid) = try rkt.startWaitingPod(appOptions: ["--name=app"])
                let entering = try rkt.start(["enter", uuid, "/inspect", "wait", "60"])
                try entering.waitForOutput("waiting=")
                let script =
                    "for p in /proc/[0-9]*; do grep -qs '\(uuid)' $p/cgroup && [ \"$(tr '\\0' ' ' < $p/cmdline | cut -c1-9)\" "
                    + "= '/inspect ' ] && sort $p/cgroup | md5sum; done; true"
                let sums = try Command("/bin/sh", ["-c", script]).run().lines
                #expect(sums.count == 2, "\(sums)")
                #expect(Set(sums).count == 1)
                // The signal goes to what was entered: rkt enter has become it or stands for it.
                entering.signal(15)
                #expect(entering.wait(.seconds(20)).status != -1)
                pod.signal(15)
                pod.wait()
            }
        }

        @Test func `devices, mounts and memory are refused to it as to the app`() throws {
            try RktFixture.with { rkt throws in
                let (pod, uuid) = try rkt.startWaitingPod(appOptions: ["--memory=64Mi"])
                let facts = Facts(
                    try rkt(
                        "enter", uuid, "/inspect", "device", "b", "8", "0", "+", "device", "c", "1", "1", "+",
                        "syscall",
                        "165", "272", "101", "+", "clone", "0x10000000", "+", "open-write", "/proc/sysrq-trigger", "+",
                        "open-write", "/proc/sys/kernel/core_pattern", "+", "exists", "/proc/1/root\(rkt.directory)"
                    ).succeeded().output)
                for device in ["b 8:0", "c 1:1"] {
                    let answer = facts["device \(device)"] ?? "?"
                    #expect(!answer.contains("read=ok") && !answer.contains("write=ok"), "\(device): \(answer)")
                }
                for call in [165, 272, 101] { #expect(facts["syscall \(call)"] != "ok") }
                #expect(facts["clone 0x10000000"] != "ok")
                #expect(facts["open-write /proc/sysrq-trigger"] != "ok")
                #expect(facts["open-write /proc/sys/kernel/core_pattern"] != "ok")
                #expect(facts["exists /proc/1/root\(rkt.directory)"] == "no")
                if Requirements.memoryController {
                    let hog = try rkt("enter", uuid, "/inspect", "memory", "268435456", "+", "echo", "survived")
                    #expect(!hog.output.contains("survived"), "\(hog)")
                    #expect(pod.isRunning || hog.status != 0)
                }
                pod.signal(15)
                pod.wait()
            }
        }

        @Test(arguments: Flavor.all)
        func `the command's status is the status, and its output comes through`(flavor: Flavor) throws {
            try RktFixture.with { rkt throws in
                let (pod, uuid) = try rkt.startWaitingPod(flavor)
                for status: Int32 in [0, 3, 254] {
                    #expect(try rkt("enter", uuid, "/inspect", "exit", "\(status)").status == status)
                }
                let killed = try rkt("enter", uuid, "/inspect", "kill", "KILL")
                #expect(killed.ending == .killed(signal: 9), "\(killed)")
                let result = try rkt("enter", uuid, "/inspect", "echo", "out", "+", "stderr", "err").succeeded()
                #expect(result.output == "out\n")
                #expect(result.errors == "err\n")
                pod.signal(15)
                #expect(pod.wait().status == 0)
            }
        }

        @Test(arguments: Flavor.all)
        func `it works without a terminal and with input`(flavor: Flavor) throws {
            try RktFixture.with { rkt throws in
                let (pod, uuid) = try rkt.startWaitingPod(flavor)
                var command = rkt.command(["enter", uuid, "/inspect", "input", "+", "tty", "0", "+", "cwd"])
                command.input = Array("twelve bytes".utf8)
                let facts = Facts(try command.run().succeeded().output)
                #expect(facts["input"] == "12")
                #expect(facts["tty"] == "no")
                #expect(facts["cwd"] == "/")
                pod.signal(15)
                pod.wait()
            }
        }

        @Test(.enabled(if: Requirements.has("script"), "no script(1) to make a terminal"))
        func `it works in a terminal`() throws {
            try RktFixture.with { rkt throws in
                let (pod, uuid) = try rkt.startWaitingPod()
                let words =
                    ([rkt.program.string] + rkt.globalFlags + ["enter", uuid, "/inspect", "tty", "0", "+", "tty", "1"])
                    .joined(separator: " ")
                let result = try Command(Programs.find("script"), ["-qec", words, "/dev/null"]).run().succeeded()
                #expect(result.output.contains("tty=yes\r\ntty=yes"), "\(result)")
                pod.signal(15)
                pod.wait()
            }
        }

        @Test func `fly enters with the app's user, groups and root`() throws {
            try RktFixture.with { rkt throws in
                let (pod, uuid) = try rkt.startWaitingPod(
                    .fly, options: ["--set-env=MARK=1"],
                    appOptions: ["--user=web", "--group=web", "--supplementary-gids=7"], questions: "write /tmp/mark 1")
                let facts = Facts(
                    try rkt("enter", uuid, "/inspect", "user", "+", "exists", "/tmp/mark", "+", "env").succeeded()
                        .output)
                #expect(facts["uid"] == "1000")
                #expect(facts["gid"] == "1001")
                #expect(facts["groups"]?.split(separator: " ").contains("7") == true)
                #expect(facts["exists /tmp/mark"] == "yes")
                #expect(facts.environment["MARK"] == "1")
                pod.signal(15)
                pod.wait()
            }
        }

        @Test func `with several apps one is chosen`() throws {
            try RktFixture.with { rkt throws in
                let image = try rkt.probeImage()
                let pod = try rkt.start([
                    "run", "--net=none", image, "--name=one", "--environment=WHO=one", "--", "wait", "60", "---", image,
                    "--name=two", "--environment=WHO=two", "--", "sleep", "200", "+", "ready", "+", "wait", "60",
                ])
                try pod.waitForOutput("ready=")
                let uuid = try rkt.onlyPod()
                let refusal = try rkt("enter", uuid, "/inspect", "env").refused(
                    "unable to determine app name: specify app using")
                #expect(refusal.errorLines.contains("enter: pod contains multiple apps:"))
                #expect(refusal.errorLines.contains { $0.hasSuffix("\tone") })
                for app in ["one", "two"] {
                    let facts = Facts(try rkt("enter", "--app=\(app)", uuid, "/inspect", "env").succeeded().output)
                    #expect(facts.environment["WHO"] == app)
                }
                #expect(try rkt("enter", "--app=three", uuid, "/inspect").status == 254)
                pod.signal(15)
                pod.wait()
            }
        }

        @Test func `what cannot be entered is said`() throws {
            try RktFixture.with { rkt throws in
                let uuid = try rkt("prepare", rkt.probeImage()).succeeded().text
                try rkt("enter", uuid, "/inspect").refused("pod \"\(uuid)\" isn't currently running")
                #expect(try rkt("enter").status == 254)
                let (pod, running) = try rkt.startWaitingPod()
                let missing = try rkt("enter", running, "/no/such")
                #expect(missing.status != 0)
                #expect(missing.errors.contains("/no/such"))
                #expect(try rkt("enter", running).errors.contains("no command specified, assuming \"/bin/bash\""))
                pod.signal(15)
                pod.wait()
            }
        }

        @Test func `the program of the runtime cannot be reached from inside`() throws {
            try RktFixture.with { rkt throws in
                let before = try Command("/usr/bin/sha512sum", [rkt.program.string]).run().succeeded().text
                let image = try rkt.fetch(
                    RktFixture.probe("example.com/a").symlink("/self", to: "/proc/self/exe")
                        .file("/script", "#!/proc/self/exe\n", mode: 0o755))
                let (pod, uuid) = try rkt.startWaitingPod(image: image)
                for program in ["/self", "/script"] {
                    let result = try rkt(["enter", uuid, program, "open-write", "/proc/self/exe"], limit: .seconds(20))
                    #expect(!result.output.contains("open-write /proc/self/exe=ok"), "\(result)")
                }
                #expect(try Command("/usr/bin/sha512sum", [rkt.program.string]).run().text == before)
                pod.signal(15)
                pod.wait()
            }
        }
    }
}
