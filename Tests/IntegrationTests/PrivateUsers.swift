import Glibc
import SystemPackage
import TestSupport
import Testing

/// Whether the images are copied for the pod instead of being laid under it.
private let copied = [false, true]

private func options(_ copied: Bool) -> [String] { ["--private-users"] + (copied ? ["--no-overlay"] : []) }

extension Integration {
    /// Pods whose users are not those of the host.
    @Suite struct PrivateUsers {
        @Test(arguments: copied)
        func `root in the app is nobody outside`(copied: Bool) throws {
            try RktFixture.with { rkt throws in
                let (pod, uuid) = try rkt.startWaitingPod(
                    options: options(copied), questions: "user + read /proc/self/uid_map + read /proc/self/gid_map")
                let shift = try rkt.shift(of: uuid)
                #expect(shift >= 65536 && shift % 65536 == 0)
                let first = try readText(rkt.podDirectory(uuid).appending("pid")).split(separator: "\n").first ?? ""
                let children = try readText(FilePath("/proc/\(first)/task/\(first)/children")).split(separator: " ")
                #expect(!children.isEmpty)
                for process in [first] + children {
                    let status = try readText(FilePath("/proc/\(process)/status")).split(separator: "\n")
                    for field in ["Uid:", "Gid:"] {
                        let numbers = status.first { $0.hasPrefix(field) }?.split(separator: "\t").dropFirst() ?? []
                        #expect(numbers.map(String.init) == Array(repeating: "\(shift)", count: 4), "\(process)")
                    }
                }
                pod.signal(15)
                let facts = Facts(pod.wait().output)
                for name in ["uid", "euid", "gid", "egid"] { #expect(facts[name] == "0") }
                for map in ["uid_map", "gid_map"] {
                    let numbers = facts["read /proc/self/\(map)"]?.split(separator: " ").map(String.init) ?? []
                    #expect(numbers == ["0", "\(shift)", "65536\\n"], "\(facts)")
                }
                try rkt.collectGarbage()
            }
        }

        @Test(arguments: copied)
        func `files have the owners of the image inside and shifted ones on the disk`(copied: Bool) throws {
            try RktFixture.with { rkt throws in
                let image = try rkt.fetch(
                    RktFixture.probe("example.com/a").entry(
                        .file("rootfs/etc/owned", "o", mode: 0o4750).with {
                            $0.user = 5; $0.group = 6
                        }
                    ).entry(
                        .file("rootfs/etc/high").with {
                            $0.user = 70_000; $0.group = 65_535
                        }))
                let facts = try rkt.ask(
                    "stat / + stat /etc + stat /etc/owned + stat /etc/high + write /etc/new x + stat /etc/new "
                        + "+ append /etc/owned x + chown /etc/new 1000 1001 + stat /etc/mtab + stat /proc + stat /tmp "
                        + "+ stat /dev + stat /dev/shm + stat /etc/hosts",
                    options: options(copied), image: image)
                for path in ["/", "/etc", "/etc/new", "/etc/mtab", "/tmp", "/dev", "/dev/shm", "/etc/hosts"] {
                    let words = facts["stat \(path)"]?.split(separator: " ").map(String.init) ?? []
                    #expect(words[cell: 2] == "0:0", "\(path): \(words)")
                }
                #expect(facts["stat /etc/owned"]?.hasPrefix("file 0o4750 5:6 ") == true)
                #expect(facts["stat /etc/high"]?.split(separator: " ")[2].hasPrefix("65534:") == true)
                #expect(facts["append /etc/owned"] == "ok")
                #expect(facts["chown /etc/new"] == "ok")

                let uuid = try rkt.onlyPod()
                let shift = try rkt.shift(of: uuid)
                let root = try rkt.changedRoot(of: "a", in: uuid, copied: copied)
                let new = try FileFacts(root.appending("etc/new"))
                #expect((new.user, new.group) == (shift + 1000, shift + 1001))
                let owned = try FileFacts(root.appending("etc/owned"))
                #expect((owned.user, owned.group) == (shift + 5, shift + 6))
                let top = try FileFacts(root)
                #expect((top.user, top.group) == (shift, shift))
                try rkt.collectGarbage()
            }
        }

        @Test(arguments: copied)
        func `files of a host volume have the same owners on both sides`(copied: Bool) throws {
            try RktFixture.with { rkt throws in
                let source = try rkt.source(["root": "r", "web": "w"])
                try #require(chown(source.appending("web").string, 1000, 1001) == 0)
                try #require(chmod(source.appending("root").string, 0o600) == 0)
                try #require(chown(source.string, 1000, 1001) == 0)
                let volume = ["--volume=data,kind=host,source=\(source)"]
                let mount = ["--mount=volume=data,target=/data"]
                let facts = try rkt.ask(
                    "stat /data/root + stat /data/web + read /data/root + write /data/new x",
                    options: options(copied) + volume, appOptions: mount)
                #expect(facts["stat /data/root"]?.hasPrefix("file 0o600 0:0 ") == true)
                #expect(facts["stat /data/web"]?.hasPrefix("file 0o644 1000:1001 ") == true)
                #expect(facts["read /data/root"] == "r")
                let made = try FileFacts(source.appending("new"))
                #expect((made.user, made.group) == (0, 0))

                let web = try rkt.ask(
                    "read /data/root + write /data/mine x + append /data/web x", options: options(copied) + volume,
                    appOptions: mount + ["--user=web", "--group=web"])
                #expect(web["read /data/root"] == "EACCES")
                #expect(web["append /data/web"] == "ok")
                let mine = try FileFacts(source.appending("mine"))
                #expect((mine.user, mine.group) == (1000, 1001))
                #expect(try FileFacts(source.appending("web")).user == 1000)

                let readOnly = try rkt.ask(
                    "write /data/x 1", options: options(copied) + ["\(volume[0]),readOnly=true"], appOptions: mount)
                #expect(readOnly["write /data/x"] == "EROFS")
                try rkt.collectGarbage()
            }
        }

        @Test func `mounts below a host volume come along, with their owners`() throws {
            try RktFixture.with { rkt throws in
                let source = try rkt.source([:])
                try rkt.mountMemory(on: source.appending("below"))
                try writeText("x", to: source.appending("below/note"))
                try #require(chown(source.appending("below/note").string, 5, 6) == 0)
                for (option, answer) in [("", "file 0o644 5:6"), (",recursive=false", "ENOENT")] {
                    let facts = try rkt.ask(
                        "stat /data/below/note",
                        options: ["--private-users", "--volume=data,kind=host,source=\(source)\(option)"],
                        appOptions: ["--mount=volume=data,target=/data"])
                    #expect(facts["stat /data/below/note"]?.hasPrefix(answer) == true, "\(facts)")
                }
            }
        }

        @Test(arguments: copied)
        func `an empty volume has the owner asked for inside, and a shifted one on the disk`(copied: Bool) throws {
            try RktFixture.with { rkt throws in
                let facts = try rkt.ask(
                    "stat /one + stat /two + write /one/x 1 + write /two/y 1",
                    options: options(copied) + [
                        "--volume=one,kind=empty", "--volume=two,kind=empty,mode=1770,uid=5,gid=6",
                    ],
                    appOptions: ["--mount=volume=one,target=/one", "--mount=volume=two,target=/two"])
                #expect(facts["stat /one"]?.hasPrefix("directory 0o755 0:0") == true, "\(facts)")
                #expect(facts["stat /two"]?.hasPrefix("directory 0o1770 5:6") == true, "\(facts)")
                #expect(facts["write /one/x"] == "ok")
                let uuid = try rkt.onlyPod()
                let volumes = try rkt.podDirectory(uuid).appending("sharedVolumes")
                let two = try FileFacts(volumes.appending("two"))
                let shift = try rkt.shift(of: uuid)
                #expect((two.user, two.group) == (shift + 5, shift + 6))
                #expect(try FileFacts(volumes.appending("one/x")).user == shift)
            }
        }

        @Test func `a device of the host can be a volume`() throws {
            try RktFixture.with { rkt throws in
                let facts = try rkt.ask(
                    "stat /dev/mine + open-write /dev/mine + read /dev/mine",
                    options: ["--private-users", "--volume=d,kind=host,source=/dev/null"],
                    appOptions: ["--mount=volume=d,target=/dev/mine"])
                #expect(facts["stat /dev/mine"]?.hasPrefix("char 0o666 0:0 ") == true, "\(facts)")
                #expect(facts["open-write /dev/mine"] == "ok")
                #expect(facts["read /dev/mine"] == "")
            }
        }

        @Test func `a volume whose file system knows no other owners is refused with the reason`() throws {
            try RktFixture.with { rkt throws in
                try rkt.run(
                    image: rkt.probeImage(), options: ["--private-users", "--volume=v,kind=host,source=/proc/fs"],
                    appOptions: ["--mount=volume=v,target=/v"], ["user"]
                ).refused("cannot be mounted with other owners")
                try rkt.collectGarbage()
            }
        }

        /// With every restriction of rkt lifted, what is left is what the kernel gives the root of a user namespace.
        @Test func `root in the app has no power over the host`() throws {
            try RktFixture.with { rkt throws in
                let marker = rkt.directory.appending("marker")
                try writeText("", to: marker)
                let knobs = [
                    "/proc/sys/kernel/core_pattern", "/proc/sys/vm/panic_on_oom", "/proc/sysrq-trigger",
                    "/proc/sys/kernel/modprobe",
                ]
                for insecure in ["image", "image,all-run"] {
                    let questions =
                        knobs.map { "open-write \($0)" } + [
                            "exists \(marker)", "exists /proc/1/root\(marker)", "escape \(marker)",
                            "device c 1 3 /etc", "device b 254 0 /etc", "device c 1 1 /etc", "nice -5",
                            "mkdir /sys/fs/cgroup/x", "open /proc/1/environ", "open-write /proc/1/mem",
                        ]
                    let facts = try rkt.ask(
                        questions.joined(separator: " + "),
                        options: ["--private-users", "--insecure-options=\(insecure)"])
                    for knob in knobs {
                        #expect(
                            ["EROFS", "EACCES", "EPERM", "ENOENT"].contains(facts["open-write \(knob)"]), "\(knob)")
                    }
                    #expect(facts["exists \(marker)"] == "no")
                    #expect(facts["exists /proc/1/root\(marker)"] == "no")
                    #expect(facts["escape"] == "inside")
                    for device in ["c 1:3", "b 254:0", "c 1:1"] {
                        #expect(facts["device \(device)"] == "mknod=EPERM", "\(device), \(insecure)")
                    }
                    #expect(["EACCES", "EPERM"].contains(facts["nice"]))
                    #expect(facts["mkdir /sys/fs/cgroup/x"] != "ok")
                    #expect(facts["open /proc/1/environ"] != "ok")
                    #expect(facts["open-write /proc/1/mem"] != "ok")
                }
                try rkt.collectGarbage()
            }
        }

