import SystemPackage
import TestSupport
import Testing

extension Integration {
    /// Numbers are those of x86-64.
    @Suite(.enabled(if: Requirements.x86, "system call numbers of another machine")) struct SystemCalls {
        @Test func `a filter is on, for root and for others`() throws {
            try RktFixture.with { rkt throws in
                #expect(try rkt.ask("status")["Seccomp"] == "2")
                #expect(try rkt.ask("status", appOptions: ["--user=1000"])["Seccomp"] == "2")
            }
        }

        @Test func `what rkt has always refused is refused`() throws {
            let refused: [String: Int] = [
                "mount": 165, "umount2": 166, "pivot_root": 155, "ptrace": 101, "kexec_load": 246, "bpf": 321,
                "perf_event_open": 298, "add_key": 248, "request_key": 249, "keyctl": 250, "unshare": 272, "setns": 308,
                "swapon": 167, "swapoff": 168, "reboot": 169, "init_module": 175, "finit_module": 313,
                "delete_module": 176, "open_by_handle_at": 304, "name_to_handle_at": 303, "userfaultfd": 323,
                "iopl": 172, "ioperm": 173, "settimeofday": 164, "clock_settime": 227, "adjtimex": 159,
                "clock_adjtime": 305, "acct": 163, "quotactl": 179, "process_vm_readv": 310, "process_vm_writev": 311,
                "move_pages": 279, "mbind": 237, "set_mempolicy": 238, "get_mempolicy": 239, "kcmp": 312,
                "lookup_dcookie": 212, "kexec_file_load": 320, "uselib": 134, "ustat": 136, "sysfs": 139,
                "_sysctl": 156, "nfsservctl": 180,
            ]
            try RktFixture.with { rkt throws in
                for user in ["0", "1000"] {
                    let numbers = refused.values.map(String.init).joined(separator: " ")
                    let facts = try rkt.ask("syscall \(numbers)", appOptions: ["--user=\(user)"])
                    for (name, number) in refused {
                        let answer = facts["syscall \(number)"]
                        #expect(
                            ["killed SYS", "EPERM", "ENOSYS"].contains(answer), "\(name) as \(user): \(answer ?? "?")")
                    }
                }
            }
        }

