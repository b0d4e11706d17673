import Glibc
import SystemPackage
import TestSupport
import Testing

extension Integration {
    /// The stage1 side of the interface under a stage0 that mounts in the mount namespace of the host, as rkt did.
    @Suite struct ForeignStage0 {
        /// How the roots are there: laid over rendered trees, or bound from elsewhere.
        enum Mounting: String, CaseIterable, CustomTestStringConvertible {
            case overlay, bind
            var testDescription: String { rawValue }
        }

        @Test(arguments: Mounting.allCases)
        func `an app runs whose root is mounted on the host, and no mount of the host changes`(
            mounting: Mounting
        ) throws {
            try RktFixture.with { rkt throws in
                let uuid = try prepare(
                    rkt, mounting, isMutable: false,
                    ["one": "write /made x + list / + hostname + wait 60"])
                let pod = try rkt.podDirectory(uuid)
                try mountStage1(rkt, pod, mounting)
                try mountApp("one", rkt, pod, mounting)
                let host = try hostMounts()
                let running = try start(rkt, pod, uuid, "--hostname=foreign")
                try running.waitForOutput("waiting=")
                let facts = Facts(running.outputSoFar)
                #expect(facts["hostname"] == "foreign")
                #expect(facts["write /made"] == "ok")
                #expect(facts["list /"]?.split(separator: " ").contains("inspect") == true)
                #expect(try hostMounts() == host)
                #expect(exists(pod.appending("stage1/rootfs/opt/stage2/one/rootfs/made")))
                try entryPoint("stop \(uuid)", pod).succeeded()
                try running.wait(.seconds(20)).succeeded()
                #expect(try readText(pod.appending("stage1/rootfs/rkt/status/one")) == "0\n")
                try entryPoint("gc \(uuid)", pod).succeeded()
                #expect(try hostMounts() == host)
                try unmount(pod)
                try rkt.collectGarbage()
            }
        }

        @Test(arguments: Mounting.allCases)
        func `an app is added whose root is mounted on the host while the pod runs`(mounting: Mounting) throws {
            try RktFixture.with { rkt throws in
                let apps = [
                    "one": "wait 60",
                    "two": "write /made x + exists /etc/passwd + wait 60",
                ]
                let uuid = try prepare(rkt, mounting, isMutable: true, apps)
                let pod = try rkt.podDirectory(uuid)
                let all = try readText(pod.appending("pod"))
                try writeText(manifest(rkt, isMutable: true, apps.filter { $0.key == "one" }), to: pod.appending("pod"))
                try mountStage1(rkt, pod, mounting)
                try mountApp("one", rkt, pod, mounting)
                let running = try start(rkt, pod, uuid, "--mutable")
                try running.waitForOutput("waiting=")
                try waitUntil("the supervisor") { exists(pod.appending("stage1/rootfs/rkt/supervisor-status")) }
                let first = try readText(pod.appending("pid")).split(separator: "\n").joined()
                let before = try readText(FilePath("/proc/\(first)/mountinfo"))

                try mountApp("two", rkt, pod, mounting)
                #expect(try readText(FilePath("/proc/\(first)/mountinfo")) == before, "nothing comes from the host")
                try writeText(all, to: pod.appending("pod"))
                let host = try hostMounts()
                let crossing =
                    "RKT_STAGE1_ENTERCMD='\(pod)/stage1/rootfs/enter' RKT_STAGE1_ENTERPID=\(first) RKT_STAGE1_ENTERAPP=two"
                try entryPoint("app-add --app=two --debug=false --uuid=\(uuid)", pod, crossing).succeeded()
                try entryPoint("app-start --app=two --debug=false", pod, crossing).succeeded()
                try waitUntil("both apps") { Facts(running.outputSoFar).all("waiting").count == 2 }
                let facts = Facts(running.outputSoFar)
                #expect(facts["write /made"] == "ok" && facts["exists /etc/passwd"] == "yes")
                #expect(exists(pod.appending("stage1/rootfs/opt/stage2/two/rootfs/made")))
                #expect(try hostMounts() == host)

                try entryPoint("app-stop --app=two --debug=false", pod, crossing).succeeded()
                try entryPoint("app-rm --app=two --debug=false", pod, crossing).succeeded()
                #expect(try readText(FilePath("/proc/\(first)/mountinfo")) == before)
                try entryPoint("stop \(uuid)", pod).succeeded()
                try running.wait(.seconds(20)).succeeded()
                try entryPoint("gc \(uuid)", pod).succeeded()
                #expect(try hostMounts() == host)
                try unmount(pod)
                try rkt.collectGarbage()
            }
        }

