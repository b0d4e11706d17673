import JSON
import SystemPackage
import TestSupport
import Testing

extension Integration {
    @Suite struct StatusAndList {
        @Test func `an empty data directory lists the header only`() throws {
            try RktFixture.with { rkt throws in
                let lines = try rkt("list").succeeded().lines
                #expect(lines.map(cells) == [["UUID", "APP", "IMAGE NAME", "STATE", "CREATED", "STARTED", "NETWORKS"]])
                #expect(try rkt("list", "--no-legend").succeeded().text == "")
                #expect(try rkt("list", "--format=json").succeeded().text == "null")
            }
        }

        @Test(arguments: Flavor.all)
        func `a pod is prepared, running, exited and garbage, in list and in status`(flavor: Flavor) throws {
            try RktFixture.with { rkt throws in
                let image = try rkt.probeImage()
                let uuid = try rkt(
                    ["prepare"] + flavor.selection + [image, "--", "wait", "120", "+", "exit", "5"]
                ).succeeded().text
                #expect(try row(rkt, uuid)[3] == "prepared")
                let prepared = try rkt("status", uuid).succeeded().lines
                #expect(prepared.count == 2)
                #expect(prepared[cell: 0] == "state=prepared")
                #expect(prepared[cell: 1].hasPrefix("created=20"))

                let pod = try rkt.start(["run-prepared", flavor.network, uuid])
                try pod.waitForOutput("waiting=")
                #expect(
                    try row(rkt, uuid).prefix(4) == [
                        String(uuid.prefix(8)), "inspect", "example.com/inspect", "running",
                    ])
                let running = try rkt("status", uuid).succeeded().lines
                #expect(
                    running.map { $0.split(separator: "=")[0] } == [
                        "state", "created", "started", "networks", "pid", "exited",
                    ])
                #expect(running.contains("state=running"))
                #expect(running.contains("exited=false"))
                let pid = running.first { $0.hasPrefix("pid=") }?.dropFirst(4) ?? ""
                #expect(exists(FilePath("/proc/\(pid)")), "pid=\(pid)")

                pod.signal(15)
                #expect(pod.wait().status == 5)
                #expect(try row(rkt, uuid)[3] == "exited")
                let exited = try rkt("status", uuid).succeeded().lines
                #expect(exited.contains("state=exited"))
                #expect(exited.contains("exited=true"))
                #expect(exited.contains("app-inspect=5") == (flavor == .ns))