        @Test(arguments: ["--net=none", "--net=host"])
        func `devices and the kernel's trees are there as without`(network: String) throws {
            try RktFixture.with { rkt throws in
                for user in ["0", "1000"] {
                    let facts = try rkt.ask(
                        "stat /dev/null + open-write /dev/null + open /dev/urandom + write /dev/shm/x 1 + stat /dev/pts "
                            + "+ stat /dev/mqueue + list /sys/class + open-write /proc/sys/kernel/hostname "
                            + "+ read /proc/kallsyms + list /sys/firmware + hostname + read /etc/hostname + umask",
                        options: ["--private-users", network, "--hostname=here"],
                        appOptions: ["--user=\(user)", "--group=\(user)"])
                    #expect(facts["stat /dev/null"] == "char 0o666 0:0 0 1 1:3")
                    for word in ["open-write /dev/null", "open /dev/urandom", "write /dev/shm/x"] {
                        #expect(facts[word] == "ok", "\(word)")
                    }
                    #expect(facts["stat /dev/pts"]?.hasPrefix("directory") == true)
                    #expect(facts["stat /dev/mqueue"]?.hasPrefix("directory") == true)
                    #expect(facts["list /sys/class"]?.contains("net") == true)
                    #expect(facts["open-write /proc/sys/kernel/hostname"] != "ok")
                    #expect(["", "ENOENT", "EACCES", "EPERM"].contains(facts["read /proc/kallsyms"]))
                    #expect(["", "ENOENT", "EACCES"].contains(facts["list /sys/firmware"]))
                    #expect(facts["hostname"] == "here")
                    #expect(facts["read /etc/hostname"] == "here\\n")
                    #expect(facts["umask"] == "0o22")
                }
            }
        }

