import SystemPackage
import TestSupport
import Testing

extension Integration {
    @Suite struct Isolation {
        @Test func `an app has namespaces of its own`() throws {
            try RktFixture.with { rkt throws in
                let facts = try rkt.ask("namespaces")
                for name in ["mnt", "pid", "uts", "ipc", "cgroup"] {
                    #expect(facts["ns.\(name)"] != (try hostNamespace(name)), "\(name)")
                }
            }
        }

        @Test func `it sees its own processes only`() throws {
            try RktFixture.with { rkt throws in
                let facts = try rkt.ask("processes + pid")
                #expect(facts.starting("process ").count <= 4, "\(facts)")
                #expect(facts["pid"] != "1")
                #expect(try rkt.ask("signal TERM 1")["signal"] != nil)
            }
        }

        @Test func `there is no way back to the host's files`() throws {
            try RktFixture.with { rkt throws in
                let marker = rkt.directory.appending("marker")
                try writeText("", to: marker)
                let facts = try rkt.ask("exists /proc/1/root\(marker) + exists \(marker) + escape \(marker)")
                #expect(facts["exists \(marker)"] == "no")
                #expect(facts["exists /proc/1/root\(marker)"] == "no")
                #expect(facts["escape"] == "inside")
            }
        }

        @Test func `the usual devices are there and work`() throws {
            try RktFixture.with { rkt throws in
                let devices = [
                    "null": "1:3", "zero": "1:5", "full": "1:7", "random": "1:8", "urandom": "1:9", "tty": "5:0",
                ]
                for user in ["0", "1000"] {
                    let questions =
                        devices.keys.map { "stat /dev/\($0) + open /dev/\($0)" } + [
                            "open-write /dev/null + link /dev/ptmx + stat /dev/pts + stat /dev/shm + write /dev/shm/x 1 "
                                + "+ link /dev/fd + link /dev/stdout"
                        ]
                    let facts = try rkt.ask(
                        questions.joined(separator: " + "), appOptions: ["--user=\(user)", "--group=\(user)"])
                    for (name, numbers) in devices {
                        #expect(facts["stat /dev/\(name)"]?.hasPrefix("char 0o666") == true, "\(name)")
                        #expect(facts["stat /dev/\(name)"]?.hasSuffix(numbers) == true, "\(name)")
                        if name != "tty" { #expect(facts["open /dev/\(name)"] == "ok", "\(name) as \(user)") }
                    }
                    #expect(facts["open-write /dev/null"] == "ok")
                    #expect(facts["stat /dev/pts"]?.hasPrefix("directory") == true)
                    #expect(facts["write /dev/shm/x"] == "ok")
                }
            }
        }

        /// CAP_MKNOD is there, so nodes can be made; what they stand for cannot be reached.
        @Test func `of all devices only the usual ones can be opened`() throws {
            let allowed = ["c 1:3", "c 1:5", "c 1:7", "c 1:8", "c 1:9"]
            let refused = [
                "c 1:1", "c 1:2", "c 1:4", "c 1:11", "c 4:0", "c 4:1", "c 5:1", "c 5:3", "c 7:0", "c 10:1", "c 10:200",
                "c 10:229", "c 10:231", "c 10:232", "c 10:235", "c 10:237", "c 13:0", "c 89:0", "c 108:0", "c 116:0",
                "c 189:0", "c 195:0", "c 226:0", "c 240:0", "c 254:0", "b 1:0", "b 7:0", "b 8:0", "b 9:0", "b 43:0",
                "b 252:0", "b 253:0", "b 254:0", "b 259:0",
            ]
            try RktFixture.with { rkt throws in
                for place in ["/tmp", "/dev", "/etc"] {
                    let questions = (allowed + refused).map { device in
                        "device \(device.split(separator: ":").joined(separator: " ")) \(place)"
                    }
                    let facts = try rkt.ask(questions.joined(separator: " + "))
                    for device in refused {
                        let answer = facts["device \(device)"] ?? "?"
                        #expect(answer.hasPrefix("mknod="), "\(device)")
                        #expect(
                            !answer.contains("read=ok") && !answer.contains("write=ok"),
                            "\(device) in \(place): \(answer)")
                        #expect(
                            !answer.contains("ENXIO") && !answer.contains("ENODEV"),
                            "\(device) reached a driver: \(answer)")
                    }
                }
            }
        }

