import Glibc
import JSON
import SystemPackage
import TestSupport
import Testing

extension Integration {
    /// Pods whose apps come and go.
    @Suite struct MutablePods {
        @Test(arguments: [[], ["--no-overlay"]])
        func `an empty pod waits for apps, and stays when they have ended`(options: [String]) throws {
            try RktFixture.with { rkt throws in
                let (pod, uuid) = try rkt.startSandbox(options)
                #expect(try rkt("app", "list", uuid).succeeded().lines.count == 1)
                try rkt("app", "list", "--no-legend", uuid).succeeded()
                let image = try rkt.probeImage()
                let added = try rkt("app", "add", uuid, image, "--name=one", "--", "echo", "hello", "+", "exit", "3")
                #expect(try added.succeeded().output.isEmpty)
                #expect(try rkt.appState("one", uuid) == "created")
                try rkt("app", "start", uuid, "--app=one").succeeded()
                try rkt.waitForApp("one", uuid, "exited")
                let status = try JSONValue(
                    parsing: Array(rkt("app", "status", uuid, "--app=one", "--format=json").succeeded().text.utf8))
                #expect(status["exit_code"]?.number?.text == "3")
                for time in ["created_at", "started_at", "finished_at"] { #expect(status[time] != nil, "\(time)") }
                #expect(pod.isRunning)
                #expect(try rkt("status", uuid).succeeded().lines.first == "state=running")
                try rkt("app", "start", uuid, "--app=one").succeeded()
                try rkt.waitForApp("one", uuid, "exited")
                let again = try JSONValue(
                    parsing: Array(rkt("app", "status", uuid, "--app=one", "--format=json").succeeded().text.utf8))
                #expect(again["started_at"] != status["started_at"])
                #expect(again["created_at"] == status["created_at"])
                try rkt.stop(pod, uuid)
                #expect(try rkt("app", "list", "--no-legend", uuid).succeeded().text.hasSuffix("exited"))
                try rkt.collectGarbage()
            }
        }

        @Test(arguments: [[], ["--no-overlay"]])
        func `two apps of one image share nothing that they write`(options: [String]) throws {
            try RktFixture.with { rkt throws in
                let (pod, uuid) = try rkt.startSandbox(options)
                let image = try rkt.probeImage()
                for name in ["one", "two"] {
                    try rkt(
                        "app", "add", uuid, image, "--name=\(name)", "--environment=WHO=\(name)", "--",
                        "write", "/tmp/\(name)", "x", "+", "wait", "60"
                    ).succeeded()
                    try rkt("app", "start", uuid, "--app=\(name)").succeeded()
                }
                for (name, other) in [("one", "two"), ("two", "one")] {
                    let facts = Facts(
                        try rkt(
                            "app", "exec", "--app=\(name)", uuid, "/inspect", "env", "+", "exists", "/tmp/\(name)", "+",
                            "exists", "/tmp/\(other)"
                        ).succeeded().output)
                    #expect(facts.environment["WHO"] == name && facts.environment["AC_APP_NAME"] == name)
                    #expect(facts["exists /tmp/\(name)"] == "yes" && facts["exists /tmp/\(other)"] == "no")
                }
                try rkt("app", "rm", uuid, "--app=one").succeeded()
                #expect(try rkt.appState("two", uuid) == "running", "the other app of the image is left alone")
                let facts = Facts(
                    try rkt("app", "exec", uuid, "/inspect", "read", "/tmp/two").succeeded().output)
                #expect(facts["read /tmp/two"] == "x\\n")
                try rkt.stop(pod, uuid)
                try rkt.collectGarbage()
            }
        }

        @Test(arguments: [[], ["--no-overlay"]])
        func `an app is stopped, removed, and added anew without a trace`(options: [String]) throws {
            try RktFixture.with { rkt throws in
                let (pod, uuid) = try rkt.startSandbox(options)
                let image = try rkt.probeImage()
                for _ in 0..<2 {
                    try rkt("app", "add", uuid, image, "--name=web", "--", "exists", "/tmp/mark", "+", "wait", "60")
                        .succeeded()
                    #expect(try rkt.appState("web", uuid) == "created")
                    try rkt("app", "stop", uuid, "--app=web").refused("app \"web\" is not running")
                    try rkt("app", "start", uuid, "--app=web").succeeded()
                    #expect(try rkt.appState("web", uuid) == "running")
                    let facts = Facts(
                        try rkt("enter", uuid, "/inspect", "exists", "/tmp/mark", "+", "write", "/tmp/mark", "x")
                            .succeeded().output)
                    #expect(facts["exists /tmp/mark"] == "no")
                    try rkt("app", "stop", uuid, "--app=web").succeeded()
                    #expect(try rkt.appState("web", uuid) == "exited", "it has ended when stop returns")
                    try rkt("app", "start", uuid, "--app=web").succeeded()
                    try rkt("app", "rm", uuid, "--app=web").succeeded()
                    #expect(try rkt("app", "list", "--no-legend", uuid).succeeded().text.isEmpty)
                    let directory = try rkt.podDirectory(uuid)
                    #expect(!exists(directory.appending("appsinfo/web")))
                    for tree in (try? entries(of: directory.appending("overlay"))) ?? [] {  // none without overlayfs
                        #expect(!exists(directory.appending("overlay/\(tree)/upper/web")))
                    }
                }
                try rkt("app", "rm", uuid, "--app=web").refused("nonexistent app \"web\"")
                try rkt.stop(pod, uuid)
                try rkt.collectGarbage()
            }
        }

        @Test func `volumes, limits and confinement of an added app are those of an app of run`() throws {
            try RktFixture.with { rkt throws in
                let source = try rkt.source(["secret": "x"])
                let (pod, uuid) = try rkt.startSandbox()
                let questions =
                    "status + namespaces + umask + read /data/secret + write /data/new 1 + write /scratch/a b"
                try rkt(
                    ["app", "add", uuid, rkt.probeImage(), "--name=web", "--memory=64Mi", "--user=web", "--group=web"]
                        + ["--mnt-volume=name=data,kind=host,source=\(source),target=/data,readOnly=true"]
                        + ["--mnt-volume=name=scratch,kind=empty,mode=0777,target=/scratch", "--"]
                        + (questions + " + wait 60").split(separator: " ").map(String.init)
                ).succeeded()
                try rkt("app", "start", uuid, "--app=web").succeeded()
                let inside = Facts(
                    try rkt(
                        ["enter", "--user=app", uuid, "/inspect"] + questions.split(separator: " ").map(String.init)
                    ).succeeded().output)
                #expect(inside["Uid"] == "1000 1000 1000 1000")
                #expect(inside["read /data/secret"] == "x")
                #expect(inside["write /data/new"] == "EROFS")
                #expect(inside["write /scratch/a"] == "ok")
                #expect(inside["Seccomp"] == "2")
                let reference = try rkt.ask("status", appOptions: ["--user=web", "--group=web"])
                for name in ["CapBnd", "CapPrm", "CapAmb", "NoNewPrivs", "Seccomp", "Seccomp_filters"] {
                    #expect(inside[name] == reference[name], "\(name)")
                }
                if Requirements.memoryController {
                    let hog = try rkt("enter", uuid, "/inspect", "memory", "268435456", "+", "echo", "survived")
                    #expect(!hog.output.contains("survived"), "\(hog)")
                }
                let listed = try rkt("app", "status", uuid, "--app=web").succeeded().lines
                #expect(
                    listed.contains("mounts=") && listed.contains { $0.hasPrefix("\(source):/data:(read_only:true)") })
                try rkt.stop(pod, uuid)
            }
        }