        @Test func `two pods never share users, also when they are made at once`() throws {
            try RktFixture.with { rkt throws in
                let image = try rkt.probeImage()
                let (first, _) = try rkt.startWaitingPod(options: ["--private-users"])
                let preparing = try (0..<6).map { _ in
                    try rkt.start(["prepare", "--private-users", "--insecure-options=image", image])
                }
                for one in preparing { try one.wait(.seconds(60)).succeeded() }
                first.signal(15)
                first.wait()
                let ranges = try rkt.podIDs.map { try rkt.shift(of: $0) }
                #expect(ranges.count == 7)
                #expect(Set(ranges).count == 7, "\(ranges)")
                try rkt.collectGarbage()
            }
        }

        @Test(arguments: copied)
        func `a prepared pod runs with the users it was prepared with`(copied: Bool) throws {
            try RktFixture.with { rkt throws in
                let uuid = try rkt(
                    ["prepare", "--quiet", "--insecure-options=image"] + options(copied)
                        + [rkt.probeImage(), "--", "user", "+", "read", "/proc/self/uid_map"]
                ).succeeded().text
                let shift = try rkt.shift(of: uuid)
                let facts = Facts(try rkt("run-prepared", "--net=none", uuid).succeeded().output)
                #expect(facts["uid"] == "0")
                #expect(facts["read /proc/self/uid_map"]?.contains(" \(shift) ") == true)
                try rkt.collectGarbage()
            }
        }

