import Glibc
import JSON
import SystemPackage
import TestSupport
import Testing

/// Whether the images are copied for the pod instead of being laid under it.
private let copied = [false, true]

private func options(_ copied: Bool) -> [String] { ["--private-users"] + (copied ? ["--no-overlay"] : []) }

extension Integration {
    /// Pods whose apps come and go, with users that are not those of the host.
    @Suite struct MutablePrivateUsers {
        @Test(arguments: copied)
        func `an added app is root of the pod's users, and nobody outside`(copied: Bool) throws {
            try RktFixture.with { rkt throws in
                let (pod, uuid) = try rkt.startSandbox(options(copied))
                let shift = try rkt.shift(of: uuid)
                try rkt(
                    "app", "add", uuid, ownedImage(rkt), "--name=web", "--", "user", "+", "namespaces", "+", "status",
                    "+", "write", "/etc/new", "x", "+", "chown", "/etc/new", "1000", "1001", "+", "append",
                    "/etc/owned",
                    "x", "+", "device", "c", "1", "3", "/etc", "+", "wait", "60"
                ).succeeded()
                #expect(try rkt.appState("web", uuid) == "created")
                try rkt("app", "start", uuid, "--app=web").succeeded()
                #expect(try rkt.appState("web", uuid) == "running")
                try pod.waitForOutput("waiting=")
                let own = Facts(pod.outputSoFar)
                for name in ["uid", "euid", "gid", "egid"] { #expect(own[name] == "0") }
                for name in ["chown /etc/new", "append /etc/owned"] { #expect(own[name] == "ok", "\(name)") }
                #expect(own["device c 1:3"] == "mknod=EPERM")
                let first = try readText(rkt.podDirectory(uuid).appending("pid")).split(separator: "\n").first ?? ""
                let children = try readText(FilePath("/proc/\(first)/task/\(first)/children")).split(separator: " ")
                #expect(children.count == 1)
                for process in [first] + children {
                    let status = try readText(FilePath("/proc/\(process)/status")).split(separator: "\n")
                    for field in ["Uid:", "Gid:"] {
                        let numbers = status.first { $0.hasPrefix(field) }?.split(separator: "\t").dropFirst() ?? []
                        #expect(numbers.map(String.init) == Array(repeating: "\(shift)", count: 4), "\(process)")
                    }
                }
                let inside = Facts(
                    try rkt(
                        "app", "exec", uuid, "/inspect", "user", "+", "namespaces", "+", "status", "+", "stat", "/",
                        "+",
                        "stat", "/etc", "+", "stat", "/etc/owned", "+", "stat", "/etc/new", "+", "stat", "/etc/mtab",
                        "+",
                        "stat", "/etc/hosts", "+", "stat", "/tmp", "+", "stat", "/dev/null", "+", "open-write",
                        "/dev/null"
                    ).succeeded().output)
                #expect(inside["uid"] == "0")
                for name in ["user", "mnt", "pid", "uts", "ipc", "cgroup", "net"] {
                    #expect(inside["ns.\(name)"] == own["ns.\(name)"], "\(name)")
                }
                for name in ["CapEff", "CapBnd", "NoNewPrivs", "Seccomp"] { #expect(inside[name] == own[name]) }
                for path in ["/", "/etc", "/etc/mtab", "/etc/hosts", "/tmp"] {
                    let words = inside["stat \(path)"]?.split(separator: " ").map(String.init) ?? []
                    #expect(words[cell: 2] == "0:0", "\(path): \(words)")
                }
                // Writing took the set-user-ID bit away.
                #expect(inside["stat /etc/owned"]?.hasPrefix("file 0o750 5:6 ") == true, "\(inside)")
                #expect(inside["stat /etc/new"]?.hasPrefix("file 0o644 1000:1001 ") == true, "\(inside)")
                #expect(inside["open-write /dev/null"] == "ok")
                let new = try FileFacts(rkt.changedRoot(of: "web", in: uuid, copied: copied).appending("etc/new"))
                #expect((new.user, new.group) == (shift + 1000, shift + 1001))
                try rkt.stop(pod, uuid)
                #expect(try rkt("app", "list", "--no-legend", uuid).succeeded().text.hasSuffix("exited"))
                try rkt.collectGarbage()
            }
        }

        @Test(arguments: copied)
        func `what becomes of an app is told, and it can be started again`(copied: Bool) throws {
            try RktFixture.with { rkt throws in
                let (pod, uuid) = try rkt.startSandbox(options(copied))
                try rkt(
                    "app", "add", uuid, rkt.probeImage(), "--name=web", "--user=web", "--group=web", "--", "open-write",
                    "/proc/self/fd/1", "+", "exists", "/tmp/mark", "+", "write", "/tmp/mark", "x", "+", "exit", "3"
                ).succeeded()
                var starts: [JSONValue?] = []
                for _ in 0..<2 {
                    try rkt("app", "start", uuid, "--app=web").succeeded()
                    try rkt.waitForApp("web", uuid, "exited")
                    let status = try JSONValue(
                        parsing: Array(rkt("app", "status", uuid, "--app=web", "--format=json").succeeded().text.utf8))
                    #expect(status["exit_code"]?.number?.text == "3")
                    for time in ["created_at", "started_at", "finished_at"] { #expect(status[time] != nil, "\(time)") }
                    starts.append(status["started_at"])
                }
                #expect(starts.first != starts.last)
                #expect(pod.isRunning)
                let logs = Facts(try rkt("logs", uuid).succeeded().output)
                #expect(logs.all("open-write /proc/self/fd/1") == ["ok", "ok"])
                #expect(logs.all("exists /tmp/mark") == ["no", "yes"])
                try rkt("app", "add", uuid, rkt.probeImage(), "--name=bad", "--exec=/no/such").succeeded()
                try rkt("app", "start", uuid, "--app=bad").refused("failed to start")
                #expect(try rkt.appState("bad", uuid) == "created")
                try rkt.stop(pod, uuid)
                #expect(try rkt("status", uuid).succeeded().lines.contains("app-web=3"))
                try rkt("rm", uuid).succeeded()
                #expect(rkt.podIDs == [])
            }
        }

        @Test(arguments: copied)
        func `volumes of an added app keep their owners, and devices work`(copied: Bool) throws {
            try RktFixture.with { rkt throws in
                let source = try rkt.source(["root": "r", "web": "w"])
                try #require(chown(source.appending("web").string, 1000, 1001) == 0)
                try #require(chmod(source.appending("root").string, 0o600) == 0)
                try #require(chown(source.string, 1000, 1001) == 0)
                let (pod, uuid) = try rkt.startSandbox(options(copied))
                func volume(_ text: String) -> String { "--mnt-volume=name=\(text)" }
                try rkt(
                    "app", "add", uuid, rkt.probeImage(), "--name=web", "--user=web", "--group=web",
                    volume("data,kind=host,source=\(source),target=/data"),
                    volume("null,kind=host,source=/dev/null,target=/dev/mine"),
                    volume("fixed,kind=host,source=\(source.appending("web")),target=/fixed,readOnly=true"),
                    volume("zero,kind=host,source=/dev/zero,target=/dev/nought"),
                    volume("box,kind=empty,mode=1770,uid=1000,gid=6,target=/box"), "--", "wait", "60"
                ).succeeded()
                try rkt("app", "start", uuid, "--app=web").succeeded()
                func ask(_ user: String, _ words: String) throws -> Facts {
                    let words = words.split(separator: " ").map(String.init)
                    return Facts(
                        try rkt(["app", "exec", "--user=\(user)", uuid, "/inspect"] + words).succeeded().output)
                }
                let root = try ask(
                    "0",
                    "stat /data/root + stat /data/web + write /data/new x + stat /box + append /fixed x "
                        + "+ stat /dev/mine + stat /dev/nought")
                #expect(root["stat /data/root"]?.hasPrefix("file 0o600 0:0 ") == true)
                #expect(root["stat /data/web"]?.hasPrefix("file 0o644 1000:1001 ") == true)
                #expect(root["write /data/new"] == "ok")
                #expect(root["stat /box"]?.hasPrefix("directory 0o1770 1000:6") == true, "\(root)")
                #expect(root["append /fixed"] == "EROFS")
                #expect(root["stat /dev/mine"]?.hasPrefix("char 0o666 0:0 ") == true, "\(root)")
                #expect(root["stat /dev/nought"]?.hasSuffix("1:5") == true, "\(root)")
                let app = try ask("app", "read /data/root + write /data/mine x + write /box/x 1 + write /dev/mine x")
                #expect(app["read /data/root"] == "EACCES")
                for path in ["/data/mine", "/box/x", "/dev/mine"] { #expect(app["write \(path)"] == "ok", "\(path)") }
                #expect(try FileFacts(source.appending("new")).user == 0)
                let mine = try FileFacts(source.appending("mine"))
                #expect((mine.user, mine.group) == (1000, 1001))
                let shift = try rkt.shift(of: uuid)
                let volumes = try rkt.podDirectory(uuid).appending("sharedVolumes")
                #expect(try FileFacts(volumes.appending("web.box")).user == shift + 1000)
                try rkt("app", "rm", uuid, "--app=web").succeeded()
                #expect(try entries(of: volumes) == [])
                try rkt.stop(pod, uuid)
                try rkt.collectGarbage()
            }
        }

        @Test(arguments: copied)
        func `an app is removed and added anew without a trace, inside or on the host`(copied: Bool) throws {
            try RktFixture.with { rkt throws in
                let (pod, uuid) = try rkt.startSandbox(options(copied))
                let image = try rkt.probeImage()
                let first = try readText(rkt.podDirectory(uuid).appending("pid")).split(separator: "\n").first ?? ""
                func mounts(_ process: String) throws -> [String] {
                    try readText(FilePath("/proc/\(process)/mountinfo")).split(separator: "\n").map(String.init)
                }
                let before = try mounts(String(first))
                let host = try mounts("self")
                for _ in 0..<2 {
                    try rkt(
                        "app", "add", uuid, image, "--name=web",
                        "--mnt-volume=name=n,kind=host,source=/dev/null,target=/dev/mine",
                        "--mnt-volume=name=b,kind=empty,target=/box", "--", "exists", "/box/x", "+", "wait", "60"
                    ).succeeded()
                    #expect(try mounts("self") == host)
                    try rkt("app", "start", uuid, "--app=web").succeeded()
                    #expect(try mounts("self") == host)
                    let facts = Facts(
                        try rkt(
                            "enter", uuid, "/inspect", "exists", "/box/x", "+", "write", "/box/x", "1", "+", "exists",
                            "/tmp/x", "+", "write", "/tmp/x", "1"
                        ).succeeded().output)
                    #expect(facts["exists /box/x"] == "no" && facts["exists /tmp/x"] == "no")
                    #expect(facts["write /box/x"] == "ok" && facts["write /tmp/x"] == "ok")
                    try rkt("app", "stop", uuid, "--app=web").succeeded()
                    #expect(try rkt.appState("web", uuid) == "exited")
                    try rkt("app", "rm", uuid, "--app=web").succeeded()
                    #expect(try mounts(String(first)) == before)
                    let directory = try rkt.podDirectory(uuid)
                    #expect(!exists(directory.appending("appsinfo/web")))
                    #expect(!exists(directory.appending("stage1/rootfs/opt/stage2/web")))
                    for tree in (try? entries(of: directory.appending("overlay"))) ?? [] {  // none where it is copied
                        #expect(!exists(directory.appending("overlay/\(tree)/upper/web")))
                        #expect(!exists(directory.appending("overlay/\(tree)/upper/opt/stage2/web")))
                    }
                }
                try rkt.stop(pod, uuid)
                try rkt.collectGarbage()
            }
        }

        @Test(arguments: copied)
        func `what cannot be added is refused, and leaves the pod as it was`(copied: Bool) throws {
            try RktFixture.with { rkt throws in
                let (pod, uuid) = try rkt.startSandbox(options(copied))
                let image = try rkt.probeImage()
                let manifest = try rkt("cat-manifest", uuid).succeeded().output
                func refused(_ options: [String], _ sentence: String) throws {
                    try rkt(["app", "add", uuid, image, "--name=web"] + options).refused(sentence)
                    #expect(try rkt("cat-manifest", uuid).succeeded().output == manifest)
                    #expect(!exists(try rkt.podDirectory(uuid).appending("appsinfo/web")))
                }
                try refused(["--user=65536"], "user 65536 is not in the pod's user namespace, which has 0 to 65535")
                try refused(
                    ["--mnt-volume=name=v,kind=host,source=/proc/fs,target=/v"], "cannot be mounted with other owners")
                try refused(["--mnt-volume=name=v,kind=host,source=/no/such,target=/v"], "/no/such")
                try rkt("app", "add", uuid, image, "--name=web", "--", "wait", "60").succeeded()
                #expect(try rkt.appState("web", uuid) == "created")
                try rkt.stop(pod, uuid)
                try rkt.collectGarbage()
            }
        }

        @Test(arguments: copied)
        func `an app of an exited pod is exported with the owners inside, and can be removed`(copied: Bool) throws {
            try RktFixture.with { rkt throws in
                let (pod, uuid) = try rkt.startSandbox(options(copied))
                try rkt(
                    "app", "add", uuid, ownedImage(rkt), "--name=web", "--", "write", "/etc/new", "fresh", "+", "chown",
                    "/etc/new", "7", "8", "+", "remove", "/etc/group"
                ).succeeded()
                try rkt("app", "start", uuid, "--app=web").succeeded()
                try rkt.waitForApp("web", uuid, "exited")
                try rkt("app", "add", uuid, rkt.probeImage(), "--name=other").succeeded()
                try rkt.stop(pod, uuid)
                let out = rkt.directory.appending("out.aci")
                try rkt("export", "--app=web", uuid, out.string).succeeded()
                let exported = try rkt.fetch(out)
                for options in [[], ["--private-users"]] {
                    let facts = try rkt.ask(
                        "stat /etc/owned + stat /etc/new + read /etc/new + exists /etc/group + stat /",
                        options: options, appOptions: ["--group=0"], image: exported)
                    #expect(facts["stat /etc/owned"]?.hasPrefix("file 0o4750 5:6 1") == true)
                    #expect(facts["stat /etc/new"]?.hasPrefix("file 0o644 7:8 ") == true)
                    #expect(facts["read /etc/new"] == "fresh\\n")
                    #expect(facts["exists /etc/group"] == "no")
                    #expect(facts["stat /"]?.split(separator: " ")[2] == "0:0")
                }
                for name in ["web", "other"] { try rkt("app", "rm", uuid, "--app=\(name)").succeeded() }
                #expect(try rkt("app", "list", "--no-legend", uuid).succeeded().text.isEmpty)
                try rkt.collectGarbage()
            }
        }

        @Test(arguments: copied)
        func `a killed sandbox leaves nothing after gc`(copied: Bool) throws {
            try RktFixture.with { rkt throws in
                let (pod, uuid) = try rkt.startSandbox(options(copied))
                try rkt(
                    "app", "add", uuid, rkt.probeImage(), "--name=web", "--memory=64Mi",
                    "--mnt-volume=name=b,kind=empty,target=/box", "--", "write", "/box/x", "1", "+", "wait", "60"
                ).succeeded()
                try rkt("app", "start", uuid, "--app=web").succeeded()
                pod.signal(9)
                pod.wait()
                try waitUntil("the pod is no longer running") {
                    try rkt("status", uuid).succeeded().output.contains("state=exited")
                }
                try rkt.collectGarbage()
            }
        }

        private func ownedImage(_ rkt: RktFixture) throws -> String {
            try rkt.fetch(
                RktFixture.probe("example.com/a").entry(
                    .file("rootfs/etc/owned", "o", mode: 0o4750).with {
                        $0.user = 5; $0.group = 6
                    }))
        }
    }
}
