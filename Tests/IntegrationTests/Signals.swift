import Glibc
import SystemPackage
import TestSupport
import Testing

extension Integration {
    @Suite struct Signals {
        @Test(
            arguments: Flavor.all,
            [("TERM", SIGTERM), ("INT", SIGINT), ("HUP", SIGHUP), ("QUIT", SIGQUIT), ("USR1", SIGUSR1)])
        func `a signal to rkt run reaches the app`(flavor: Flavor, signal: (String, CInt)) throws {
            try RktFixture.with { rkt throws in
                let (pod, _) = try rkt.startWaitingPod(flavor)
                pod.signal(signal.1)
                let result = pod.wait(.seconds(20))
                #expect(Facts(try result.succeeded().output)["signal"] == signal.0)
            }
        }

        @Test func `an app that does not listen is ended by the signal, which is no failure`() throws {
            try RktFixture.with { rkt throws in
                let pod = try rkt.start(
                    rkt.podArguments(.ns, image: rkt.probeImage(), ["ready", "+", "sleep", "60000"]))
                try pod.waitForOutput("ready")
                pod.signal(SIGTERM)
                let result = pod.wait(.seconds(20))
                #expect(result.ending == .exited(0), "\(result)")
            }
        }

        @Test func `orphans are reaped by the pod`() throws {
            try RktFixture.with { rkt throws in
                #expect(try rkt.ask("orphans 5 50")["orphans"] == "reaped")
            }
        }

        @Test func `what an app leaves running ends with the pod`() throws {
            try RktFixture.with { rkt throws in
                let start = ContinuousClock.now
                try rkt.ask("linger 60000 + linger 60000")
                #expect(ContinuousClock.now - start < .seconds(20))
            }
        }

        @Test func `when the supervisor is killed the pod dies with it`() throws {
            try RktFixture.with { rkt throws in
                let (pod, uuid) = try rkt.startWaitingPod(questions: "linger 60000")
                pod.signal(SIGKILL)
                pod.wait()
                try waitUntil("the pod's processes to be gone", .seconds(5)) {
                    let mounted = try Command("/bin/sh", ["-c", "grep -ls '\(uuid)' /proc/[0-9]*/cgroup || true"]).run()
                    return mounted.text == ""
                }
                #expect(try rkt("status", uuid).succeeded().output.contains("state=exited"))
                try rkt.collectGarbage()
            }
        }

        @Test(arguments: Flavor.all)
        func `the group of a terminal can be interrupted`(flavor: Flavor) throws {
            try RktFixture.with { rkt throws in
                let (pod, _) = try rkt.startWaitingPod(flavor)
                kill(-pod.pid, SIGINT)  // what a terminal does on ^C
                let result = pod.wait(.seconds(20))
                #expect(Facts(try result.succeeded().output)["signal"] == "INT")
            }
        }
    }
}

extension Integration {
    @Suite struct StopSignals {
        @Test func `an app gets the signal that its image wants`() throws {
            try RktFixture.with { rkt throws in
                let image = try rkt.fetch(
                    RktFixture.probe("example.com/usr1").annotation("appc.io/docker/stopsignal", "SIGUSR1"))
                let (pod, uuid) = try rkt.startWaitingPod(image: image)
                try rkt("stop", "--wait=20s", uuid).succeeded()
                #expect(Facts(try pod.wait(.seconds(5)).succeeded().output)["signal"] == "USR1")
            }
        }

        @Test func `an image that wants no known signal is refused`() throws {
            try RktFixture.with { rkt throws in
                let image = try rkt.fetch(
                    RktFixture.probe("example.com/odd").annotation("appc.io/docker/stopsignal", "SIGODD"))
                try rkt.run(image: image, ["user"]).refused("'SIGODD', which is no signal")
            }
        }

        @Test func `an app that ignores the end is killed after its time`() throws {
            try RktFixture.with { rkt throws in
                let image = try rkt.shellImage()
                let pod = try rkt.start(
                    rkt.podArguments(
                        .ns, image: image, appOptions: ["--annotation=coreos.com/rkt/stage2/stop-timeout=1"],
                        ["-c", "trap '' TERM; echo up; while :; do /busybox sleep 1; done"]))
                try pod.waitForOutput("up")
                let start = ContinuousClock.now
                pod.signal(SIGTERM)
                let result = pod.wait(.seconds(30))
                #expect(ContinuousClock.now - start < .seconds(20), "\(result)")
                #expect(result.status == 9, "\(result)")
            }
        }
    }
}