        @Test(arguments: copied)
        func `a set-user-ID program and one with file capabilities work inside`(copied: Bool) throws {
            try RktFixture.with { rkt throws in
                let inspect = try Programs.inspect()
                // CAP_NET_BIND_SERVICE, permitted and effective, as setcap writes it.
                let capability: [UInt8] = [1, 0, 0, 2, 0, 4, 0, 0] + [UInt8](repeating: 0, count: 12)
                let image = try rkt.fetch(
                    RktFixture.probe("example.com/a").file("/suid", from: inspect, mode: 0o4755).entry(
                        TarEntry("rootfs/capable", type: "0", mode: 0o755).with { $0.content = .file(inspect) }
                            .attribute("security.capability", capability)))
                let web = ["--user=web", "--group=web"]
                func run(_ program: String, _ options: [String], _ image: String) throws -> Facts {
                    try rkt.ask(
                        "user + status", options: options, appOptions: web + ["--exec=\(program)"], image: image)
                }
                let suid = try run("/suid", options(copied), image)
                #expect((suid["uid"], suid["euid"]) == ("1000", "0"))
                #expect(try run("/inspect", options(copied), image)["CapEff"] == "0000000000000000")
                #expect(try run("/capable", options(copied), image)["CapEff"] == "0000000000000400")

                let out = rkt.directory.appending("out.aci")
                let uuid = try #require(rkt.podIDs.first)
                try rkt("export", uuid, out.string).succeeded()
                let exported = try rkt.fetch(out)
                #expect(try run("/capable", [], exported)["CapEff"] == "0000000000000400")
                #expect(try run("/suid", [], exported)["euid"] == "0")
                try rkt.collectGarbage()
            }
        }

