import SystemPackage
import TestSupport
import Testing

extension Integration {
    @Suite struct Capabilities {
        /// The list of rkt: CHOWN DAC_OVERRIDE FOWNER FSETID KILL SETGID SETUID SETPCAP NET_BIND_SERVICE NET_RAW
        /// SYS_CHROOT MKNOD AUDIT_WRITE SETFCAP.
        static let usual = mask([0, 1, 3, 4, 5, 6, 7, 8, 10, 13, 18, 27, 29, 31])

        static func mask(_ numbers: [Int]) -> String {
            let bits = numbers.reduce(UInt64(0)) { $0 | 1 << UInt64($1) }
            let digits = String(bits, radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }

        @Test func `root has the usual ones and no others`() throws {
            try RktFixture.with { rkt throws in
                let facts = try rkt.ask("status")
                for set in ["CapBnd", "CapPrm", "CapEff"] { #expect(facts[set] == Self.usual, "\(set)") }
                for set in ["CapInh", "CapAmb"] { #expect(facts[set] == Self.mask([]), "\(set)") }
            }
        }

        @Test func `others have none, and cannot get any by themselves`() throws {
            try RktFixture.with { rkt throws in
                let facts = try rkt.ask("status", appOptions: ["--user=1000", "--group=1000"])
                for set in ["CapPrm", "CapEff", "CapInh", "CapAmb"] { #expect(facts[set] == Self.mask([]), "\(set)") }
                #expect(facts["CapBnd"] == Self.usual)
                let dropped = try rkt.ask("as 1000 1000 + status")
                for set in ["CapPrm", "CapEff", "CapInh", "CapAmb"] { #expect(dropped[set] == Self.mask([]), "\(set)") }
            }
        }

        @Test func `retain is exact, remove takes from the usual ones`() throws {
            try RktFixture.with { rkt throws in
                let retained = try rkt.ask("status", appOptions: ["--caps-retain=CAP_CHOWN,CAP_KILL"])
                #expect(retained["CapBnd"] == Self.mask([0, 5]))
                #expect(retained["CapEff"] == Self.mask([0, 5]))
                let removed = try rkt.ask("status", appOptions: ["--caps-remove=CAP_MKNOD,CAP_NET_RAW"])
                #expect(removed["CapBnd"] == Self.mask([0, 1, 3, 4, 5, 6, 7, 8, 10, 18, 29, 31]))
                let widened = try rkt.ask("status", appOptions: ["--caps-retain=CAP_SYS_TIME"])
                #expect(widened["CapEff"] == Self.mask([25]), "the command line may widen")
            }
        }

        @Test func `the old spellings work and say so`() throws {
            try RktFixture.with { rkt throws in
                let result = try rkt.run(
                    image: rkt.probeImage(), appOptions: ["--cap-retain=CAP_CHOWN"], ["status"]
                ).succeeded()
                #expect(Facts(result.output)["CapBnd"] == Self.mask([0]))
                #expect(result.errors.contains("Flag --cap-retain has been deprecated, use --caps-retain instead"))
            }
        }

        @Test func `both on one image are refused`() throws {
            try RktFixture.with { rkt throws in
                try rkt.run(
                    image: rkt.probeImage(), appOptions: ["--caps-retain=CAP_CHOWN", "--caps-remove=CAP_KILL"]
                ).refused("cannot use both --caps-retain and --caps-remove on the same image")
                try rkt.run(image: rkt.probeImage(), appOptions: ["--caps-retain=CAP_NOTHING"], ["user"]).refused(
                    "CAP_NOTHING")
            }
        }

        @Test func `an image can narrow its capabilities and never widen them`() throws {
            try RktFixture.with { rkt throws in
                let narrow = try rkt.fetch(
                    RktFixture.probe("example.com/narrow")
                        .isolator("os/linux/capabilities-retain-set", #"{"set":["CAP_CHOWN","CAP_SYS_ADMIN"]}"#))
                #expect(try rkt.ask("status", image: narrow)["CapBnd"] == Self.mask([0]))
                let removing = try rkt.fetch(
                    RktFixture.probe("example.com/removing")
                        .isolator("os/linux/capabilities-remove-set", #"{"set":["CAP_MKNOD"]}"#))
                #expect(
                    try rkt.ask("status", image: removing)["CapBnd"]
                        == Self.mask([0, 1, 3, 4, 5, 6, 7, 8, 10, 13, 18, 29, 31]))
            }
        }

        @Test func `what the command line says replaces all that the image says`() throws {
            try RktFixture.with { rkt throws in
                let retaining = try rkt.fetch(
                    RktFixture.probe("example.com/retaining")
                        .isolator("os/linux/capabilities-retain-set", #"{"set":["CAP_CHOWN"]}"#))
                let removing = try rkt.fetch(
                    RktFixture.probe("example.com/removing")
                        .isolator("os/linux/capabilities-remove-set", #"{"set":["CAP_CHOWN"]}"#))
                for image in [retaining, removing] {
                    let removed = try rkt.ask("status", appOptions: ["--caps-remove=CAP_MKNOD"], image: image)
                    #expect(removed["CapBnd"] == Self.mask([0, 1, 3, 4, 5, 6, 7, 8, 10, 13, 18, 29, 31]))
                    let retained = try rkt.ask("status", appOptions: ["--caps-retain=CAP_KILL"], image: image)
                    #expect(retained["CapBnd"] == Self.mask([5]))
                }
            }
        }

        /// In the original the filter kept them from that.
        @Test func `set-user-ID programs work for others, unless the image forbids new privileges`() throws {
            try RktFixture.with { rkt throws in
                let image = try RktFixture.probe("example.com/a").file("/suid", from: Programs.inspect(), mode: 0o4755)
                func run(_ image: ACIBuilder) throws -> Facts {
                    try rkt.ask(
                        "user + status", appOptions: ["--user=web", "--group=web", "--exec=/suid"],
                        image: rkt.fetch(image))
                }
                let free = try run(image)
                #expect((free["uid"], free["euid"]) == ("1000", "0"))
                #expect((free["CapEff"], free["Seccomp"], free["NoNewPrivs"]) == (Self.usual, "2", "0"))
                let bound = try run(image.isolator("os/linux/no-new-privileges", "true"))
                #expect((bound["euid"], bound["CapEff"]) == ("1000", Self.mask([])))
            }
        }

        @Test func `no new privileges on request of the image`() throws {
            try RktFixture.with { rkt throws in
                #expect(try rkt.ask("status")["NoNewPrivs"] == "0")
                let image = try rkt.fetch(
                    RktFixture.probe("example.com/a").isolator("os/linux/no-new-privileges", "true"))
                #expect(try rkt.ask("status", image: image)["NoNewPrivs"] == "1")
                let undone = try rkt.fetch(
                    RktFixture.probe("example.com/b").isolator("os/linux/no-new-privileges", "false"))
                #expect(try rkt.ask("status", image: undone)["NoNewPrivs"] == "0")
            }
        }

        /// What is seen of the sandbox, without the numbers of pipes.
        private func sandbox(_ facts: Facts) -> [String] {
            facts.description.split(separator: "\n").map { line in
                line.contains("pipe:[") ? String(line.prefix { $0 != "[" }) : String(line)
            }
        }

        @Test func `nothing an image says beside its isolators changes the sandbox`() throws {
            try RktFixture.with { rkt throws in
                let names = [
                    "coreos.com/rkt/stage1/mutable", "coreos.com/rkt/stage2/stdin", "coreos.com/rkt/insecure-options",
                    "io.podman.annotations.privileged", "io.containerd.privileged",
                    "org.systemd.property.capabilityboundingset", "run.oci.keep-original-groups",
                    "appc.io/docker/repository",
                ]
                let loud = try rkt.fetch(
                    names.reduce(RktFixture.probe("example.com/loud")) { $0.annotation($1, "true").label($1, "true") }
                        .file("/etc/loud.nspawn", "[Exec]\nCapability=all\n"))
                let questions = "status + fds + rlimits + umask + oom"
                let quiet = try rkt.ask(questions)
                #expect(try sandbox(rkt.ask(questions, image: loud)) == sandbox(quiet))
            }
        }
    }
}
