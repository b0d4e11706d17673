import Glibc
import SystemPackage
import TestSupport
import Testing

extension Integration {
    /// Pods as services: readiness, and sockets that the service manager opened.
    @Suite struct Services {
        private static let promise = "appc.io/executor/supports-systemd-notify"

        /// A pod that a service manager of the tests has started.
        private struct Service {
            let process: RunningCommand
            let uuidFile: FilePath
            let directory: FilePath

            init(_ rkt: RktFixture, _ words: [String]) throws { try self.init(rkt, [], .ns, words) }

            init(_ rkt: RktFixture, _ kinds: [String], _ words: [String]) throws {
                try self.init(rkt, kinds, .ns, words)
            }

            init(_ rkt: RktFixture, _ kinds: [String], _ flavor: Flavor, _ words: [String]) throws {
                directory = rkt.directory.appending("manager")
                uuidFile = directory.appending("uuid")
                try makeDirectories(directory)
                let run = ["run", "--uuid-file-save=\(uuidFile)"] + flavor.selection + words
                let command = Command(
                    try Programs.find("python3"),
                    [Programs.packageRoot.appending("Tests/Servers/manager.py").string, directory.string] + kinds
                        + ["--", rkt.program.string] + rkt.globalFlags + run)
                let process = try command.start()
                self.process = process
                rkt.atEnd {
                    if process.isRunning { process.killAll() }
                    process.wait(.seconds(200))
                }
            }

            /// What the pod has told its manager.
            var said: [String] {
                let text = (try? readText(directory.appending("said"))) ?? ""  // nothing yet
                return text.split(separator: "\n").map(String.init)
            }

            func uuid() throws -> String {
                try waitUntil("the pod's UUID") { (try? readText(uuidFile))?.utf8.count == 36 }  // not there yet
                return try readText(uuidFile)
            }
        }

        private static let ready = "READY=1 MAINPID=own by own"

        private func promising(_ name: String) throws -> ACIBuilder {
            try RktFixture.probe(name).annotation(Self.promise, "true")
        }

        @Test func `a pod whose apps say nothing themselves is ready when they are executed`() throws {
            try RktFixture.with { rkt throws in
                let image = try rkt.probeImage()
                let service = try Service(rkt, ["--net=none", image, "--", "env", "+", "wait", "60"])
                try waitUntil("readiness") { service.said == [Self.ready] }
                try service.process.waitForOutput("waiting=")
                #expect(Facts(service.process.outputSoFar).environment["NOTIFY_SOCKET"] == nil)
                try rkt("stop", service.uuid()).succeeded()
                #expect(service.process.wait(.seconds(60)).status == 0)
                #expect(service.said == [Self.ready])
            }
        }

        /// An app whose handler before the start ends with the first signal.
        private static func handled(_ name: String) throws -> ACIBuilder {
            try RktFixture.probe(name).eventHandler("pre-start", exec: ["/inspect", "wait", "60"])
        }

