import JSON
import SystemPackage
import TestSupport
import Testing

extension Integration {
    @Suite struct InsecureOptions {
        /// What each option lifts; a question, and the answer with and without.
        struct Lift: Sendable, CustomTestStringConvertible {
            let option: String
            let lifts: Set<String>
            var testDescription: String { option }
        }

        static let table = [
            Lift(option: "capabilities", lifts: ["capabilities"]), Lift(option: "paths", lifts: ["paths"]),
            Lift(option: "seccomp", lifts: ["seccomp"]), Lift(option: "ondisk", lifts: []),
            Lift(option: "capabilities,seccomp", lifts: ["capabilities", "seccomp"]),
            Lift(option: "ALL-RUN", lifts: ["capabilities", "paths", "seccomp"]),
            Lift(option: "all", lifts: ["capabilities", "paths", "seccomp"]), Lift(option: "image", lifts: []),
            Lift(option: "none", lifts: []),
        ]

        @Test(arguments: table)
        func `each lifts exactly its own restriction, in run and in enter`(lift: Lift) throws {
            try RktFixture.with { rkt throws in
                let (pod, uuid) = try rkt.startWaitingPod(
                    options: ["--insecure-options=\(lift.option)"], questions: questions)
                try expect(Facts(pod.outputSoFar), lift.lifts, "run")
                let entered = try rkt(["enter", uuid, "/inspect"] + questions.split(separator: " ").map(String.init))
                    .succeeded()
                try expect(Facts(entered.output), lift.lifts, "enter")
                for name in lift.lifts {
                    #expect(
                        pod.errorsSoFar.split(separator: "\n").filter { $0.contains(name) }.count == 1,
                        "\(pod.errorsSoFar)")
                }
                pod.signal(15)
                pod.wait()
            }
        }

        @Test func `run-prepared goes by its own options, not by those of prepare`() throws {
            try RktFixture.with { rkt throws in
                let image = try rkt.probeImage()
                let words = ["--"] + questions.split(separator: " ").map(String.init)
                let lax = try rkt(["prepare", "--insecure-options=image,all-run", image] + words).succeeded().text
                try expect(Facts(rkt("run-prepared", "--net=none", lax).succeeded().output), [], "strict")
                let strict = try rkt(["prepare", image] + words).succeeded().text
                let facts = Facts(
                    try rkt("run-prepared", "--net=none", "--insecure-options=seccomp", strict).succeeded().output)
                try expect(facts, ["seccomp"], "lax")
            }
        }

        @Test func `what was lifted is recorded in the pod`() throws {
            try RktFixture.with { rkt throws in
                let (pod, uuid) = try rkt.startWaitingPod(options: ["--insecure-options=paths,seccomp"])
                let text = try readBytes(rkt.podDirectory(uuid).appending("runtime-config"))
                let options = try JSONValue(parsing: text)["InsecureOptions"]
                #expect(options?["DisablePaths"] == true)
                #expect(options?["DisableSeccomp"] == true)
                #expect(options?["DisableCapabilities"] == false)
                pod.signal(15)
                pod.wait()
            }
        }

        @Test(arguments: [
            ("nonsense", "unknown option \"nonsense\""), ("image,image", "duplicated option \"image\""),
        ])
        func `mistakes are named`(value: String, sentence: String) throws {
            try RktFixture.with { rkt throws in
                try rkt("list", "--insecure-options=\(value)").refused(sentence)
            }
        }

        private var questions: String {
            "status + syscall 165 + open-write /proc/sys/kernel/core_pattern + device c 10 229"
        }

        private func expect(_ facts: Facts, _ lifts: Set<String>, _ place: String) throws {
            let usual = Capabilities.usual
            #expect((facts["CapBnd"] != usual) == lifts.contains("capabilities"), "\(place): \(facts["CapBnd"] ?? "?")")
            #expect(facts["Seccomp"] == (lifts.contains("seccomp") ? "0" : "2"), "\(place)")
            #expect(
                (facts["syscall 165"] == "killed SYS") == !lifts.contains("seccomp"),
                "\(place): \(facts["syscall 165"] ?? "?")")
            let knob = facts["open-write /proc/sys/kernel/core_pattern"]
            #expect((knob == "ok") == lifts.contains("paths"), "\(place): \(knob ?? "?")")
            // /dev/fuse: whether the driver is there is another matter.
            let device = facts["device c 10:229"] ?? "EPERM"
            #expect(
                !["EPERM", "EACCES"].contains { device.contains($0) } == lifts.contains("paths"), "\(place): \(device)")
        }
    }
}