        @Test func `calls newer than the list do not exist`() throws {
            let newer = Array(425...433) + [440, 442, 443, 447, 448] + Array(450...500)
            try RktFixture.with { rkt throws in
                let facts = try rkt.ask("syscall " + newer.map(String.init).joined(separator: " "))
                for number in newer { #expect(facts["syscall \(number)"] == "ENOSYS", "\(number)") }
            }
        }

        @Test func `what programs of today need is let through`() throws {
            let needed: [String: Int] = [
                "statx": 332, "rseq": 334, "pidfd_send_signal": 424, "pidfd_open": 434, "close_range": 436,
                "openat2": 437, "faccessat2": 439, "epoll_pwait2": 441, "landlock_create_ruleset": 444,
                "futex_waitv": 449, "membarrier": 324, "preadv2": 327, "pwritev2": 328, "getrandom": 318,
                "memfd_create": 319, "copy_file_range": 326, "prlimit64": 302, "set_robust_list": 273,
                "arch_prctl": 158,
                "set_tid_address": 218, "clock_nanosleep": 230, "gettimeofday": 96, "time": 201, "mlock2": 325,
            ]
            try RktFixture.with { rkt throws in
                let facts = try rkt.ask("syscall " + needed.values.map(String.init).joined(separator: " "))
                for (name, number) in needed {
                    let answer = facts["syscall \(number)"] ?? "?"
                    #expect(!["killed SYS", "ENOSYS", "?"].contains(answer), "\(name): \(answer)")
                }
            }
        }

        @Test func `every number has an answer, and the same one for enter`() throws {
            try RktFixture.with { rkt throws in
                let (pod, uuid) = try rkt.startWaitingPod(questions: "syscalls 0 470")
                let inApp = Facts(pod.outputSoFar).starting("syscall ")
                let entered = try rkt(["enter", uuid, "/inspect", "syscalls", "0", "470"], limit: .seconds(120))
                    .succeeded()
                let inEnter = Facts(entered.output).starting("syscall ")
                #expect(inApp.count == 471)
                // "blocked" and "ok" depend on the moment; refused or not does not.
                func refusals(_ answers: [(name: String, value: String)]) -> [String] {
                    answers.filter { ["killed SYS", "ENOSYS"].contains($0.value) }.map { "\($0.name)=\($0.value)" }
                }
                #expect(refusals(inApp) == refusals(inEnter))
                pod.signal(15)
                pod.wait()
            }
        }

        @Test func `no new namespace through any door`() throws {
            try RktFixture.with { rkt throws in
                let facts = try rkt.ask(
                    "clone 0 + clone 0x10000000 + clone 0x20000 + clone 0x20000000 + clone 0x40000000 + clone 0x2000000 "
                        + "+ clone 0x4000000 + clone 0x8000000 + clone3 0 + clone3 0x10000000 + unshare 0x10000000")
                #expect(facts["clone 0"] == "ok")
                for flag in [
                    "0x10000000", "0x20000", "0x20000000", "0x40000000", "0x2000000", "0x4000000", "0x8000000",
                ] {
                    #expect(["EPERM", "killed SYS"].contains(facts["clone \(flag)"]), "\(flag): \(facts)")
                }
                #expect(facts["clone3 0"] == "ENOSYS")
                #expect(facts["clone3 0x10000000"] == "ENOSYS")
                #expect(facts["unshare 0x10000000"] != "ok")
            }
        }

        @Test func `sockets of the families that attacks use are refused at every entrance`() throws {
            try RktFixture.with { rkt throws in
                let facts = try rkt.ask("families")
                for family in [1, 2, 10, 16] { #expect(facts["family \(family)"] == "ok", "family \(family)") }
                for family in [38, 40] { #expect(facts["family \(family)"] != "ok", "family \(family)") }
                for family in 0...45 { #expect(facts["family32 \(family)"] != "ok", "family \(family) by socketcall") }
            }
        }

        @Test func `the 32-bit entrance is closed`() throws {
            try RktFixture.with { rkt throws in
                for (_, answer) in try rkt.ask("syscall32 20 102 21 5 26").starting("syscall32 ") {
                    #expect(["killed SYS", "ENOSYS", "EPERM"].contains(answer))
                }
            }
        }

        @Test func `remove takes calls away with the errno asked for`() throws {
            try RktFixture.with { rkt throws in
                let facts = try rkt.ask(
                    "syscall 83 258 + user", appOptions: ["--seccomp=mode=remove,errno=EXDEV,mkdir,mkdirat"])
                #expect(facts["syscall 83"] == "EXDEV")
                #expect(facts["syscall 258"] == "EXDEV")
                let killed = try rkt.ask("syscall 83 + user", appOptions: ["--seccomp=mode=remove,mkdir"])
                #expect(killed["syscall 83"] == "killed SYS")
            }
        }

        @Test func `calls that only other machines have can be named, and calls of tomorrow`() throws {
            try RktFixture.with { rkt throws in
                let facts = try rkt.ask(
                    "syscall 83 452",
                    appOptions: ["--seccomp=mode=remove,errno=EXDEV,chown32,socketcall,fchmodat2,mkdir"])
                #expect(facts["syscall 83"] == "EXDEV")
                #expect(facts["syscall 452"] == "EXDEV")
                let retained = try rkt.ask(
                    "syscall 451 452", appOptions: ["--seccomp=mode=retain,@rkt/default-whitelist,fchmodat2"])
                #expect(retained["syscall 451"] == "ENOSYS")
                #expect(retained["syscall 452"] != "ENOSYS" || !kernelHasFchmodat2)
            }
        }

        /// Since Linux 6.6.
        private var kernelHasFchmodat2: Bool {
            let version = (try? readText("/proc/sys/kernel/osrelease"))?.split(separator: ".").prefix(2)
            let numbers = version?.compactMap { Int($0) } ?? []  // unreadable: taken for an old one
            return numbers.count == 2 && (numbers[0], numbers[1]) >= (6, 6)
        }

        @Test func `retain leaves what it names and what a program cannot live without`() throws {
            try RktFixture.with { rkt throws in
                let calls =
                    "read,write,close,openat,fork,clone,vfork,wait4,kill,readlink,readlinkat,rt_sigaction,"
                    + "rt_sigprocmask,prctl,mprotect,mmap,munmap,fstat,newfstatat,stat,lseek,sigaltstack,getuid,geteuid,"
                    + "getgid,getegid,getgroups,access,open,sched_getaffinity,prlimit64,getrandom"
                let facts = try rkt.ask(
                    "syscall 83 + user", appOptions: ["--seccomp=mode=retain,errno=EXDEV,\(calls)"])
                #expect(facts["syscall 83"] == "EXDEV")
                #expect(facts["uid"] == "0")
            }
        }

        /// What the probe calls on its own way.
        private static let necessary =
            "read,write,close,openat,fork,clone,vfork,wait4,kill,readlink,readlinkat,rt_sigaction,rt_sigprocmask,"
            + "prctl,mprotect,fstat,newfstatat,stat,lseek,sigaltstack,access,open,sched_getaffinity,prlimit64,getrandom"

        struct NamedSet: Sendable, CustomTestStringConvertible {
            let mode: String
            let name: String
            let refused: [Int]
            let allowed: [Int]
            var more = ""
            var testDescription: String { "\(mode) \(name)" }
        }

        static let namedSets = [
            NamedSet(mode: "remove", name: "@systemd/clock", refused: [159, 164, 227, 305], allowed: [165, 83]),
            NamedSet(mode: "remove", name: "@systemd/mount", refused: [155, 161, 165, 166], allowed: [164, 83]),
            NamedSet(mode: "remove", name: "@systemd/network-io", refused: [41, 42, 49, 53], allowed: [165, 83]),
            NamedSet(mode: "remove", name: "@systemd/obsolete", refused: [134, 136, 139], allowed: [41, 165]),
            NamedSet(mode: "remove", name: "@systemd/privileged", refused: [92, 163, 164, 172], allowed: [165, 83]),
            NamedSet(mode: "remove", name: "@systemd/raw-io", refused: [172, 173], allowed: [163, 83]),
            NamedSet(
                mode: "remove", name: "@rkt/default-blacklist", refused: [101, 165, 250, 321], allowed: [83, 41]),
            NamedSet(
                mode: "remove", name: "@docker/default-blacklist", refused: [101, 165, 250, 321], allowed: [83, 41]),
            NamedSet(
                mode: "retain", name: "@rkt/default-whitelist", refused: [101, 165, 250, 321], allowed: [83, 41]),
            NamedSet(
                mode: "retain", name: "@docker/default-whitelist", refused: [101, 165, 250, 321], allowed: [83, 41]),
            NamedSet(
                mode: "retain", name: "@systemd/default-whitelist", refused: [83, 41, 90], allowed: [24, 111, 229],
                more: ",\(necessary)"),
        ]

        @Test(arguments: namedSets)
        func `every named set stands for the calls of its name`(set: NamedSet) throws {
            try RktFixture.with { rkt throws in
                let numbers = (set.refused + set.allowed).map(String.init).joined(separator: " ")
                let facts = try rkt.ask(
                    "syscall \(numbers) + user",
                    appOptions: ["--seccomp=mode=\(set.mode),errno=EXDEV,\(set.name)\(set.more)"])
                for number in set.refused { #expect(facts["syscall \(number)"] == "EXDEV", "\(number)") }
                for number in set.allowed {
                    let answer = facts["syscall \(number)"] ?? "?"
                    #expect(!["EXDEV", "killed SYS", "?"].contains(answer), "\(number): \(answer)")
                }
                #expect(facts["uid"] == "0")
            }
        }

        /// Of this set is what every program needs to begin.
        @Test func `without the calls for processes nothing starts, and without any nothing is done`() throws {
            try RktFixture.with { rkt throws in
                let image = try rkt.probeImage()
                for set in ["mode=remove,errno=EPERM,@systemd/process", "mode=retain,errno=EPERM,@appc.io/empty"] {
                    let result = try rkt.run(image: image, appOptions: ["--seccomp=\(set)"], ["mkdir", "/made"])
                    #expect(result.status != 0 && result.output == "", "\(result)")
                }
                let usual = try rkt.ask(
                    "syscall 165 83", appOptions: ["--seccomp=mode=remove,errno=EXDEV,@appc.io/empty"])
                #expect(usual["syscall 165"] == "killed SYS", "the usual list, without an error")
                #expect(usual["syscall 83"] != "killed SYS")
            }
        }

        @Test func `what the command line says replaces what the image says, of either kind`() throws {
            try RktFixture.with { rkt throws in
                for kind in ["retain", "remove"] {
                    let image = try rkt.fetch(
                        RktFixture.probe("example.com/\(kind)").isolator(
                            "os/linux/seccomp-\(kind)-set", #"{"set":["mkdir"],"errno":"EACCES"}"#))
                    let facts = try rkt.ask(
                        "syscall 83 84", appOptions: ["--seccomp=mode=remove,errno=EXDEV,rmdir"], image: image)
                    #expect(facts["syscall 83"] == "EFAULT", "\(kind): \(facts)")
                    #expect(facts["syscall 84"] == "EXDEV", "\(kind)")
                }
            }
        }

        @Test func `the whole set lifts the filter, from the command line only`() throws {
            try RktFixture.with { rkt throws in
                let lifted = try rkt.ask("status", appOptions: ["--seccomp=mode=retain,@appc.io/all"])
                #expect(lifted["Seccomp"] == "0")
                let image = try rkt.fetch(
                    RktFixture.probe("example.com/a")
                        .isolator("os/linux/seccomp-retain-set", #"{"set":["@appc.io/all"]}"#))
                let kept = try rkt.ask("status + syscall 165", image: image)
                #expect(kept["Seccomp"] == "2")
                #expect(["killed SYS", "EPERM", "ENOSYS"].contains(kept["syscall 165"]))
            }
        }

        @Test func `an image removes calls from the usual list, which stays in force`() throws {
            try RktFixture.with { rkt throws in
                let image = try rkt.fetch(
                    RktFixture.probe("example.com/a")
                        .isolator("os/linux/seccomp-remove-set", #"{"set":["mkdir"],"errno":"EACCES"}"#))
                let facts = try rkt.ask("syscall 83 165", image: image)
                #expect(facts["syscall 83"] == "EACCES")
                #expect(["killed SYS", "EPERM", "ENOSYS", "EACCES"].contains(facts["syscall 165"]))
            }
        }

        @Test(arguments: [
            ("mode=other,mkdir", "invalid seccomp mode command-line override"),
            ("mode=remove,x=y,mkdir", "invalid seccomp command-line override"),
            ("mode=retain,errno=NOTHING,mkdir", "NOTHING"),
            ("mode=remove,mkdirr", "unknown system call 'mkdirr' in a seccomp set"),
            ("mode=retain,@rkt/default-whitelist,Read", "unknown system call 'Read' in a seccomp set"),
            ("mode=remove,@rkt/default-blacklists", "unknown seccomp wildcard '@rkt/default-blacklists'"),
            ("mode=remove,@systemd", "unknown seccomp wildcard '@systemd'"),
            ("mode=remove,@appc.io/all", "would leave no system call to start the app with"),
            ("mode=retain", "invalid seccomp command-line override"),
        ])
        func `mistakes are named`(value: String, sentence: String) throws {
            try RktFixture.with { rkt throws in
                try rkt.run(image: rkt.probeImage(), appOptions: ["--seccomp=\(value)"], ["user"]).refused(sentence)
            }
        }
    }
}