        @Test(arguments: copied)
        func `an exported pod is an image with the owners inside`(copied: Bool) throws {
            try RktFixture.with { rkt throws in
                let image = try rkt.fetch(
                    RktFixture.probe("example.com/a").entry(
                        .file("rootfs/etc/owned", "o", mode: 0o4750).with {
                            $0.user = 5; $0.group = 6
                        }))
                try rkt.ask(
                    "write /etc/new fresh + chown /etc/new 7 8 + symlink /etc/link x + remove /etc/group",
                    options: options(copied), image: image)
                let out = rkt.directory.appending("out.aci")
                try rkt("export", rkt.onlyPod(), out.string).succeeded()
                let exported = try rkt.fetch(out)
                for options in [[], ["--private-users"]] {
                    let facts = try rkt.ask(
                        "stat /etc/owned + stat /etc/new + read /etc/new + link /etc/link + exists /etc/group + stat /",
                        options: options, appOptions: ["--group=0"], image: exported)
                    #expect(facts["stat /etc/owned"]?.hasPrefix("file 0o4750 5:6 1") == true)
                    #expect(facts["stat /etc/new"]?.hasPrefix("file 0o644 7:8 ") == true)
                    #expect(facts["read /etc/new"] == "fresh\\n")
                    #expect(facts["link /etc/link"] == "x")
                    #expect(facts["exists /etc/group"] == "no")
                    #expect(facts["stat /"]?.split(separator: " ")[2] == "0:0")
                }
                try rkt.collectGarbage()
            }
        }

        @Test(arguments: copied)
        func `enter is in the same user namespace, and status, stop and rm work`(copied: Bool) throws {
            try RktFixture.with { rkt throws in
                let (pod, uuid) = try rkt.startWaitingPod(options: options(copied), questions: "namespaces + status")
                let entered = Facts(
                    try rkt(
                        "enter", uuid, "/inspect", "user", "+", "namespaces", "+", "status", "+", "write", "/etc/x", "1"
                    )
                    .succeeded().output)
                try rkt("enter", "--user=70000", uuid, "/inspect", "user").refused(
                    "user 70000 is not in the pod's user namespace, which has 0 to 65535")
                #expect(try rkt("status", uuid).succeeded().output.contains("state=running"))
                try rkt("stop", uuid).succeeded()
                let own = Facts(pod.wait(.seconds(20)).output)
                #expect(entered["uid"] == "0")
                #expect(entered["write /etc/x"] == "ok")
                for name in ["user", "mnt", "pid", "uts", "ipc", "cgroup", "net"] {
                    #expect(entered["ns.\(name)"] == own["ns.\(name)"], "\(name)")
                }
                for name in ["Uid", "Gid", "CapEff", "CapBnd", "NoNewPrivs", "Seccomp"] {
                    #expect(entered[name] == own[name], "\(name)")
                }
                #expect(try rkt("status", uuid).succeeded().lines.contains("app-inspect=0"))
                let shift = try rkt.shift(of: uuid)
                #expect(
                    try FileFacts(rkt.changedRoot(of: "inspect", in: uuid, copied: copied).appending("etc/x")).user
                        == shift)
                try rkt("rm", uuid).succeeded()
                #expect(rkt.podIDs == [])
            }
        }

        @Test(arguments: copied)
        func `a killed rkt leaves nothing after gc`(copied: Bool) throws {
            try RktFixture.with { rkt throws in
                let (pod, uuid) = try rkt.startWaitingPod(
                    options: options(copied) + ["--volume=v,kind=empty"],
                    appOptions: ["--mount=volume=v,target=/v", "--memory=64Mi"], questions: "write /v/x 1")
                #expect(try rkt.shift(of: uuid) > 0)
                pod.signal(9)
                pod.wait()
                try waitUntil("the pod is no longer running") {
                    try rkt("status", uuid).succeeded().output.contains("state=exited")
                }
                try rkt.collectGarbage()
            }
        }

