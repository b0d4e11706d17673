import SystemPackage
import TestSupport
import Testing

extension Integration {
    @Suite struct Stop {
        @Test(arguments: Flavor.all)
        func `stop asks the app to end, and prints the UUID`(flavor: Flavor) throws {
            try RktFixture.with { rkt throws in
                let (pod, uuid) = try rkt.startWaitingPod(flavor)
                #expect(try rkt("stop", uuid).succeeded().text == "\"\(uuid)\"")
                let result = pod.wait(.seconds(20))
                #expect(Facts(try result.succeeded().output)["signal"] == "TERM")
                let again = try rkt("stop", uuid).succeeded()
                #expect(again.text == "pod \"\(uuid)\" is already stopped")
            }
        }

        @Test(arguments: Flavor.all)
        func `force ends an app that does not listen`(flavor: Flavor) throws {
            try RktFixture.with { rkt throws in
                let image = try rkt.fetch(
                    RktFixture.probe("example.com/a").file("/busybox", from: Programs.find("busybox")))
                let file = rkt.directory.appending("uuid")
                let pod = try rkt.start(
                    rkt.podArguments(
                        flavor, image: image, options: ["--uuid-file-save=\(file)"], appOptions: ["--exec=/busybox"],
                        ["sh", "-c", "trap '' TERM INT; echo up; while :; do /busybox sleep 1; done"]))
                try pod.waitForOutput("up")
                let uuid = try readText(file)
                try rkt("stop", "--force", uuid).succeeded()
                #expect(pod.wait(.seconds(20)).status != 0)
                try waitUntil("the pod to have ended") {
                    try rkt("status", uuid).output.contains("state=exited")
                }
                try rkt.collectGarbage()
            }
        }

        /// An app that does not end when it is asked to.
        private func startStubbornPod(_ rkt: RktFixture) throws -> (RunningCommand, uuid: String) {
            let file = rkt.directory.appending("uuid-\(rkt.podIDs.count)")
            let pod = try rkt.start(
                rkt.podArguments(
                    .ns, image: rkt.shellImage(), options: ["--uuid-file-save=\(file)"],
                    ["-c", "trap 'echo asked' TERM; echo up; while :; do /busybox sleep 1; done"]))
            try pod.waitForOutput("up")
            return (pod, try readText(file))
        }

        @Test func `stop waits for nothing unless it is asked to, and a second one kills`() throws {
            try RktFixture.with { rkt throws in
                let (pod, uuid) = try startStubbornPod(rkt)
                #expect(try rkt("stop", uuid).succeeded().text == "\"\(uuid)\"")
                try pod.waitForOutput("asked")
                #expect(pod.isRunning)
                #expect(try rkt("status", uuid).succeeded().lines[cell: 0] == "state=running")
                try rkt("stop", "--wait=20s", uuid).succeeded()
                #expect(try rkt("status", uuid).succeeded().lines[cell: 0] == "state=exited")
                #expect(pod.wait(.seconds(20)).ending == .exited(9))
            }
        }

        @Test func `waiting ends when its time is over, and the pod goes on`() throws {
            try RktFixture.with { rkt throws in
                let (pod, uuid) = try startStubbornPod(rkt)
                let result = try rkt("stop", "--wait=300ms", uuid).refused("context deadline exceeded")
                #expect(result.errors.contains("stop: failed to stop 1 pod(s)"), "\(result)")
                #expect(pod.isRunning)
                try rkt("stop", "--wait=soon", uuid).refused("soon")
                try rkt("stop", "--force", "--wait", uuid).succeeded()
                #expect(pod.wait(.seconds(20)).status != 0)
            }
        }

        @Test func `several at once, each reported`() throws {
            try RktFixture.with { rkt throws in
                let (one, first) = try rkt.startWaitingPod()
                let (two, second) = try rkt.startWaitingPod()
                let prepared = try rkt("prepare", rkt.probeImage()).succeeded().text
                let result = try rkt("stop", first, prepared, second)
                result.refused("failed to stop 1 pod(s)")
                #expect(result.errors.contains("pod \"\(prepared)\" is not running"))
                #expect(result.lines == ["\"\(first)\"", "\"\(second)\""])
                #expect(one.wait(.seconds(20)).status == 0)
                #expect(two.wait(.seconds(20)).status == 0)
            }
        }

        @Test func `a file can name the pod`() throws {
            try RktFixture.with { rkt throws in
                let (pod, uuid) = try rkt.startWaitingPod()
                let file = rkt.directory.appending("saved")
                try writeText(uuid, to: file)
                try rkt("stop", "--uuid-file=\(file)").succeeded()
                #expect(pod.wait(.seconds(20)).status == 0)
                #expect(try rkt("stop", "--uuid-file=/no/such/file").status == 1)
                #expect(try rkt("stop").status == 254)
            }
        }
    }
}