        @Test func `nothing of an added app is mounted on the host or in another app`() throws {
            try RktFixture.with { rkt throws in
                let (pod, uuid) = try rkt.startSandbox()
                let image = try rkt.probeImage()
                try rkt("app", "add", uuid, image, "--name=one", "--", "wait", "60").succeeded()
                try rkt("app", "start", uuid, "--app=one").succeeded()
                func mounts() throws -> [String] {
                    Facts(try rkt("enter", "--app=one", uuid, "/inspect", "mounts").succeeded().output).all("mount")
                }
                let host = try Command("/bin/cat", ["/proc/self/mountinfo"]).run().lines
                let before = try mounts()
                try rkt("app", "add", uuid, image, "--name=two", "--", "wait", "60").succeeded()
                try rkt("app", "start", uuid, "--app=two").succeeded()
                #expect(try mounts() == before)
                #expect(try Command("/bin/cat", ["/proc/self/mountinfo"]).run().lines == host)
                try rkt.stop(pod, uuid)
            }
        }

        @Test func `what an app leaves running ends with it`() throws {
            try RktFixture.with { rkt throws in
                let (pod, uuid) = try rkt.startSandbox()
                try rkt(
                    "app", "add", uuid, rkt.probeImage(), "--name=web", "--", "linger", "60000", "+", "exit", "0"
                ).succeeded()
                try rkt("app", "start", uuid, "--app=web").succeeded()
                try rkt.waitForApp("web", uuid, "exited")
                try rkt("app", "rm", uuid, "--app=web").succeeded()
                try rkt("app", "add", uuid, rkt.probeImage(), "--name=web", "--", "processes", "+", "wait", "60")
                    .succeeded()
                try rkt("app", "start", uuid, "--app=web").succeeded()
                let facts = Facts(try rkt("enter", uuid, "/inspect", "processes").succeeded().output)
                #expect(facts.starting("process ").count == 3, "\(facts)")  // the first, the app, the one that looks
                try rkt.stop(pod, uuid)
            }
        }