        @Test(.enabled(if: Requirements.memoryController, "no memory controller that can be used"))
        func `limits hold`() throws {
            try RktFixture.with { rkt throws in
                let image = try rkt.probeImage()
                let over = try rkt.run(
                    image: image, options: ["--private-users"], appOptions: ["--memory=48Mi"],
                    ["memory", "268435456", "+", "echo", "survived"])
                #expect(!over.output.contains("survived"), "\(over)")
                let below = try rkt.run(
                    image: image, options: ["--private-users"], appOptions: ["--memory=96Mi"], ["memory", "33554432"])
                #expect(Facts(try below.succeeded().output)["memory"] == "ok")
            }
        }

        @Test func `an image makes itself a better victim of the memory killer`() throws {
            try RktFixture.with { rkt throws in
                let image = try rkt.fetch(
                    RktFixture.probe("example.com/a").isolator("os/linux/oom-score-adj", "700"))
                #expect(try rkt.ask("oom", options: ["--private-users"], image: image)["oom"] == "700")
            }
        }

        @Test func `users that the namespace does not have are refused`() throws {
            try RktFixture.with { rkt throws in
                let image = try rkt.probeImage()
                let sentence = "is not in the pod's user namespace, which has 0 to 65535"
                for (option, kind) in [("--user", "user"), ("--group", "group"), ("--supplementary-gids", "group")] {
                    try rkt.run(
                        image: image, options: ["--private-users"], appOptions: ["\(option)=65536"], ["user"]
                    ).refused("\(kind) 65536 \(sentence)")
                }
                let facts = try rkt.ask(
                    "user", options: ["--private-users"], appOptions: ["--user=65535", "--group=65535"])
                #expect(facts["uid"] == "65535")
                try rkt.collectGarbage()
            }
        }

        @Test(arguments: copied)
        func `the owner of a path is the one inside`(copied: Bool) throws {
            try RktFixture.with { rkt throws in
                let image = try rkt.fetch(
                    RktFixture.probe("example.com/a").entry(
                        .file("rootfs/owned").with {
                            $0.user = 7; $0.group = 8
                        }))
                let facts = try rkt.ask(
                    "user", options: options(copied), appOptions: ["--user=/owned", "--group=/owned"], image: image)
                #expect((facts["uid"], facts["gid"]) == ("7", "8"))
            }
        }

        @Test func `stage1-fly refuses, and says who can`() throws {
            try RktFixture.with { rkt throws in
                try rkt.run(.fly, image: rkt.probeImage(), options: ["--private-users"], ["user"]).refused(
                    "flag --private-users not supported by stage1 image 'coreos.com/rkt/stage1-fly'; "
                        + "coreos.com/rkt/stage1-ns has user namespaces")
                #expect(rkt.podIDs == [])
            }
        }

        /// ramfs cannot be mounted with other owners.
        @Test func `where trees cannot be shared they are copied, and the reason is told`() throws {
            try RktFixture.with { rkt throws in
                try makeDirectories(rkt.dataDirectory)
                try Command("/bin/mount", ["-t", "ramfs", "ramfs", rkt.dataDirectory.string]).run().succeeded()
                rkt.atEnd { _ = try? Command("/bin/umount", ["-l", rkt.dataDirectory.string]).run() }  // for this test
                let result = try rkt.run(
                    image: rkt.probeImage(), options: ["--private-users"], ["user", "+", "stat", "/etc/passwd"])
                #expect(result.errors.contains("disabling overlay support: \"what is below '"), "\(result)")
                let facts = Facts(try result.succeeded().output)
                #expect(facts["uid"] == "0")
                #expect(facts["stat /etc/passwd"]?.contains(" 0:0 ") == true)
                try rkt.collectGarbage()
            }
        }