        @Test func `a pod is ready when the handlers before its apps have ended and the apps are executed`() throws {
            try RktFixture.with { rkt throws in
                let image = try rkt.fetch(Self.handled("example.com/careful"))
                let service = try Service(rkt, ["--net=none", image, "--", "wait", "60"])
                try service.process.waitForOutput("waiting=")
                try rkt("status", "--wait-ready=300ms", service.uuid()).refused("context deadline exceeded")
                #expect(service.said == [])
                let first = try readText(rkt.podDirectory(service.uuid()).appending("pid")).split(separator: "\n")
                kill(try #require(first.first.flatMap { CInt($0) }), SIGUSR1)
                try waitUntil("readiness") { service.said == [Self.ready] }
                try waitUntil("the app to wait") { Facts(service.process.outputSoFar).all("waiting").count == 2 }
                try rkt("stop", service.uuid()).succeeded()
                #expect(service.process.wait(.seconds(60)).status == 0)
            }
        }

        @Test func `a pod that is asked to stop before its apps run ends, and was never ready`() throws {
            try RktFixture.with { rkt throws in
                let image = try rkt.fetch(Self.handled("example.com/careful"))
                let service = try Service(rkt, ["--net=none", image, "--", "env"])
                try service.process.waitForOutput("waiting=")
                try rkt("stop", "--wait=20s", service.uuid()).succeeded()
                let result = service.process.wait(.seconds(60))
                #expect(result.status == 0, "\(result)")
                #expect(Facts(result.output).environment.isEmpty)
                #expect(service.said == [])
            }
        }

        @Test func `a pod with an app that cannot be executed is never ready`() throws {
            try RktFixture.with { rkt throws in
                let image = try rkt.probeImage()
                let service = try Service(
                    rkt,
                    [
                        "--net=none", image, "--name=good", "--", "wait", "60", "---", image, "--name=missing",
                        "--exec=/missing",
                    ])
                let result = service.process.wait(.seconds(60))
                #expect(result.status != 0, "\(result)")
                #expect(service.said == [])
            }
        }

        @Test(arguments: ["0", "1000"])
        func `a pod is ready when the app says so that promised to, and not before`(user: String) throws {
            try RktFixture.with { rkt throws in
                let image = try rkt.fetch(promising("example.com/slow"))
                let service = try Service(
                    rkt,
                    [
                        "--net=none", image, "--user=\(user)", "--group=\(user)", "--readonly-rootfs=true", "--", "env",
                        "+", "notify", "STATUS=warming", "+", "wait", "60", "+", "notify", "READY=1", "+", "wait", "60",
                    ])
                try service.process.waitForOutput("waiting=")
                let facts = Facts(service.process.outputSoFar)
                #expect(facts.environment["NOTIFY_SOCKET"] == "/run/systemd/notify")
                #expect(facts["notify STATUS"] == "warming=ok")
                let uuid = try service.uuid()
                try rkt("status", "--wait-ready=300ms", uuid).refused("context deadline exceeded")
                #expect(service.said == [])
                let entered = Facts(try rkt("enter", uuid, "/inspect", "env").succeeded().output)
                #expect(entered.environment["NOTIFY_SOCKET"] == nil)

                try rkt("stop", uuid).succeeded()  // the first signal ends the first wait
                try waitUntil("readiness") { service.said == [Self.ready] }
                try rkt("status", "--wait-ready=10s", uuid).succeeded()
                try rkt("stop", uuid).succeeded()
                service.process.wait(.seconds(60))
                #expect(service.said == [Self.ready])
            }
        }

        @Test func `every app that promised has to say it`() throws {
            try RktFixture.with { rkt throws in
                let image = try rkt.fetch(promising("example.com/slow"))
                let quiet = try rkt.probeImage()
                let service = try Service(
                    rkt,
                    [
                        "--net=none", image, "--name=first", "--", "notify", "READY=1", "+", "ready", "first", "+",
                        "wait", "60", "+", "wait", "60", "---", image, "--name=second", "--", "wait", "60", "+",
                        "notify", "READY=1", "+", "wait", "60", "---", quiet, "--", "wait", "60", "+", "wait", "60",
                    ])
                try service.process.waitForOutput("ready=first")
                try waitUntil("all to wait") { Facts(service.process.outputSoFar).all("waiting").count == 3 }
                try rkt("status", "--wait-ready=300ms", service.uuid()).refused("context deadline exceeded")
                #expect(service.said == [])
                try rkt("stop", service.uuid()).succeeded()  // the signal ends the first wait of each
                try waitUntil("readiness") { service.said == [Self.ready] }
                try rkt("stop", "--force", "--wait=20s", service.uuid()).succeeded()
            }
        }

        @Test func `another app cannot make it ready, a child of it can`() throws {
            try RktFixture.with { rkt throws in
                let image = try rkt.fetch(promising("example.com/slow"))
                let stranger = try rkt.probeImage()
                let service = try Service(
                    rkt,
                    [
                        "--net=none", image, "--name=slow", "--", "wait", "60", "+", "run", "/inspect", "notify",
                        "READY=1", "+", "wait", "60", "---", stranger, "--name=stranger", "--", "sleep", "300", "+",
                        "notify", "READY=1", "/proc/2/root/run/systemd/notify", "+", "notify", "READY=1",
                        "/run/systemd/notify", "+", "ready", "done", "+", "wait", "60", "+", "wait", "60",
                    ])
                try service.process.waitForOutput("ready=done")
                // Who does not wait yet would be ended by the signal.
                try waitUntil("both to wait") { Facts(service.process.outputSoFar).all("waiting").count == 2 }
                let answers = Facts(service.process.outputSoFar).all("notify READY")
                #expect(answers.last == "1=ENOENT")
                try rkt("status", "--wait-ready=300ms", service.uuid()).refused("context deadline exceeded")
                #expect(service.said == [])
                if answers.first == "1=ok" {
                    #expect(service.process.errorsSoFar.contains("is none of app 'slow' and cannot make it ready"))
                }
                try rkt("stop", service.uuid()).succeeded()
                try waitUntil("readiness") { service.said == [Self.ready] }
                try rkt("stop", "--force", "--wait=20s", service.uuid()).succeeded()
            }
        }

        @Test func `an annotation of the pod or another value promises nothing`() throws {
            try RktFixture.with { rkt throws in
                let image = try rkt.fetch(RktFixture.probe("example.com/a").annotation(Self.promise, "false"))
                let service = try Service(
                    rkt, ["--net=none", image, "--", "env", "+", "exists", "/run/systemd/notify"])
                let facts = Facts(try service.process.wait(.seconds(60)).succeeded().output)
                #expect(facts.environment["NOTIFY_SOCKET"] == nil)
                #expect(facts["exists /run/systemd/notify"] == "no")
            }
        }

        @Test func `sockets reach the app whose port they listen on, under the port's name`() throws {
            try RktFixture.with { rkt throws in
                let ports = try freePorts(5)
                let web = try rkt.fetch(
                    RktFixture.probe("example.com/web").port("http", "tcp", ports[0], socketActivated: true)
                        .port("names", "udp", ports[1], socketActivated: true)
                        .port("plain", "tcp", ports[3]))
                let other = try rkt.fetch(
                    RktFixture.probe("example.com/other").port("more", "tcp", ports[2], socketActivated: true)
                        .port("absent", "tcp", ports[4], socketActivated: true))
                let service = try Service(
                    rkt, ["tcp:\(ports[3])", "udp:\(ports[1])", "tcp:\(ports[0])", "unix", "tcp:\(ports[2])"],
                    [
                        "--net=host", web, "--set-env=LISTEN_FDS=9", "--", "passed", "+", "fds", "+", "greet",
                        "4", "hello", "---", other, "--user=1000", "--group=1000", "--", "sleep", "300", "+", "echo",
                        "other", "+", "passed", "+", "fds",
                    ])
                try waitUntil("the sockets") { exists(service.directory.appending("notify")) }
                #expect(try ask(ports[0]) == "hello")
                let result = service.process.wait(.seconds(60))
                try result.succeeded()
                let outputs = result.output.split(separator: "other\n", maxSplits: 1).map { Facts(String($0)) }
                #expect(outputs.count == 2)
                #expect(outputs[0]["passed"] == "2")
                #expect(outputs[0]["passed.3"] == "names datagram \(ports[1])")
                #expect(outputs[0]["passed.4"] == "http stream \(ports[0])")
                #expect(outputs[1]["passed"] == "1")
                #expect(outputs[1]["passed.3"] == "more stream \(ports[2])")
                for (facts, count) in zip(outputs, [2, 1]) {
                    #expect(facts.starting("fd.").filter { $0.value.hasPrefix("socket:") }.count == count)
                }
                #expect(result.errors.contains("for the passed socket of tcp port \(ports[3]), closing it"))
                #expect(result.errors.contains("for a passed descriptor that listens on no port, closing it"))
                #expect(result.errors.contains("socket-activated port \"absent\" (tcp \(ports[4])) of app 'other'"))
            }
        }

        @Test func `sockets that are meant for another process are left alone`() throws {
            try RktFixture.with { rkt throws in
                let image = try rkt.fetch(
                    RktFixture.probe("example.com/web").port("http", "tcp", 8080, socketActivated: true))
                var command = rkt.command(["run", "--net=none", image, "--", "passed", "+", "env"])
                command.environment = Command.quiet + ["LISTEN_PID=1", "LISTEN_FDS=1", "LISTEN_FDNAMES=x"]
                let facts = Facts(try command.run().succeeded().output)
                #expect(facts["passed"] == "none")
                #expect(facts.environment.keys.filter { $0.hasPrefix("LISTEN") } == [])
            }
        }

        @Test func `fly hands over nothing and says so`() throws {
            try RktFixture.with { rkt throws in
                let ports = try freePorts(1)
                let image = try rkt.fetch(
                    RktFixture.probe("example.com/web").port("http", "tcp", ports[0], socketActivated: true))
                let service = try Service(
                    rkt, ["tcp:\(ports[0])"], .fly, ["--net=host", image, "--", "passed", "+", "fds"])
                let result = try service.process.wait(.seconds(60)).succeeded()
                let facts = Facts(result.output)
                #expect(facts["passed"] == "none")
                #expect(facts["fd.3"]?.hasPrefix("socket:") != true)
                #expect(result.errors.contains("stage1-fly hands no sockets to apps, closing 1"))
            }
        }

        private func ask(_ port: Int) throws -> String {
            try Command("/bin/bash", ["-c", "exec 3<>/dev/tcp/127.0.0.1/\(port) && cat <&3"]).run().succeeded().text
        }
    }
}
