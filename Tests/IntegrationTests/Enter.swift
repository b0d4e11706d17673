import Glibc
import SystemPackage
import TestSupport
import Testing

extension Integration {
    @Suite struct Enter {
        /// Numbers of processes, use of memory, and how often it had to wait.
        private static let changing = [
            "Tgid", "Ngid", "Pid", "PPid", "NStgid", "NSpid", "NSpgid", "NSsid", "FDSize", "SigQ",
            "voluntary_ctxt_switches", "nonvoluntary_ctxt_switches", "HugetlbPages",
        ]

        @Test(arguments: ["0", "1000"])
        func `what enters as the app's user differs from the app in nothing`(user: String) throws {
            try RktFixture.with { rkt throws in
                let questions =
                    "read /proc/self/status + namespaces + cgroup + rlimits + umask + oom + fds + mounts + env + keyring"
                    + " + read /proc/self/personality"
                var start = rkt.command(
                    rkt.podArguments(
                        .ns, image: try rkt.probeImage(), options: ["--set-env=MARK=1", "--insecure-options=seccomp"],
                        appOptions: [
                            "--user=\(user)", "--group=\(user)", "--supplementary-gids=7,8", "--memory=256Mi",
                        ], (questions + " + wait 60").split(separator: " ").map(String.init)))
                start.arguments = ["-n", "3", "taskset", "-c", "0", start.program.string] + start.arguments
                start.program = "/usr/bin/nice"
                let pod = try start.start()
                rkt.atEnd { if pod.isRunning { pod.killAll() } }
                try pod.waitForOutput("waiting=")
                let inApp = Facts(
                    pod.outputSoFar.split(separator: "\n").filter { !$0.hasPrefix("waiting") }.joined(separator: "\n"))
                let entered = Facts(
                    try rkt(
                        ["enter", "--user=app", rkt.onlyPod(), "/inspect"]
                            + questions.split(separator: " ").map(String.init)
                    ).succeeded().output)
                let fields = statusFields(inApp)
                #expect(fields.count > 20)
                #expect(fields["Groups"]?.split(separator: " ").contains("7") == true)
                #expect(fields["Cpus_allowed_list"] == "0")
                #expect(statusFields(entered) == fields)
                for name in ["cgroup", "rlimit", "mount"] { #expect(entered.all(name) == inApp.all(name), "\(name)") }
                for name in ["umask", "oom", "read /proc/self/personality"] {
                    #expect(entered[name] == inApp[name], "\(name)")
                }
                #expect(entered.starting("ns.").map(\.value) == inApp.starting("ns.").map(\.value))
                #expect(entered.starting("fd.").map(\.name).sorted() == ["0", "1", "2"])
                let keyring = try Command(Programs.inspect(), ["keyring"]).run().text
                #expect(
                    ![inApp, entered].contains { "keyring=\($0["keyring"] ?? "")" == keyring }, "keys of the caller")
                var environment = entered.environment
                #expect(environment["TERM"] == "vt100")
                environment["TERM"] = nil
                #expect(environment == inApp.environment)
                pod.signal(15)
                pod.wait()
            }
        }

        private func statusFields(_ facts: Facts) -> [String: String] {
            var fields: [String: String] = [:]
            for line in (facts["read /proc/self/status"] ?? "").split(separator: "\\n") {
                let parts = line.split(separator: ":", maxSplits: 1).map(String.init)
                let name = parts[0]
                if Self.changing.contains(name) || name.hasPrefix("Vm") || name.hasPrefix("Rss") { continue }
                fields[name] = parts.dropFirst().joined().split(whereSeparator: \.isWhitespace).joined(separator: " ")
            }
            return fields
        }