        @Test func `what fails leaves everything as it was`() throws {
            try RktFixture.with { rkt throws in
                let (pod, uuid) = try rkt.startSandbox()
                let image = try rkt.probeImage()
                let manifest = try rkt("cat-manifest", uuid).succeeded().output
                try rkt("app", "add", uuid, image, "--name=web", "--user=nobody").refused("nobody")
                #expect(try rkt("cat-manifest", uuid).succeeded().output == manifest)
                try rkt(
                    "app", "add", uuid, image, "--name=web",
                    "--mnt-volume=name=a,kind=host,source=/no/such,target=/a"
                ).refused("/no/such")
                #expect(try rkt("cat-manifest", uuid).succeeded().output == manifest)
                #expect(!exists(try rkt.podDirectory(uuid).appending("appsinfo/web")))

                try rkt("app", "add", uuid, image, "--name=web", "--exec=/no/such").succeeded()
                try rkt("app", "start", uuid, "--app=web").refused("failed to start")
                #expect(try rkt.appState("web", uuid) == "created")
                #expect(pod.isRunning)
                try rkt("app", "rm", uuid, "--app=web").succeeded()
                try rkt("app", "add", uuid, image, "--name=web", "--", "wait", "60").succeeded()
                try rkt("app", "add", uuid, image, "--name=web").refused("error: multiple apps with name web")
                try rkt("app", "start", uuid, "--app=web").succeeded()
                try rkt("app", "start", uuid, "--app=web").succeeded()
                #expect(try rkt.appState("web", uuid) == "running", "starting what runs changes nothing")
                try rkt.stop(pod, uuid)
            }
        }

