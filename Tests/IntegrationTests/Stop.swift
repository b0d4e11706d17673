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