        @Test func `root enters unless another user is named, and has no more rights than the app can have`() throws {
            try RktFixture.with { rkt throws in
                let (pod, uuid) = try rkt.startWaitingPod(
                    appOptions: ["--user=web", "--group=web", "--supplementary-gids=7"], questions: "status")
                let inApp = Facts(pod.outputSoFar)
                func enter(_ words: String...) throws -> Facts {
                    Facts(try rkt(["enter"] + words + [uuid, "/inspect", "status", "+", "user"]).succeeded().output)
                }
                let root = try enter()
                #expect(root["Uid"] == "0 0 0 0" && root["Gid"] == "0 0 0 0" && root["groups"] == "")
                for set in ["CapPrm", "CapEff", "CapBnd"] { #expect(root[set] == inApp["CapBnd"], "\(set)") }
                for name in ["CapInh", "CapAmb", "NoNewPrivs", "Seccomp"] { #expect(root[name] == inApp[name]) }
                for user in ["web", "1000"] {
                    let web = try enter("--user=\(user)")
                    #expect(web["Uid"] == "1000 1000 1000 1000" && web["Gid"] == "1001 1001 1001 1001")
                    #expect(web["groups"] == "" && web["CapPrm"] == "0000000000000000")
                }
                let app = try enter("--user=app")
                for name in ["Uid", "Gid", "Groups"] { #expect(app[name] == inApp[name], "\(name)") }
                let stranger = try enter("--user=4242")
                #expect(stranger["uid"] == "4242" && stranger["gid"] == "4242")
                for wrong in ["nobody", "+0", "-1", "00", "4294967296", "4294967295", "/etc/passwd"] {
                    try rkt("enter", "--user=\(wrong)", uuid, "/inspect", "user").refused("enter: ")
                }
                pod.signal(15)
                pod.wait()
            }
        }

        @Test func `a flavor that knows no users refuses to enter as one`() throws {
            try RktFixture.with { rkt throws in
                let (pod, uuid) = try rkt.startWaitingPod(.fly)
                try rkt("enter", "--user=0", uuid, "/inspect", "user").refused(
                    "--user needs a stage1 of interface version 7")
                pod.signal(15)
                pod.wait()
            }
        }

        @Test func `a pod that is on its way out gives one clear line`() throws {
            try RktFixture.with { rkt throws in
                let (pod, uuid) = try rkt.startWaitingPod(questions: "echo up")
                try rkt("stop", "--force", uuid).succeeded()
                var endings: Set<String> = []
                for _ in 0..<20 {
                    let result = try rkt("enter", uuid, "/inspect", "echo", "in")
                    if result.ending == .exited(254) {
                        #expect(result.errorLines.count == 1, "\(result)")
                        endings.formUnion(result.errorLines)
                    } else {
                        #expect(result.ending == .killed(signal: 9) || result.output == "in\n", "\(result)")
                    }
                }
                for line in endings {
                    #expect(
                        line.hasSuffix("isn't currently running") || line.hasSuffix("is not running")
                            || line.hasSuffix("has just ended") || line.hasSuffix("is not running anymore"), "\(line)")
                }
                pod.wait()
                try rkt("enter", uuid, "/inspect").refused("isn't currently running")
            }
        }

        @Test func `nobody in the pod gets hold of what enters before it is confined`() throws {
            try RktFixture.with { rkt throws in
                let pod = try rkt.start(
                    rkt.podArguments(
                        .ns, image: rkt.probeImage(), options: ["--insecure-options=seccomp"],
                        ["echo", "go", "+", "attack", "4000", "+", "wait", "60"]))
                try pod.waitForOutput("go")
                let uuid = try rkt.onlyPod()
                try rkt("status", "--wait-ready=20s", uuid).succeeded()
                var count = 0
                while !pod.outputSoFar.contains("attacked="), count < 1000 {
                    _ = try rkt("enter", "--user=app", uuid, "/inspect", "pid")
                    _ = try rkt("enter", uuid, "/inspect", "pid")
                    count += 2
                }
                try pod.waitForOutput("waiting=")  // two that trace each other stop for ever
                let entered = Facts(try rkt("enter", uuid, "/inspect", "attack", "200").output)
                for facts in [Facts(pod.outputSoFar), entered] {
                    for what in ["attack.write", "attack.trace"] {
                        #expect(facts.all(what).allSatisfy { $0 == "/inspect" }, "\(what): \(facts.all(what))")
                    }
                    #expect(facts.all("attack.root").isEmpty)
                    for target in facts.all("attack.fd") {
                        #expect(!target.contains("\(rkt.directory)") && !target.contains("launch"), "\(target)")
                    }
                }
                let attacked = Facts(pod.outputSoFar)["attacked"].flatMap { Int($0) } ?? 0
                #expect(attacked > 10, "only \(attacked) of \(count) were seen")
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

        @Test(arguments: Flavor.all)
        func `a command is looked for in the app's PATH, and has the caller's TERM`(flavor: Flavor) throws {
            try RktFixture.with { rkt throws in
                let image = try rkt.fetch(
                    RktFixture.probe("example.com/a").directory("/tools").symlink("/tools/special", to: "/inspect"))
                let (pod, uuid) = try rkt.startWaitingPod(
                    flavor, appOptions: ["--environment=PATH=/nowhere:/tools"], image: image)
                var command = rkt.command(["enter", uuid, "special", "env"])
                command.environment = ["PATH=/usr/bin:/bin", "TERM=xterm-256color", "CALLER=x"]
                let environment = Facts(try command.run().succeeded().output).environment
                #expect(environment["TERM"] == "xterm-256color")
                #expect(environment["PATH"] == "/nowhere:/tools")
                #expect(environment["CALLER"] == nil)
                let missing = try rkt("enter", uuid, "inspect", "env")
                #expect(missing.status != 0 && missing.errors.contains("\"inspect\""), "\(missing)")
                pod.signal(15)
                pod.wait()
            }
        }

        @Test func `while a command is stopped rkt is too, and both go on together`() throws {
            try RktFixture.with { rkt throws in
                let (pod, uuid) = try rkt.startWaitingPod()
                let entering = try rkt.start([
                    "enter", uuid, "/inspect", "ready", "before", "+", "kill", "19", "+", "exit", "5",
                ])
                try entering.waitForOutput("ready=before")
                try waitUntil("rkt to be stopped") {
                    try readText(FilePath("/proc/\(entering.pid)/stat")).contains(") T ")
                }
                entering.signal(SIGCONT)
                #expect(entering.wait(.seconds(20)).ending == .exited(5))
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