        @Test func `several are added at once`() throws {
            try RktFixture.with { rkt throws in
                let (pod, uuid) = try rkt.startSandbox()
                let image = try rkt.probeImage()
                let adding = try (0..<5).map {
                    try rkt.start(["app", "add", uuid, image, "--name=app-\($0)", "--", "wait", "60"])
                }
                for command in adding { #expect(command.wait().status == 0) }
                let starting = try (0..<5).map { try rkt.start(["app", "start", uuid, "--app=app-\($0)"]) }
                for command in starting { #expect(command.wait().status == 0) }
                let list = try rkt("app", "list", "--no-legend", uuid).succeeded().lines
                #expect(list.count == 5 && list.allSatisfy { $0.hasSuffix("running") }, "\(list)")
                try rkt.stop(pod, uuid)
                #expect(pod.wait().status == 0)
                try rkt.collectGarbage()
            }
        }

        @Test func `pods and stage1 images that cannot do it say so`() throws {
            try RktFixture.with { rkt throws in
                try rkt("app", "sandbox", "--stage1-from-dir=stage1-fly.aci", "--insecure-options=image", "--net=host")
                    .refused("stage1 does not support mutable pods", status: 1)
                #expect(rkt.podIDs.isEmpty)
                let image = try rkt.probeImage()
                let (pod, uuid) = try rkt.startWaitingPod(appOptions: ["--name=web"])
                try rkt("app", "add", uuid, image).refused("add: error adding app to pod: immutable pod")
                try rkt("app", "start", uuid, "--app=web").refused("immutable pod")
                try rkt("app", "stop", uuid, "--app=web").refused("immutable pod")
                try rkt("app", "rm", uuid, "--app=web").refused("immutable pod")
                #expect(
                    try rkt("app", "list", "--no-legend", uuid).succeeded().text.split { $0 == "\t" } == [
                        "web", "running",
                    ])
                #expect(try rkt.appState("web", uuid) == "running")
                try rkt("app", "add", uuid).refused("must provide the pod UUID and an IMAGEID")
                try rkt("app", "add", uuid, image, image).refused("must give only one app")
                try rkt("app", "add", uuid, "example.com/not-there").refused("")
                try rkt("app", "start", uuid).refused("must provide the app to start")
                try rkt("app", "status", uuid, "--app=none").refused("cannot find app \"none\" in the pod", status: 1)
                #expect(try rkt("app", "status", uuid).status == 1)
                #expect(try rkt("app", "list").status == 1)
                pod.signal(15)
                pod.wait()
                try rkt("app", "add", uuid, image).refused("pod \"\(uuid)\" isn't currently running")
                #expect(
                    try rkt("app", "stop", uuid, "--app=web").succeeded().text == "pod \"\(uuid)\" is already stopped")
            }
        }

        @Test func `an exited pod can lose its apps too`() throws {
            try RktFixture.with { rkt throws in
                let (pod, uuid) = try rkt.startSandbox()
                try rkt("app", "add", uuid, rkt.probeImage(), "--name=web", "--", "write", "/made", "x").succeeded()
                try rkt("app", "start", uuid, "--app=web").succeeded()
                try rkt.waitForApp("web", uuid, "exited")
                try rkt.stop(pod, uuid)
                let out = rkt.directory.appending("out.aci")
                try rkt("export", uuid, out.string).succeeded()
                #expect(try rkt.ask("read /made", image: rkt.fetch(out))["read /made"] == "x\\n")
                try rkt("app", "rm", uuid, "--app=web").succeeded()
                #expect(try rkt("app", "list", "--no-legend", uuid).succeeded().text.isEmpty)
                try rkt.collectGarbage()
            }
        }

        @Test func `an added app can open its own output anew, whoever it runs as`() throws {
            try RktFixture.with { rkt throws in
                let (pod, uuid) = try rkt.startSandbox()
                try rkt(
                    "app", "add", uuid, rkt.probeImage(), "--name=web", "--user=web", "--group=web", "--", "open-write",
                    "/proc/self/fd/1", "+", "open-write", "/proc/self/fd/2"
                ).succeeded()
                try rkt("app", "start", uuid, "--app=web").succeeded()
                try rkt.waitForApp("web", uuid, "exited")
                try rkt.stop(pod, uuid)
                let facts = Facts(pod.outputSoFar)
                for number in [1, 2] { #expect(facts["open-write /proc/self/fd/\(number)"] == "ok", "\(facts)") }
            }
        }

        @Test(.enabled(if: Requirements.pidsController, "no controller of process numbers that can be used"))
        func `an app for which the pod may have no process is refused, and the others go on`() throws {
            try RktFixture.with { rkt throws in
                let (pod, uuid) = try rkt.startSandbox()
                for name in ["one", "two"] {
                    try rkt("app", "add", uuid, rkt.probeImage(), "--name=\(name)", "--", "wait", "60").succeeded()
                }
                try rkt("app", "start", uuid, "--app=one").succeeded()
                let directories = try readText(rkt.podDirectory(uuid).appending("cgroups")).split(separator: "\n")
                let limit = try #require(
                    directories.map { FilePath("\($0)/pids.max") }.first { exists($0) }, "\(directories)")
                try writeText("1", to: limit)
                try rkt("app", "start", uuid, "--app=two").refused("Resource temporarily unavailable")
                #expect(pod.isRunning)
                #expect(try rkt.appState("one", uuid) == "running")
                #expect(try rkt.appState("two", uuid) == "created")
                #expect(try rkt("app", "stop", uuid, "--app=two").errors.contains("app \"two\" is not running"))
                try writeText("max", to: limit)
                try rkt("app", "start", uuid, "--app=two").succeeded()
                #expect(try rkt.appState("two", uuid) == "running")
                #expect(try rkt("app", "exec", "--app=two", uuid, "/inspect", "pid").succeeded().status == 0)
                try rkt.stop(pod, uuid)
                try rkt.collectGarbage()
            }
        }