        @Test func `the kernel's knobs cannot be turned`() throws {
            let readOnly = [
                "/proc/sys/kernel/core_pattern", "/proc/sys/kernel/modprobe", "/proc/sys/vm/panic_on_oom",
                "/proc/sysrq-trigger", "/proc/sys/kernel/hostname", "/proc/sys/net/ipv4/ip_forward",
            ]
            try RktFixture.with { rkt throws in
                let facts = try rkt.ask(readOnly.map { "open-write \($0)" }.joined(separator: " + "))
                for path in readOnly {
                    #expect(["EROFS", "EACCES", "EPERM", "ENOENT"].contains(facts["open-write \(path)"]), "\(path)")
                }
            }
        }

        @Test func `what tells about the kernel is hidden`() throws {
            let files = [
                "/proc/config.gz", "/proc/kallsyms", "/proc/sched_debug", "/proc/kcore", "/proc/kmem", "/proc/mem",
            ]
            let directories = ["/sys/firmware", "/sys/fs", "/sys/hypervisor", "/sys/module", "/sys/power"]
            try RktFixture.with { rkt throws in
                for user in ["0", "1000"] {
                    let facts = try rkt.ask(
                        (files.map { "read \($0)" } + directories.map { "list \($0)" }).joined(separator: " + "),
                        appOptions: ["--user=\(user)"])
                    for file in files {
                        #expect(["", "ENOENT", "EACCES", "EPERM", "ENXIO"].contains(facts["read \(file)"]), "\(file)")
                    }
                    for directory in directories {
                        #expect(["", "ENOENT", "EACCES"].contains(facts["list \(directory)"]), "\(directory)")
                    }
                }
            }
        }

        @Test func `the file systems of the kernel are read-only`() throws {
            try RktFixture.with { rkt throws in
                for line in try rkt.ask("mounts").all("mount") {
                    let fields = line.split(separator: " ")
                    guard fields.count > 6,
                        fields[4] == "/sys" || fields[4].hasPrefix("/sys/") || fields[4] == "/proc/sys"
                    else { continue }
                    #expect(fields[5].split(separator: ",").contains("ro"), "\(line)")
                }
                let facts = try rkt.ask("list /sys/class + mkdir /sys/fs/cgroup/x + open-write /sys/kernel/mm/ksm/run")
                #expect(facts["open-write /sys/kernel/mm/ksm/run"] != "ok")
                #expect(facts["mkdir /sys/fs/cgroup/x"] != "ok")
            }
        }

        @Test func `no mount tells where the host keeps things but those of volumes`() throws {
            try RktFixture.with { rkt throws in
                for line in try rkt.ask("mounts").all("mount") {
                    let fields = line.split(separator: " ").map(String.init)
                    #expect(!fields[3].contains("pods/run") || fields[4] != "/", "\(line)")
                    #expect(!line.contains(" shared:"), "propagates to the host: \(line)")
                }
            }
        }

        @Test func `limits and masks are those of any program`() throws {
            try RktFixture.with { rkt throws in
                let facts = try rkt.ask("umask + status + session")
                #expect(facts["umask"] == "0o22")
                // 32 and 33 belong to libc, which ignores them in what it starts.
                #expect(["0000000000000000", "0000000180000000"].contains(facts["SigIgn"]))
                #expect(facts["SigBlk"] == "0000000000000000")
            }
        }

        @Test func `a host name cannot be set`() throws {
            try RktFixture.with { rkt throws in
                #expect(["killed SYS", "EPERM"].contains(try rkt.ask("syscall 170")["syscall 170"]))
                let free = try rkt.ask("sethostname", options: ["--insecure-options=image,seccomp"])
                #expect(free["sethostname"] == "EPERM")
            }
        }

        @Test func `the temporary directory is for everybody`() throws {
            try RktFixture.with { rkt throws in
                let facts = try rkt.ask("stat /tmp + write /tmp/x 1", appOptions: ["--user=1000", "--group=1000"])
                #expect(facts["stat /tmp"]?.hasPrefix("directory 0o1777 0:0") == true)
                #expect(facts["write /tmp/x"] == "ok")
            }
        }

        @Test func `an image without files for it gets hosts, host name and mtab`() throws {
            try RktFixture.with { rkt throws in
                let facts = try rkt.ask(
                    "read /etc/hosts + read /etc/hostname + link /etc/mtab", options: ["--hostname=here"])
                #expect(facts["read /etc/hosts"]?.contains("127.0.0.1 localhost") == true)
                #expect(facts["read /etc/hosts"]?.contains("here") == true)
                #expect(facts["read /etc/hostname"] == "here\\n")
                #expect(facts["link /etc/mtab"] == "../proc/self/mounts")
            }
        }
    }
}
