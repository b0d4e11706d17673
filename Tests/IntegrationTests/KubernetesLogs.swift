import SystemPackage
import TestSupport
import Testing

extension Integration {
    /// Logs as Kubernetes wants them, in a directory of the host.
    @Suite struct KubernetesLogs {
        private static let prefix = "coreos.com/rkt/experiment/"

        /// A pod manifest with an app of the shell image that logs to `path` in `directory`.
        private func manifest(
            _ rkt: RktFixture, _ script: String, mode: String = "k8s-plain", directory: String?, path: String?
        ) throws -> FilePath {
            func annotation(_ name: String, _ value: String?) -> [String] {
                value.map { [#"{"name":"\#(Self.prefix)\#(name)","value":"\#($0)"}"#] } ?? []
            }
            let pod = annotation("logmode", mode) + annotation("kubernetes-log-dir", directory)
            let app = annotation("kubernetes-log-path", path)
            let file = rkt.directory.appending("pod.json")
            try writeText(
                """
                {"acVersion":"0.8.11","acKind":"PodManifest","annotations":[\(pod.joined(separator: ","))],
                "apps":[{"name":"a","image":{"id":"\(try rkt.shellImage())"},"annotations":[\(app.joined())],
                "app":{"exec":["/sh","-c","\(script)"],"user":"0","group":"0"}}]}
                """, to: file)
            return file
        }

        /// Stream and text of each line, whose time must be one.
        private func lines(_ file: FilePath) throws -> [String] {
            try readText(file).split(separator: "\n", omittingEmptySubsequences: false).dropLast().map { line in
                let fields = line.split(separator: " ", maxSplits: 1).map(String.init)
                let time = fields[cell: 0]
                #expect(time.count == 30 && time.hasPrefix("20") && time.hasSuffix("Z"), "\(line)")
                return fields[cell: 1]
            }
        }

        @Test func `each line of an app is there with its time and stream, and everything else as usual`() throws {
            try RktFixture.with { rkt throws in
                let logs = try rkt.source(["a_0.log": "an old one\n"], "logs")
                let script = "echo one; echo; printf 'two'; printf ' and a half\\\\n'; printf 'no end'"
                let file = try manifest(rkt, script, directory: logs.string, path: "a_0.log")
                let run = try rkt("run", "--net=none", "--pod-manifest=\(file)").succeeded()
                #expect(run.output == "one\n\ntwo and a half\nno end")
                #expect(
                    try lines(logs.appending("a_0.log")) == [
                        "stdout one", "stdout ", "stdout two and a half", "stdout no end",
                    ])
                #expect(try rkt("logs", rkt.onlyPod()).succeeded().output == run.output)

                let long =
                    "/busybox seq 1 20000; echo problem >&2; /busybox head -c 70000 /dev/zero | /busybox tr '\\\\0' x"
                try rkt("run", "--net=none", "--pod-manifest=\(manifest(rkt, long, directory: logs.string, path: "b"))")
                    .succeeded()
                let written = try lines(logs.appending("b"))
                #expect(written.filter { $0 == "stderr problem" }.count == 1)
                let numbers = written.filter { $0.hasPrefix("stdout ") && !$0.contains("x") }
                #expect(numbers == (1...20_000).map { "stdout \($0)" })
                let pieces = written.filter { $0.contains("x") }.map(\.utf8.count)
                #expect(pieces == [7 + 65_536, 7 + 4464], "what is too long becomes two lines")
            }
        }

        @Test func `an app of a mutable pod begins its log anew at each start`() throws {
            try RktFixture.with { rkt throws in
                let logs = try rkt.source([:], "logs")
                let (pod, uuid) = try rkt.startSandbox([
                    "--annotation=\(Self.prefix)logmode=k8s-plain",
                    "--annotation=\(Self.prefix)kubernetes-log-dir=\(logs)",
                ])
                try rkt("app", "add", uuid, rkt.probeImage(), "--name=none", "--", "user").refused(
                    "kubernetes-log-path annotation needs to be specified when k8s-plain logging mode is used")
                try rkt(
                    "app", "add", uuid, rkt.probeImage(), "--name=web",
                    "--annotation=\(Self.prefix)kubernetes-log-path=web.log", "--", "echo", "hello"
                ).succeeded()
                for _ in 0..<2 {
                    try rkt("app", "start", uuid, "--app=web").succeeded()
                    try rkt.waitForApp("web", uuid, "exited")
                    try waitUntil("the log") { try lines(logs.appending("web.log")) == ["stdout hello"] }
                }
                try rkt.stop(pod, uuid)
            }
        }

        @Test func `without a directory of the host it is the pod's`() throws {
            try RktFixture.with { rkt throws in
                let file = try manifest(rkt, "echo inside", directory: nil, path: "a.log")
                try rkt("run", "--net=none", "--no-overlay", "--pod-manifest=\(file)").succeeded()
                let log = try rkt.podDirectory(rkt.onlyPod()).appending("stage1/rootfs/rkt/kubernetes/log/a.log")
                #expect(try lines(log) == ["stdout inside"])
            }
        }

        struct Mistake: Sendable {
            var mode = "k8s-plain"
            var directory = "LOGS"
            var path: String? = "a.log"
            let sentence: String
        }

        @Test(arguments: [
            Mistake(mode: "other", sentence: "use k8s-plain"),
            Mistake(directory: "relative", sentence: "no absolute path"),
            Mistake(directory: "/no/such", sentence: "/no/such"),
            Mistake(path: nil, sentence: "kubernetes-log-path annotation needs to be specified"),
            Mistake(path: "../a.log", sentence: "refusing path traversal"),
            Mistake(path: "in/../../a.log", sentence: "refusing path traversal"),
            Mistake(path: "/", sentence: "refusing path traversal"),
            Mistake(path: "missing/a.log", sentence: "missing/a.log"),
            Mistake(path: "directory", sentence: "directory"),
        ])
        func `mistakes are named, and nothing is started`(mistake: Mistake) throws {
            try RktFixture.with { rkt throws in
                let logs = try rkt.source([:], "logs")
                try makeDirectories(logs.appending("directory"))
                let file = try manifest(
                    rkt, "echo started", mode: mistake.mode,
                    directory: mistake.directory.replacingFirst("LOGS", logs.string), path: mistake.path)
                let result = try rkt("run", "--net=none", "--pod-manifest=\(file)").refused(mistake.sentence)
                #expect(result.output == "")
                #expect(try entries(of: logs) == ["directory"])
            }
        }

        @Test func `a link in the directory does not lead out of it, and an image cannot ask for a log`() throws {
            try RktFixture.with { rkt throws in
                let logs = try rkt.source([:], "logs")
                let outside = try rkt.source(["file": "keep"], "outside")
                try shell("ln -s \"$1/file\" \"$2/a.log\"", [outside.string, logs.string])
                let file = try manifest(rkt, "echo hello", directory: logs.string, path: "a.log")
                _ = try rkt("run", "--net=none", "--pod-manifest=\(file)")
                #expect(try readText(outside.appending("file")) == "keep")
                let image = try rkt.fetch(
                    RktFixture.probe("example.com/a").annotation("\(Self.prefix)logmode", "k8s-plain")
                        .annotation("\(Self.prefix)kubernetes-log-dir", logs.string)
                        .annotation("\(Self.prefix)kubernetes-log-path", "image.log"))
                try rkt.ask("user", image: image)
                #expect(try entries(of: logs) == ["a.log"])
            }
        }
    }
}