        private func prepare(
            _ rkt: RktFixture, _ mounting: Mounting, isMutable: Bool, _ apps: [String: String]
        ) throws -> String {
            let file = rkt.directory.appending("manifest")
            try writeText(manifest(rkt, isMutable: isMutable, apps), to: file)
            let options = mounting == .bind ? ["--no-overlay"] : []
            return try rkt(["prepare", "--quiet", "--pod-manifest=\(file)"] + options).succeeded().text
        }

        private func manifest(_ rkt: RktFixture, isMutable: Bool, _ apps: [String: String]) throws -> String {
            let image = try rkt.probeImage()
            let entries = apps.sorted { $0.key < $1.key }.map { name, words in
                let exec = words.split(separator: " ").map { "\"\($0)\"" }.joined(separator: ", ")
                return """
                    {"name": "\(name)", "image": {"id": "\(image)"},
                    "app": {"exec": ["/inspect", \(exec)], "user": "0", "group": "0"}}
                    """
            }
            return """
                {"acVersion": "1.30.0", "acKind": "PodManifest", "apps": [\(entries.joined(separator: ", "))],
                "annotations": [{"name": "coreos.com/rkt/stage1/mutable", "value": "\(isMutable)"}]}
                """
        }

        private func mountStage1(_ rkt: RktFixture, _ pod: FilePath, _ mounting: Mounting) throws {
            if mounting == .bind { return }
            let tree = try readText(pod.appending("stage1TreeStoreID"))
            let layer = pod.appending("overlay/\(tree)")
            try mount(
                rkt, ["-t", "overlay", "-o", overlay(rkt, tree, layer, ""), "overlay"],
                on: pod.appending("stage1/rootfs"))
        }

        private func mountApp(_ name: String, _ rkt: RktFixture, _ pod: FilePath, _ mounting: Mounting) throws {
            let root = pod.appending("stage1/rootfs/opt/stage2/\(name)/rootfs")
            switch mounting {
            case .overlay:
                let tree = try readText(pod.appending("appsinfo/\(name)/treeStoreID"))
                let layer = pod.appending("overlay/\(tree)")
                try mount(
                    rkt, ["-t", "overlay", "-o", overlay(rkt, tree, layer, "/\(name)"), "overlay"], on: root)
            case .bind:
                let elsewhere = rkt.directory.appending("elsewhere-\(name)")
                try Command("/bin/mv", [root.string, elsewhere.string]).run().succeeded()
                try makeDirectories(root)
                try mount(rkt, ["--bind", elsewhere.string], on: root)
            }
        }

        private func overlay(_ rkt: RktFixture, _ tree: String, _ layer: FilePath, _ app: String) -> String {
            "lowerdir=\(rkt.dataDirectory)/cas/tree/\(tree)/rootfs,upperdir=\(layer)/upper\(app),workdir=\(layer)/work\(app)"
        }

        /// In the namespace of the tests, and shared with every other that takes part in it.
        private func mount(_ rkt: RktFixture, _ words: [String], on path: FilePath) throws {
            try Command("/bin/mount", words + [path.string]).run().succeeded()
            try Command("/bin/mount", ["--make-shared", path.string]).run().succeeded()
            rkt.atEnd { _ = try? Command("/bin/umount", ["-l", path.string]).run() }  // gone where the test succeeded
        }

        private func unmount(_ pod: FilePath) throws {
            let roots = pod.appending("stage1/rootfs")
            for name in try entries(of: roots.appending("opt/stage2")).sorted() {
                let root = roots.appending("opt/stage2/\(name)/rootfs")
                if try hostMounts().contains(where: { $0.contains(" \(root) ") }) {
                    try Command("/bin/umount", [root.string]).run().succeeded()
                }
            }
            if try hostMounts().contains(where: { $0.contains(" \(roots) ") }) {
                try Command("/bin/umount", [roots.string]).run().succeeded()
            }
        }

        private func hostMounts() throws -> [String] {
            try readText("/proc/self/mountinfo").split(separator: "\n").map(String.init)
        }

        private func start(_ rkt: RktFixture, _ pod: FilePath, _ uuid: String, _ flag: String) throws -> RunningCommand
        {
            let script = """
                cd "$0" && exec 9<. && flock 9 && export RKT_LOCK_FD=9 RKT_SELINUX_CONTEXT= RKT_SELINUX_MOUNT_CONTEXT= &&
                exec "$0/stage1/rootfs/run" --net=none "$2" "$1"
                """
            let running = try Command("/bin/sh", ["-c", script, pod.string, uuid, flag]).start()
            rkt.atEnd {
                running.killAll()
                running.wait(.seconds(10))
            }
            return running
        }

        private func entryPoint(_ words: String, _ pod: FilePath, _ environment: String = "") throws -> CommandResult {
            try Command("/bin/sh", ["-c", "cd \"$0\" && \(environment) exec stage1/rootfs/\(words)", pod.string]).run()
        }
    }
}
