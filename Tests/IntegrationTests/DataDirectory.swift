import Glibc
import SystemPackage
import TestSupport
import Testing

extension Integration {
    @Suite struct DataDirectory {
        @Test func `modes are those of the packages, and pods are closed to others`() throws {
            try RktFixture.with { rkt throws in
                try rkt.ask("user", options: ["--set-env=SECRET=1"])
                let data = rkt.dataDirectory
                for state in ["embryo", "prepare", "prepared", "run", "exited-garbage", "garbage"] {
                    #expect(try FileFacts(data.appending("pods/\(state)")).permissions & 0o7 == 0, "\(state)")
                }
                #expect(try FileFacts(data.appending("cas/tree")).permissions & 0o77 == 0)
                #expect(try FileFacts(data.appending("cas")).permissions & 0o7 == 0)
                let open = try Command(
                    "/bin/sh", ["-c", "find \"$0\"/pods \"$0\"/cas -maxdepth 2 -perm /o=rwx ! -type l", data.string]
                ).run()
                #expect(open.text == "", "others can reach:\n\(open.text)")
            }
        }

        @Test func `a member of the group rkt lists and reads without being root`() throws {
            try RktFixture.with { rkt throws in
                try rkt.ask("user")
                let uuid = try rkt.onlyPod()
                // What the packages do: the data directory belongs to the group, and hands it down.
                let group = 54321
                try Command(
                    "/bin/sh", ["-c", "chgrp -R \(group) \"$0\" && chmod 2750 \"$0\"", rkt.dataDirectory.string]
                )
                .run().succeeded()
                let words =
                    ["--reuid=65534", "--regid=65534", "--groups=\(group)", rkt.program.string] + rkt.globalFlags
                func member(_ arguments: String...) throws -> CommandResult {
                    try Command(Programs.find("setpriv"), words + arguments).run()
                }
                #expect(try member("list", "--full").succeeded().output.contains(uuid))
                #expect(try member("status", uuid).succeeded().output.contains("state=exited"))
                #expect(try member("cat-manifest", uuid).succeeded().output.contains("PodManifest"))
                #expect(try member("image", "list").succeeded().output.contains("example.com/inspect"))
                #expect(
                    try member("image", "cat-manifest", "example.com/inspect").succeeded().output.contains(
                        "ImageManifest"))
                try member("gc").refused("cannot run as unprivileged user")
                let stranger = try Command(
                    Programs.find("setpriv"),
                    ["--reuid=65534", "--regid=65534", "--clear-groups", rkt.program.string] + rkt.globalFlags + [
                        "list"
                    ]
                ).run()
                stranger.refused("Permission denied")
            }
        }

        @Test func `many pods are listed in no time`() throws {
            try RktFixture.with { rkt throws in
                let image = try rkt.probeImage()
                for _ in 0..<40 { try rkt("prepare", image).succeeded() }
                let result = try rkt("list").succeeded()
                #expect(result.lines.count == 41)
                #expect(result.duration < .seconds(2))
            }
        }

        @Test func `pods that start at the same time do not disturb each other`() throws {
            try RktFixture.with { rkt throws in
                let image = try rkt.write(RktFixture.probe)
                let running = try (0..<12).map { index in
                    try rkt.start(
                        rkt.podArguments(
                            index % 3 == 2 ? .fly : .ns, image: image.string,
                            ["echo", "pod \(index)", "+", "sleep", "50"]))
                }
                for (index, pod) in running.enumerated() {
                    #expect(try pod.wait().succeeded().output == "pod \(index)\n")
                }
                #expect(rkt.podIDs.count == 12)
                try rkt.collectGarbage()
            }
        }
    }
}
