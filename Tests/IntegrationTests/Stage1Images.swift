import Glibc
import JSON
import SystemPackage
import TestSupport
import Testing

extension Integration {
    @Suite struct Stage1Images {
        @Test func `is imported once, listed, and used by its ID`() throws {
            try RktFixture.with { rkt throws in
                try rkt.ask(.ns, "user")
                try rkt.ask(.fly, "user")
                let listed = try rkt("image", "list", "--full", "--no-legend").succeeded().lines.map(cells)
                #expect(
                    Set(listed.map { $0[cell: 1].split(separator: ":")[0] }) == [
                        "coreos.com/rkt/stage1-ns", "coreos.com/rkt/stage1-fly", "example.com/inspect",
                    ])
                let times = listed.map { [$0[cell: 0], $0[cell: 3]] }.sorted { $0[cell: 0] < $1[cell: 0] }
                try rkt.ask(.ns, "user")
                let again = try rkt("image", "list", "--full", "--no-legend").succeeded().lines.map(cells)
                #expect(
                    again.map { [$0[cell: 0], $0[cell: 3]] }.sorted { $0[cell: 0] < $1[cell: 0] } == times,
                    "not imported again")
                let fly = try #require(listed.first { $0[cell: 1].contains("stage1-fly") })[cell: 0]
                let result = try rkt(
                    "run", "--net=host", "--stage1-hash=\(fly)", rkt.probeImage(), "--", "namespaces"
                ).succeeded()
                #expect(Facts(result.output)["ns.pid"] == (try hostNamespace("pid")))
                let name = try rkt(
                    "run", "--net=host", "--stage1-name=coreos.com/rkt/stage1-fly", rkt.probeImage(), "--", "namespaces"
                )
                #expect(Facts(try name.succeeded().output)["ns.pid"] == (try hostNamespace("pid")))
            }
        }

        @Test func `from the directory of the installation it needs no signature, from elsewhere it does`() throws {
            try RktFixture.with { rkt throws in
                let installed = images(rkt).appending("stage1-fly.aci")
                let image = try rkt.probeImage()
                try rkt("run", "--net=host", "--stage1-path=\(installed)", image, "--", "user").succeeded()
                let copy = rkt.directory.appending("stage1-fly.aci")
                try writeBytes(readBytes(installed), to: copy)
                try rkt("run", "--net=host", "--stage1-path=\(copy)", image, "--", "user").refused(
                    "cannot use stage1 image '\(copy)'")
                try rkt(
                    "run", "--net=host", "--insecure-options=image", "--stage1-path=\(copy)", image, "--", "user"
                ).succeeded()
                try rkt("run", "--net=host", "--stage1-from-dir=../stage1-images/../../../\(copy)", image).refused("")
                try rkt("run", "--net=host", "--stage1-from-dir=missing.aci", image).refused("missing.aci")
            }
        }

        @Test func `an installation that others may write is not trusted`() throws {
            try RktFixture.with { rkt throws in
                let root = rkt.directory.appending("root")
                let source = rkt.program.removingLastComponent().removingLastComponent()
                try makeDirectories(root)
                try Command("/bin/cp", ["-a", "\(source)/.", root.string]).run().succeeded()
                let program = root.appending("bin/rkt")
                let stage1 = root.appending("lib/rkt/stage1-images/stage1-fly.aci")
                let image = try rkt.probeImage()
                func run() throws -> CommandResult {
                    try Command(
                        program,
                        rkt.globalFlags + [
                            "run", "--net=host", "--stage1-from-dir=stage1-fly.aci", image, "--", "user",
                        ]
                    ).run()
                }
                for (path, mode, user) in [
                    (stage1, UInt32(0o666), UInt32(0)), (stage1, 0o644, 1000),
                    (stage1.removingLastComponent(), 0o777, 0),
                    (stage1.removingLastComponent(), 0o755, 1000),
                ] {
                    let before = try FileFacts(path)
                    chmod(path.string, mode)
                    chown(path.string, user, 0)
                    try run().refused("--insecure-options=image")
                    chmod(path.string, before.permissions)
                    chown(path.string, 0, 0)
                }
                try run().succeeded()
            }
        }

        @Test func `one without entry points is refused`() throws {
            try RktFixture.with { rkt throws in
                let image = try rkt.probeImage()
                let bare = try rkt.write(ACIBuilder(name: "example.com/no-stage1").directory("/etc"), name: "bare.aci")
                try rkt("run", "--net=none", "--insecure-options=image", "--stage1-path=\(bare)", image)
                    .refused("coreos.com/rkt/stage1/run")
                let empty = try rkt.write(
                    ACIBuilder(name: "example.com/empty-stage1").annotation("coreos.com/rkt/stage1/run", "/run")
                        .annotation("coreos.com/rkt/stage1/enter", "/enter").annotation(
                            "coreos.com/rkt/stage1/gc", "/gc"),
                    name: "empty.aci")
                try rkt("run", "--net=none", "--insecure-options=image", "--stage1-path=\(empty)", image).refused(
                    "/run")
                try rkt.collectGarbage()
            }
        }

        /// The stage0 side of the interface: a flavor made by somebody else, which reports what it was given.
        @Test(arguments: [1, 2, 3, 5, 6])
        func `a flavor made by others gets what its interface version has`(version: Int) throws {
            try RktFixture.with { rkt throws in
                let image = try rkt.probeImage()
                var foreign = ACIBuilder(name: "example.com/foreign-\(version)")
                    .annotation("coreos.com/rkt/stage1/run", "/start").annotation("coreos.com/rkt/stage1/enter", "/in")
                    .annotation("coreos.com/rkt/stage1/gc", "/clean").annotation("coreos.com/rkt/stage1/stop", "/halt")
                    .directory("/bin").file("/bin/busybox", from: try Programs.find("busybox"))
                    .symlink("/bin/sh", to: "busybox")
                if version > 1 { foreign = foreign.annotation("coreos.com/rkt/stage1/interface-version", "\(version)") }
                let script = """
                    #!/bin/sh
                    echo "argv0=$0"; for a in "$@"; do echo "arg=$a"; done
                    echo "cwd=$(pwd)"; echo "lock=$RKT_LOCK_FD"; [ -e /proc/self/fd/$RKT_LOCK_FD ] && echo "open=yes"
                    [ -d stage1/rootfs/opt/stage2/inspect/rootfs/etc ] && echo "app=yes"
                    [ "${RKT_SELINUX_CONTEXT+set}" ] && echo "selinux=set"
                    echo $$ > pid; mkdir -p stage1/rootfs/rkt/status; echo 6 > stage1/rootfs/rkt/status/inspect; exit 6

                    """
                foreign = foreign.file("/start", script, mode: 0o755)
                    .file("/clean", "#!/bin/sh\necho \"gc $*\" > ../../gc-was-here\n", mode: 0o755)
                    .file("/in", "#!/bin/sh\necho \"enter $*\"\n", mode: 0o755)
                    .file("/halt", "#!/bin/sh\necho \"stop $*\"\n", mode: 0o755)
                let file = try rkt.write(foreign)
                let uuidFile = rkt.directory.appending("uuid")
                let result = try rkt(
                    "run", "--debug", "--net=host", "--insecure-options=image,seccomp", "--stage1-path=\(file)",
                    "--hostname=here", "--uuid-file-save=\(uuidFile)", image)
                #expect(result.status == 6, "\(result)")
                let uuid = try readText(uuidFile)
                let facts = Facts(result.output)
                #expect(facts["cwd"]?.hasSuffix("pods/run/\(uuid)") == true)
                #expect(
                    facts["argv0"] == "\(facts["cwd"] ?? "")/stage1/rootfs/start"
                        || facts["argv0"] == "stage1/rootfs/start")
                #expect(facts["open"] == "yes")
                #expect(facts["app"] == "yes")
                #expect(facts["selinux"] == "set")
                let arguments = facts.all("arg")
                #expect(arguments.last == uuid)
                #expect(arguments.contains("--debug"))
                #expect(arguments.contains("--net=host"))
                #expect(arguments.contains("--local-config=\(rkt.localConfiguration)"))
                #expect(arguments.contains("--hostname=here") == (version >= 2))
                #expect(arguments.contains("--disable-seccomp") == (version >= 3))
                if version < 2 { #expect(result.errors.contains("--hostname option is not supported by stage1")) }
                #expect(try rkt("status", uuid).succeeded().lines.contains("app-inspect=6"))
                try rkt.collectGarbage()
            }
        }

        /// The stage1 side of the interface: our flavors, started as any stage0 would start them.
        @Test(arguments: Flavor.all)
        func `a stage0 made by others can run, enter, stop and clean up our flavors`(flavor: Flavor) throws {
            try RktFixture.with { rkt throws in
                let prepared = try rkt(
                    ["prepare", "--no-overlay"] + flavor.selection + [
                        rkt.probeImage(), "--", "hostname", "+", "wait", "60",
                    ])
                let uuid = try prepared.succeeded().text
                let pod = try rkt.podDirectory(uuid)
                let start = """
                    cd "$0" && exec 9<. && flock 9 && export RKT_LOCK_FD=9 RKT_SELINUX_CONTEXT= RKT_SELINUX_MOUNT_CONTEXT= &&
                    exec "$0/stage1/rootfs/run" --debug \(flavor.network) --local-config=/etc/rkt --hostname=foreign \
                    --disable-seccomp --dns-conf-mode=resolv=default,hosts=host "$1"
                    """
                let running = try Command(
                    Programs.find("unshare"),
                    ["--mount", "--propagation=slave", "/bin/sh", "-c", start, pod.string, uuid]
                ).start()
                rkt.atEnd { running.killAll() }
                try running.waitForOutput("waiting=")
                #expect(
                    Facts(running.outputSoFar)["hostname"]
                        == (flavor == .ns ? "foreign" : Facts(running.outputSoFar)["hostname"]))
                try waitUntil("a pid file") { exists(pod.appending("pid")) || exists(pod.appending("ppid")) }
                func entryPoint(_ words: String) throws -> CommandResult {
                    try Command("/bin/sh", ["-c", "cd \"$0\" && exec stage1/rootfs/\(words)", pod.string]).run()
                }
                let pid = try firstProcess(pod)
                let entered = try entryPoint("enter --pid=\(pid) --appname=inspect -- /inspect user + status")
                    .succeeded()
                #expect(Facts(entered.output)["uid"] == "0")
                if flavor == .ns { #expect(Facts(entered.output)["Seccomp"] == "0") }
                try entryPoint("stop \(uuid)").succeeded()
                try running.wait(.seconds(20)).succeeded()
                if flavor == .ns { #expect(try readText(pod.appending("stage1/rootfs/rkt/status/inspect")) == "0\n") }
                try entryPoint("gc --debug --local-config /etc/rkt \(uuid)").succeeded()
                #expect(try entryPoint("run not-a-uuid").status == 254)
                try rkt.collectGarbage()
            }
        }

        /// The pid that stage0 hands to `enter`: `pid`, else the only child of `ppid`.
        private func firstProcess(_ pod: FilePath) throws -> String {
            let file = pod.appending("pid")
            if exists(file) { return try readText(file).split(separator: "\n").joined() }
            let parent = try readText(pod.appending("ppid")).split(separator: "\n").joined()
            return try readText(FilePath("/proc/\(parent)/task/\(parent)/children")).split(separator: " ").joined()
        }

        @Test func `two builds of one commit give the same bytes`() throws {
            try RktFixture.with { rkt throws in
                let pack = Programs.packageRoot.appending("stage1-images/pack")
                let programs = Programs.packageRoot.appending("build/bin")
                guard exists(pack), exists(programs.appending("pack-image")) else {
                    throw Trouble("no packer: run 'make integration'")
                }
                for flavor in Flavor.all {
                    var sums: Set<String> = []
                    for round in ["one", "two"] {
                        let copy = rkt.directory.appending("bin-\(flavor)-\(round)")
                        try Command("/bin/cp", ["-r", programs.string, copy.string]).run().succeeded()  // new times
                        let out = rkt.directory.appending("images-\(flavor)-\(round)")
                        var command = Command(pack, [flavor.rawValue, "amd64", copy.string, out.string])
                        command.workingDirectory = Programs.packageRoot
                        try command.run().succeeded()
                        let image = out.appending("stage1-\(flavor.rawValue).aci")
                        sums.insert(
                            try Command("/usr/bin/sha512sum", [image.string]).run().succeeded().text.prefix(128)
                                .description)
                        usleep(1_100_000)  // times in archives are in seconds
                    }
                    #expect(sums.count == 1, "\(flavor)")
                }
            }
        }

        private func images(_ rkt: RktFixture) -> FilePath {
            rkt.program.removingLastComponent().removingLastComponent().appending("lib/rkt/stage1-images")
        }
    }
}