        @Test(arguments: [[], ["--private-users"]])
        func `start waits until an app has said that it is ready that promised to`(options: [String]) throws {
            try RktFixture.with { rkt throws in
                let image = try rkt.fetch(
                    RktFixture.probe("example.com/slow").annotation("appc.io/executor/supports-systemd-notify", "true"))
                let (pod, uuid) = try rkt.startSandbox(options)
                try rkt(
                    "app", "add", uuid, image, "--name=slow", "--user=web", "--group=web", "--readonly-rootfs=true",
                    "--",
                    "env", "+", "notify", "STATUS=warming", "+", "wait", "60", "+", "notify", "READY=1", "+", "wait",
                    "60"
                ).succeeded()
                for round in 1...2 {
                    let starting = try rkt.start(["app", "start", uuid, "--app=slow"])
                    try waitUntil("the app to wait") { Facts(pod.outputSoFar).all("waiting").count == 2 * round - 1 }
                    let facts = Facts(pod.outputSoFar)
                    #expect(facts.environment["NOTIFY_SOCKET"] == "/run/systemd/notify")
                    #expect(facts.all("notify STATUS").count == round && facts["notify STATUS"] == "warming=ok")
                    let entered = Facts(try rkt("enter", uuid, "/inspect", "env").succeeded().output)
                    #expect(entered.environment["NOTIFY_SOCKET"] == nil)
                    try rkt(
                        "app", "add", uuid, image, "--name=other-\(round)", "--", "notify", "READY=1", "+", "echo", "x"
                    )
                    .succeeded()
                    #expect(starting.isRunning, "others come meanwhile")
                    try rkt("app", "rm", uuid, "--app=other-\(round)").succeeded()
                    try signalApp(rkt, uuid, SIGUSR1)
                    try starting.wait(.seconds(20)).succeeded()
                    #expect(try rkt.appState("slow", uuid) == "running")
                    try rkt("app", "stop", uuid, "--app=slow").succeeded()
                }
                let starting = try rkt.start(["app", "start", uuid, "--app=slow"])
                try waitUntil("the app to wait") { Facts(pod.outputSoFar).all("waiting").count == 5 }
                try signalApp(rkt, uuid, SIGKILL)
                starting.wait(.seconds(20)).refused("failed to start")
                #expect(try rkt.appState("slow", uuid) == "exited", "as it was before")
                #expect(pod.isRunning)
                try rkt("app", "rm", uuid, "--app=slow").succeeded()
                #expect(try entries(of: rkt.podDirectory(uuid).appending("notify")) == [])
                try rkt.stop(pod, uuid)
                try rkt.collectGarbage()
            }
        }

        /// Sends a signal to the only app that runs.
        private func signalApp(_ rkt: RktFixture, _ uuid: String, _ number: CInt) throws {
            let first = try readText(rkt.podDirectory(uuid).appending("pid")).split(separator: "\n").first ?? ""
            let children = try readText(FilePath("/proc/\(first)/task/\(first)/children")).split(separator: " ")
            kill(try #require(children.first.flatMap { CInt($0) }), number)
        }
    }
}