        @Test func `two apps have the same users, and share a volume`() throws {
            try RktFixture.with { rkt throws in
                let image = try rkt.probeImage()
                let result = try rkt(
                    "run", "--net=none", "--private-users", "--volume=work,kind=empty,mode=1777",
                    "--mount=volume=work,target=/work", image, "--name=one", "--user=web", "--", "write", "/work/x",
                    "1",
                    "---", image, "--name=two", "--", "sleep", "700", "+", "stat", "/work/x"
                ).succeeded()
                #expect(Facts(result.output)["stat /work/x"]?.hasPrefix("file 0o644 1000:") == true)
            }
        }

        @Test(arguments: copied)
        func `Debian: dpkg, apt-get, su, and a server as its own user`(copied: Bool) throws {
            try RktFixture.with { rkt throws in
                let image = try rkt.fetch(DebianImage.path())
                func debian(_ script: String, _ more: [String] = []) throws -> CommandResult {
                    try rkt.run(
                        image: image, options: options(copied), appOptions: ["--exec=/bin/bash"] + more,
                        ["-c", script],
                        limit: .seconds(120)
                    ).succeeded()
                }
                let script = """
                    set -e; dpkg -l | grep -c ^ii; apt-get --version | head -1; dpkg --audit
                    useradd -u 4321 tester 2>/dev/null || echo 'tester:x:4321:4321::/tmp:/bin/bash' >> /etc/passwd
                    su tester -c 'id -u; touch /tmp/mine; cat /etc/shadow 2>/dev/null || echo secret'
                    stat -c %u /tmp/mine; mkdir /opt/x; chown 33:33 /opt/x; stat -c %u:%g /opt/x
                    """
                let lines = try debian(script).lines
                #expect(Int(lines[cell: 0]) ?? 0 > 50)
                #expect(lines[cell: 1].hasPrefix("apt "))
                #expect(lines.suffix(4) == ["4321", "secret", "4321", "33:33"], "\(lines)")

                let file = rkt.directory.appending("uuid")
                let source = try rkt.source([:], "redis")
                try #require(chmod(source.string, 0o777) == 0)
                let server = try rkt.start(
                    ["run", "--net=none", "--uuid-file-save=\(file)", "--volume=data,kind=host,source=\(source)"]
                        + options(copied) + [
                            image, "--exec=/usr/bin/redis-server", "--user=redis", "--group=redis",
                            "--working-dir=/data",
                            "--mount=volume=data,target=/data", "--", "--save", "''", "--dir", "/data", "--loglevel",
                            "notice",
                        ])
                try server.waitForOutput("eady to accept connections", .seconds(60))
                let uuid = try readText(file)
                #expect(try rkt("enter", uuid, "/usr/bin/redis-cli", "set", "key", "value").succeeded().text == "OK")
                #expect(try rkt("enter", uuid, "/usr/bin/redis-cli", "save").succeeded().text == "OK")
                try rkt("stop", uuid).succeeded()
                #expect(server.wait(.seconds(60)).status == 0)
                let dump = try FileFacts(source.appending("dump.rdb"))
                #expect(dump.user > 0 && dump.user < 1000, "redis's own user, as the image numbers it: \(dump.user)")
                try rkt.collectGarbage()
            }
        }
    }
}

extension RktFixture {
    /// The number on the host of a pod's root.
    func shift(of uuid: String) throws -> UInt32 {
        let text = try readText(podDirectory(uuid).appending("private-users-prepared"))
        let numbers = text.split(separator: ":").compactMap { UInt32($0) }
        guard numbers.count == 2, numbers[1] == 65536 else { throw Trouble("range of pod \(uuid): \(text)") }
        return numbers[0]
    }

    /// Where what an app changed is on the disk.
    func changedRoot(of app: String, in uuid: String, copied: Bool) throws -> FilePath {
        let pod = try podDirectory(uuid)
        if copied { return pod.appending("stage1/rootfs/opt/stage2/\(app)/rootfs") }
        let tree = try readText(pod.appending("appsinfo/\(app)/treeStoreID"))
        return pod.appending("overlay/\(tree)/upper/\(app)")
    }
}