                try rkt("gc", "--mark-only").succeeded()
                #expect(try row(rkt, uuid)[3] == "exited garbage")
                #expect(try rkt("status", uuid).succeeded().lines.contains("state=exited garbage"))
                try rkt.collectGarbage()
                try rkt("status", uuid).refused("no matches found for \"\(uuid)\"")
            }
        }

        @Test func `the full list has full IDs, image IDs and times`() throws {
            try RktFixture.with { rkt throws in
                try rkt.ask("user")
                let lines = try rkt("list", "--full").succeeded().lines.map(cells)
                #expect(
                    lines.first == ["UUID", "APP", "IMAGE NAME", "IMAGE ID", "STATE", "CREATED", "STARTED", "NETWORKS"])
                let row = try #require(lines.dropFirst().first)
                #expect(row[cell: 0] == (try rkt.onlyPod()))
                #expect(row[cell: 3] == (try rkt.probeImage()).prefix(19))
                #expect(row[cell: 5].hasPrefix("20"))
                #expect(row[cell: 6].hasPrefix("20"))
            }
        }

        @Test func `of a pod with several apps the first row tells about the pod`() throws {
            try RktFixture.with { rkt throws in
                let image = try rkt.fetch(RktFixture.probe("example.com/versioned").label("version", "1.2.3"))
                let uuid = try rkt("prepare", image, "--name=one", image, "--name=two").succeeded().text
                let lines = try rkt("list", "--no-legend").succeeded().lines
                #expect(
                    cells(lines[cell: 0]).prefix(4) == [
                        String(uuid.prefix(8)), "one", "example.com/versioned:1.2.3", "prepared",
                    ])
                #expect(cells(lines[cell: 1]) == ["two", "example.com/versioned:1.2.3"])
            }
        }

        @Test func `pods are sorted by UUID`() throws {
            try RktFixture.with { rkt throws in
                let image = try rkt.probeImage()
                for _ in 0..<5 { try rkt("prepare", image).succeeded() }
                let listed = try rkt("list", "--full", "--no-legend").succeeded().lines.map { cells($0)[cell: 0] }
                #expect(listed == listed.sorted())
                #expect(listed.count == 5)
            }
        }

        @Test func `list and status as JSON`() throws {
            try RktFixture.with { rkt throws in
                let image = try rkt.fetch(
                    RktFixture.probe("example.com/inspect").userWords(annotations: ["note": "a"], labels: ["kind": "b"])
                )
                try rkt.run(
                    image: image, options: ["--volume=v,kind=empty"], appOptions: ["--mount=volume=v,target=/v"],
                    ["exit", "3"])
                let list = try JSONValue(parsing: Array(rkt("list", "--format=json").succeeded().text.utf8))
                let uuid = try rkt.onlyPod()
                let one = try JSONValue(parsing: Array(rkt("status", "--format=json", uuid).succeeded().text.utf8))
                #expect(list[0] == one)
                #expect(one["name"]?.string == uuid)
                #expect(one["state"] == "exited")
                #expect(one["app_names"] == ["inspect"])
                let seconds = try #require(one["created_at"]?.number?.int64)
                #expect(seconds > 1_600_000_000 && seconds < 100_000_000_000)
                #expect(one["started_at"]?.number?.int64 ?? 0 >= seconds)
                let app = try #require(one["apps"]?[0])
                #expect(app["name"] == "inspect")
                #expect(app["state"] == "exited")
                #expect(app["exit_code"] == 3)
                #expect(app["image_id"]?.string == image)
                #expect(app["created_at"]?.number?.int64 ?? 0 > 1_600_000_000_000_000_000)
                #expect(app["mounts"]?[0]?["container_path"] == "/v")
                #expect(app["user_annotations"]?["note"] == "a")
                #expect(app["user_labels"]?["kind"] == "b")
                #expect(try rkt("list", "--format=json-pretty").succeeded().text.contains("\n\t"))
                try rkt("status", "--format=xml", uuid).refused("xml")
            }
        }

        @Test func `a UUID may be abbreviated as long as it is unique`() throws {
            try RktFixture.with { rkt throws in
                let image = try rkt.probeImage()
                for _ in 0..<17 { try rkt("prepare", image).succeeded() }  // two of them begin alike
                let uuids = rkt.podIDs
                #expect(try rkt("status", String(uuids[0].prefix(35))).succeeded().output.contains("prepared"))
                #expect(try rkt("status", uuids[0].uppercased()).succeeded().output.contains("prepared"))
                let first = Dictionary(grouping: uuids) { $0.prefix(1) }.first { $0.value.count > 1 }
                let (digit, alike) = try #require(first)
                try rkt("status", String(digit)).refused("ambiguous uuid, \(alike.count) matches")
                try rkt("status", "").refused("UUID cannot be empty")
                try rkt("status", "zzz").refused("no matches found for \"zzz\"")
            }
        }

        @Test func `a file can hold the UUID`() throws {
            try RktFixture.with { rkt throws in
                let file = rkt.directory.appending("uuid")
                let uuid = try rkt("prepare", rkt.probeImage()).succeeded().text
                try writeText("  \(uuid)\n", to: file)
                #expect(try rkt("status", "--uuid-file=\(file)").succeeded().output.contains("state=prepared"))
                #expect(try rkt("cat-manifest", "--uuid-file=\(file)").succeeded().output.contains("PodManifest"))
                #expect(try rkt("status", "--uuid-file=/no/such/file").status == 1)
                #expect(try rkt("status", "--uuid-file=\(file)", uuid).status == 254)
                #expect(try rkt("status").status == 254)
                #expect(try rkt("rm", "--uuid-file=\(file)").succeeded().text == "\"\(uuid)\"")
            }
        }

        @Test func `waiting ends with the pod, or with the time given`() throws {
            try RktFixture.with { rkt throws in
                let (pod, uuid) = try rkt.startWaitingPod()
                try rkt("status", "--wait-ready=20s", uuid).succeeded()
                try rkt("status", "--wait=100ms", uuid).refused("context deadline exceeded")
                #expect(try rkt("status", "--wait=false", uuid).succeeded().output.contains("state=running"))
                let waiting = try rkt.start(["status", "--wait", uuid])
                #expect(waiting.isRunning)
                pod.signal(15)
                #expect(try waiting.wait(.seconds(20)).succeeded().output.contains("state=exited"))
                #expect(try rkt("status", "--wait=soon", uuid).status == 254)
            }
        }

        @Test func `the pod manifest says what was asked for`() throws {
            try RktFixture.with { rkt throws in
                let image = try rkt.fetch(
                    RktFixture.probe("example.com/a").app(exec: ["/inspect", "args"]).environment("FROM", "image"))
                let uuid = try rkt(
                    "prepare", "--volume=data,kind=host,source=/srv", image, "--mount=volume=data,target=/d",
                    "--memory=64Mi", "--", "-v"
                ).succeeded().text
                let text = try rkt("cat-manifest", uuid).succeeded().text
                #expect(text.hasPrefix("{\n\t\""))
                let manifest = try JSONValue(parsing: Array(text.utf8))
                #expect(manifest["acKind"] == "PodManifest")
                let app = try #require(manifest["apps"]?[0])
                #expect(app["name"] == "a")
                #expect(app["image"]?["id"]?.string == image)
                #expect(app["image"]?["name"] == "example.com/a")
                #expect(app["app"]?["exec"] == ["/inspect", "args", "-v"])
                #expect(app["mounts"] == [["volume": "data", "path": "/d"]])
                #expect(manifest["volumes"] == [["name": "data", "kind": "host", "source": "/srv"]])
                let annotation: JSONValue = ["name": "coreos.com/rkt/stage1/mutable", "value": "false"]
                #expect(manifest["annotations"]?.array?.contains(annotation) == true)
                #expect(!(try rkt("cat-manifest", "--pretty-print=false", uuid).succeeded().text.contains("\n")))
            }
        }

        @Test func `times are relative in the short list`() throws {
            try RktFixture.with { rkt throws in
                let uuid = try rkt("prepare", rkt.probeImage()).succeeded().text
                let stamp = try rkt.podDirectory(uuid).appending("pod-created")
                let now = try FileFacts(stamp).modificationTime
                for (age, words) in [
                    (Int64(90), "1 minute ago"), (7200, "2 hours ago"), (86_400 * 3, "3 days ago"),
                    (86_400 * 8, "1 week ago"), (86_400 * 400, "1 year ago"),
                ] {
                    setTimes(stamp, modification: now - age * 1_000_000_000)
                    #expect(try row(rkt, uuid)[4] == words)
                }
            }
        }

        private func row(_ rkt: RktFixture, _ uuid: String) throws -> [String] {
            let line = try rkt("list", "--no-legend").succeeded().lines.first { $0.hasPrefix(uuid.prefix(8)) }
            return cells(line ?? "") + ["", "", "", "", ""]
        }
    }
}
