import JSON
import SystemPackage
import TestSupport
import Testing

extension Integration {
    /// What the commands for single apps take and print.
    @Suite struct AppCommands {
        @Test func `arguments take the place of all but the first word of the image's command`() throws {
            try RktFixture.with { rkt throws in
                let image = try rkt.fetch(
                    RktFixture.probe("example.com/a").app(exec: ["/inspect", "args", "of-image"]))
                let (pod, uuid) = try rkt.startSandbox()
                let rows: [(name: String, words: [String], said: String)] = [
                    ("plain", [], "arg=of-image"), ("other", ["--", "args", "mine", "--x"], "arg=mine\narg=--x"),
                    ("exec", ["--exec=/inspect", "--", "args", "new"], "arg=new"),
                ]
                for row in rows {
                    try rkt(["app", "add", uuid, image, "--name=\(row.name)"] + row.words).succeeded()
                    try rkt("app", "start", uuid, "--app=\(row.name)").succeeded()
                    try rkt.waitForApp(row.name, uuid, "exited")
                    #expect(try rkt("logs", "--app=\(row.name)", uuid).succeeded().text == row.said)
                }
                try rkt.stop(pod, uuid)
            }
        }

        @Test(arguments: ["1", "0", "true"])
        func `the variable that the original wants makes no difference`(value: String) throws {
            try RktFixture.with { rkt throws in
                let uuid = try rkt("prepare", rkt.probeImage()).succeeded().text
                var command = rkt.command(["app", "list", "--no-legend", uuid])
                command.environment = Command.quiet + ["RKT_EXPERIMENT_APP=\(value)", "RKT_EXPERIMENT_ATTACH=\(value)"]
                #expect(try command.run().succeeded().text.split(separator: "\t") == ["inspect", "created"])
            }
        }

        @Test func `a pod without apps has none to list, to enter or to attach to`() throws {
            try RktFixture.with { rkt throws in
                let (pod, uuid) = try rkt.startSandbox()
                #expect(try rkt("app", "list", uuid).succeeded().text == "NAME\tSTATE")
                #expect(try rkt("app", "list", "--no-legend", uuid).succeeded().text == "")
                try rkt("enter", uuid, "/inspect", "user").refused("pod contains zero apps")
                try rkt("app", "exec", uuid, "/inspect", "user").refused("pod contains zero apps")
                try rkt("attach", uuid).refused("pod contains zero apps")
                #expect(try rkt("list", "--no-legend").succeeded().lines.count == 1)
                try rkt.stop(pod, uuid)
            }
        }

        @Test func `remarks on a pod and on an app are shown where they belong`() throws {
            try RktFixture.with { rkt throws in
                let (pod, uuid) = try rkt.startSandbox([
                    "--annotation=example.com/of-pod=1", "--user-annotation=who=me", "--user-label=team=blue",
                ])
                let image = try rkt.probeImage()
                try rkt(
                    "app", "add", uuid, image, "--name=web", "--annotation=example.com/of-app=2",
                    "--user-annotation=b=2", "--user-annotation=a=1", "--user-label=kind=x",
                    "--mnt-volume=name=data,kind=empty,target=/data", "--", "exit", "3"
                ).succeeded()
                let manifest = try JSONValue(parsing: Array(rkt("cat-manifest", uuid).succeeded().output.utf8))
                let annotations = Set(
                    manifest["annotations"]?.array?.compactMap { annotation in
                        annotation["name"]?.string.map { "\($0)=\(annotation["value"]?.string ?? "")" }
                    } ?? [])
                #expect(annotations == ["example.com/of-pod=1", "coreos.com/rkt/stage1/mutable=true"])
                #expect(manifest["userAnnotations"] == ["who": "me"])
                #expect(manifest["userLabels"] == ["team": "blue"])
                #expect(
                    manifest["apps"]?[0]?["annotations"] == [["name": "example.com/of-app", "value": "2"]])

                func names(_ lines: [String]) -> [String] {
                    lines.map { $0.contains("=") ? String($0.prefix { $0 != "=" }) : $0 }
                }
                let created = try rkt("app", "status", uuid, "--app=web").succeeded().lines
                #expect(
                    names(created) == [
                        "name", "state", "image_id", "created_at", "mounts", ":/data:(read_only:false)", "",
                        "user_annotations", "a:1,b:2", "", "user_labels", "kind:x", "",
                    ], "\(created)")
                #expect(created.prefix(3) == ["name=web", "state=created", "image_id=\(image)"])
                try rkt("app", "start", uuid, "--app=web").succeeded()
                try rkt.waitForApp("web", uuid, "exited")
                let exited = try rkt("app", "status", uuid, "--app=web").succeeded().lines
                #expect(
                    names(exited).prefix(7) == [
                        "name", "state", "image_id", "created_at", "started_at", "finished_at", "exit_code",
                    ])
                #expect(exited.contains("exit_code=3"))
                let pretty = try rkt("app", "status", uuid, "--app=web", "--format=json-pretty").succeeded()
                #expect(pretty.text.contains("\n\t\"name\": \"web\""), "\(pretty)")
                let status = try JSONValue(parsing: Array(pretty.output.utf8))
                #expect(status["user_annotations"] == ["a": "1", "b": "2"])
                #expect(status["mounts"]?[0]?["container_path"] == "/data")
                try rkt("app", "status", uuid, "--app=web", "--format=xml").refused("xml")
                try rkt.stop(pod, uuid)
            }
        }

        @Test(arguments: [
            (["--annotation=a"], "invalid format"), (["--user-label=a"], "a"), (["--net"], "--net"),
            (["--port=http:80"], "--port"), (["--interactive"], "unknown flag: --interactive"),
        ])
        func `a sandbox that cannot be is refused`(flags: [String], sentence: String) throws {
            try RktFixture.with { rkt throws in
                let result = try rkt(["app", "sandbox"] + flags)
                #expect([1, 254].contains(result.status) && result.errors.contains(sentence), "\(result)")
                #expect(rkt.podIDs == [])
            }
        }

        @Test func `no app can be called like what rkt remembers of another`() throws {
            try RktFixture.with { rkt throws in
                let (pod, uuid) = try rkt.startSandbox()
                let image = try rkt.probeImage()
                for name in ["web-created", "web-started"] {
                    try rkt("app", "add", uuid, image, "--name=\(name)").refused(
                        "an app of a mutable pod cannot be called '\(name)'")
                }
                try rkt("app", "add", uuid, image, "--name=created").succeeded()
                #expect(try rkt.appState("created", uuid) == "created")
                try rkt.stop(pod, uuid)
                let result = try rkt.run(image: image, appOptions: ["--name=web-created"], ["exit", "3"])
                #expect(result.status == 3, "\(result)")
            }
        }

        @Test func `an image that is not in the store is not fetched for an app`() throws {
            try RktFixture.with { rkt throws in
                let file = try rkt.write(RktFixture.probe("example.com/outside"))
                let (pod, uuid) = try rkt.startSandbox()
                try rkt("app", "add", uuid, file.string, "--insecure-options=image", "--name=web").refused("")
                try rkt("app", "add", uuid, "example.com/outside", "--name=web").refused("example.com/outside")
                #expect(try rkt("image", "list", "--no-legend").succeeded().lines.count == 1, "stage1")
                try rkt("app", "add", uuid, "--name=web").refused("--name must follow an image")
                try rkt("app", "add", "ffffffff", rkt.probeImage()).refused("no matches found for \"ffffffff\"")
                try rkt.stop(pod, uuid)
            }
        }
    }
}
