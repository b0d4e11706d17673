import SystemPackage
import TestSupport
import Testing

extension Integration {
    @Suite struct Volumes {
        @Test(arguments: Flavor.all)
        func `a host volume is the same directory on both sides`(flavor: Flavor) throws {
            try RktFixture.with { rkt throws in
                let source = try rkt.source(["note": "from host"])
                let facts = try rkt.ask(
                    flavor, "read /data/note + write /data/answer yes",
                    options: ["--volume=data,kind=host,source=\(source)"],
                    appOptions: ["--mount=volume=data,target=/data"])
                #expect(facts["read /data/note"] == "from host")
                #expect(try readText(source.appending("answer")) == "yes\n")
            }
        }

        @Test(arguments: Flavor.all)
        func `a mount before the images is for all of them`(flavor: Flavor) throws {
            try RktFixture.with { rkt throws in
                let source = try rkt.source(["note": "x"])
                let facts = try rkt.ask(
                    flavor, "exists /deep/new/data/note",
                    options: [
                        "--volume=data,kind=host,source=\(source)", "--mount=volume=data,target=/deep/new/data",
                    ])
                #expect(facts["exists /deep/new/data/note"] == "yes")
            }
        }

        @Test(arguments: Flavor.all)
        func `at one place an app's own mount counts more than one for all`(flavor: Flavor) throws {
            try RktFixture.with { rkt throws in
                let all = try rkt.source(["all": ""], "all")
                let own = try rkt.source(["own": ""], "own")
                let facts = try rkt.ask(
                    flavor, "list /data",
                    options: [
                        "--volume=all,kind=host,source=\(all)", "--volume=own,kind=host,source=\(own)",
                        "--mount=volume=all,target=/data",
                    ], appOptions: ["--mount=volume=own,target=/x/../data/"])
                #expect(facts["list /data"] == "own")
            }
        }

        @Test(arguments: Flavor.all)
        func `a mount point of the image takes the volume of its name`(flavor: Flavor) throws {
            try RktFixture.with { rkt throws in
                let source = try rkt.source(["note": "x"])
                let image = try rkt.fetch(
                    RktFixture.probe("example.com/a").mountPoint("data", "/var/data", readOnly: true))
                let facts = try rkt.ask(
                    flavor, "exists /var/data/note + write /var/data/x 1",
                    options: ["--volume=data,kind=host,source=\(source)"], image: image)
                #expect(facts["exists /var/data/note"] == "yes")
                #expect(facts["write /var/data/x"] == "EROFS")
                let writable = try rkt.ask(
                    flavor, "write /var/data/x 1",
                    options: ["--volume=data,kind=host,source=\(source),readOnly=false"], image: image)
                #expect(writable["write /var/data/x"] == "ok", "the volume's word counts more than the image's")
            }
        }

        @Test(arguments: Flavor.all)
        func `a read-only volume is read-only down to the mounts below it`(flavor: Flavor) throws {
            try RktFixture.with { rkt throws in
                let source = try rkt.source([:])
                try rkt.mountMemory(on: source.appending("below"))
                let facts = try rkt.ask(
                    flavor, "write /data/x 1 + write /data/below/x 1 + chmod /data/below 0",
                    options: ["--volume=data,kind=host,source=\(source),readOnly=true,recursive=true"],
                    appOptions: ["--mount=volume=data,target=/data"])
                #expect(facts["write /data/x"] == "EROFS")
                #expect(facts["write /data/below/x"] == "EROFS")
                #expect(facts["chmod /data/below"] == "EROFS")
            }
        }

        @Test(arguments: [
            (Flavor.ns, "", true), (.fly, "", false), (.ns, ",recursive=false", false),
            (.fly, ",recursive=true", true),
        ])
        func `mounts below the source come along as asked`(flavor: Flavor, option: String, visible: Bool) throws {
            try RktFixture.with { rkt throws in
                let source = try rkt.source([:])
                try rkt.mountMemory(on: source.appending("below"))
                try writeText("x", to: source.appending("below/note"))
                let facts = try rkt.ask(
                    flavor, "exists /data/below/note",
                    options: ["--volume=data,kind=host,source=\(source)\(option)"],
                    appOptions: ["--mount=volume=data,target=/data"])
                #expect(facts["exists /data/below/note"] == (visible ? "yes" : "no"))
            }
        }

        @Test(arguments: Flavor.all)
        func `a file can be a volume`(flavor: Flavor) throws {
            try RktFixture.with { rkt throws in
                let source = try rkt.source(["note": "from host"])
                let facts = try rkt.ask(
                    flavor, "read /etc/note + read /etc/passwd",
                    options: [
                        "--volume=new,kind=host,source=\(source)/note", "--volume=old,kind=host,source=\(source)/note",
                    ], appOptions: ["--mount=volume=new,target=/etc/note", "--mount=volume=old,target=/etc/passwd"])
                #expect(facts["read /etc/note"] == "from host")
                #expect(facts["read /etc/passwd"] == "from host")
            }
        }

        @Test(arguments: Flavor.all)
        func `an empty volume has the mode and owner asked for`(flavor: Flavor) throws {
            try RktFixture.with { rkt throws in
                let facts = try rkt.ask(
                    flavor, "stat /one + stat /two + write /one/x 1",
                    options: ["--volume=one,kind=empty", "--volume=two,kind=empty,mode=1770,uid=5,gid=6"],
                    appOptions: ["--mount=volume=one,target=/one", "--mount=volume=two,target=/two"])
                #expect(facts["stat /one"]?.hasPrefix("directory 0o755 0:0") == true, "\(facts)")
                #expect(facts["stat /two"]?.hasPrefix("directory 0o1770 5:6") == true, "\(facts)")
                #expect(facts["write /one/x"] == "ok")
            }
        }

        @Test func `a mount point without a volume gets an empty one, with a warning`() throws {
            try RktFixture.with { rkt throws in
                let image = try rkt.fetch(RktFixture.probe("example.com/a").mountPoint("data", "/data"))
                let result = try rkt.run(image: image, ["write", "/data/x", "1", "+", "stat", "/data"]).succeeded()
                #expect(Facts(result.output)["write /data/x"] == "ok")
                #expect(
                    result.errors.contains(
                        "warning: no volume specified for mount point \"data\", implicitly creating an \"empty\" volume. "
                            + "This volume will be removed when the pod is garbage-collected."), "\(result)")
                try rkt.run(.fly, image: image).refused("missing volume for mountpoint \"data\"")
            }
        }

        @Test func `one volume inside another, whatever the order`() throws {
            try RktFixture.with { rkt throws in
                let outer = try rkt.source(["outer": ""], "outer")
                let inner = try rkt.source(["inner": ""], "inner")
                try makeDirectories(outer.appending("deep"))
                let volumes = ["--volume=o,kind=host,source=\(outer)", "--volume=i,kind=host,source=\(inner)"]
                let mounts = ["--mount=volume=o,target=/data", "--mount=volume=i,target=/data/deep"]
                for order in [mounts, mounts.reversed()] {
                    let facts = try rkt.ask(
                        "exists /data/outer + exists /data/deep/inner", options: volumes, appOptions: order)
                    #expect(facts["exists /data/outer"] == "yes")
                    #expect(facts["exists /data/deep/inner"] == "yes")
                }
            }
        }

        @Test(arguments: Flavor.all)
        func `four levels of volumes are there, whatever the order`(flavor: Flavor) throws {
            try RktFixture.with { rkt throws in
                let targets = ["/one", "/one/two", "/one/two/three", "/one/two/three/four/five"]
                var options: [String] = []
                for (index, target) in targets.enumerated() {
                    let source = try rkt.source(["mark\(index)": ""], "source-\(index)")
                    options += [
                        "--volume=v\(index),kind=host,source=\(source)", "--mount=volume=v\(index),target=\(target)",
                    ]
                }
                let questions = targets.enumerated().map { "exists \($1)/mark\($0)" }
                for order in [options, options.reversed()] {
                    let facts = try rkt.ask(flavor, questions.joined(separator: " + "), options: order)
                    for question in questions { #expect(facts[question] == "yes", "\(question)") }
                }
            }
        }

        @Test(arguments: Flavor.all)
        func `paths may have any sign but a comma`(flavor: Flavor) throws {
            try RktFixture.with { rkt throws in
                let name = "a b%41+&=;'\"$(x)\\ü"
                let source = try rkt.source(["note": "found"], name)
                let result = try rkt.run(
                    flavor, image: rkt.probeImage(), options: ["--volume=v,kind=host,source=\(source)"],
                    appOptions: ["--mount=volume=v,target=/t/\(name)"], ["read", "/t/\(name)/note"]
                ).succeeded()
                #expect(result.text.hasSuffix("=found"), "\(result)")
            }
        }

        @Test(arguments: Flavor.all)
        func `what is missing is made with its usual mode, whatever the caller's umask`(flavor: Flavor) throws {
            try RktFixture.with { rkt throws in
                let words = rkt.podArguments(
                    flavor, image: try rkt.probeImage(),
                    options: ["--volume=v,kind=empty", "--volume=f,kind=host,source=/etc/hostname"],
                    appOptions: ["--mount=volume=v,target=/a/b/c", "--mount=volume=f,target=/d/e/f", "--user=web"],
                    ["stat", "/a", "+", "stat", "/a/b", "+", "stat", "/a/b/c", "+", "stat", "/d/e", "+", "umask"])
                let command = rkt.command(words)
                let result = try Command(
                    "/bin/sh", ["-c", "umask 077; exec \"$0\" \"$@\"", command.program.string] + command.arguments
                ).run().succeeded()
                let facts = Facts(result.output)
                for path in ["/a", "/a/b", "/a/b/c", "/d/e"] {
                    #expect(facts["stat \(path)"]?.hasPrefix("directory 0o755 0:0") == true, "\(path): \(facts)")
                }
                #expect(facts["umask"] == (flavor == .ns ? "0o22" : "0o77"))
                try rkt.collectGarbage()
            }
        }

        @Test(arguments: Flavor.all)
        func `a target that the image links away stays in the image`(flavor: Flavor) throws {
            try RktFixture.with { rkt throws in
                let source = try rkt.source(["note": "x"])
                let outside = try rkt.source(["outside": "x"], "outside")
                let image = try rkt.fetch(
                    RktFixture.probe("example.com/a").symlink("/link", to: outside.string)
                        .symlink("/up", to: "../../../../../../..\(outside)")
                        .directory(outside.string).symlink("/etc/inside", to: "../srv/real").directory("/srv/real"))
                for target in ["/link", "/up", "/etc/inside"] {
                    let facts = try rkt.ask(
                        flavor, "exists \(target)/note + exists \(target)/outside",
                        options: ["--volume=data,kind=host,source=\(source)"],
                        appOptions: ["--mount=volume=data,target=\(target)"], image: image)
                    #expect(facts["exists \(target)/note"] == "yes", "\(flavor) \(target)")
                    #expect(facts["exists \(target)/outside"] == "no", "\(flavor) \(target)")
                }
                #expect(try entries(of: outside) == ["outside"])
                let dangling = try rkt.fetch(RktFixture.probe("example.com/b").symlink("/link", to: outside.string))
                let result = try rkt.run(
                    flavor, image: dangling, options: ["--volume=data,kind=host,source=\(source)"],
                    appOptions: ["--mount=volume=data,target=/link"], ["exists", "/link/note"])
                if result.status == 0 {
                    #expect(Facts(result.output)["exists /link/note"] == "yes")
                } else {
                    result.refused("/link")
                }
                #expect(try entries(of: outside) == ["outside"])
            }
        }

        @Test(arguments: Flavor.all)
        func `a source that is a symlink is followed on the host`(flavor: Flavor) throws {
            try RktFixture.with { rkt throws in
                let source = try rkt.source(["note": "x"])
                let link = rkt.directory.appending("link")
                try Command("/bin/ln", ["-s", source.string, link.string]).run().succeeded()
                let facts = try rkt.ask(
                    flavor, "exists /data/note", options: ["--volume=data,kind=host,source=\(link)"],
                    appOptions: ["--mount=volume=data,target=/data"])
                #expect(facts["exists /data/note"] == "yes")
            }
        }

        @Test func `volumes come without set-user-ID and devices only as the host has them`() throws {
            try RktFixture.with { rkt throws in
                let source = try rkt.source([:])
                let facts = try rkt.ask(
                    "device c 1 11 /data + device b 7 0 /data + device c 1 3 /data",
                    options: ["--volume=data,kind=host,source=\(source)"],
                    appOptions: ["--mount=volume=data,target=/data"])
                for device in ["c 1:11", "b 7:0"] {
                    let answer = facts["device \(device)"] ?? ""
                    #expect(!answer.contains("read=ok") && !answer.contains("write=ok"), "\(device): \(answer)")
                }
            }
        }

        @Test(arguments: [
            (["--mount=volume=v,target=/d"], "dangling mount point \"/d\": volume \"v\" not found"),
            (["--volume=v,kind=other"], "unrecognized volume kind: should be one of \"empty\", \"host\""),
            (["--volume=v,kind=host,source=relative"], "source for host volume must be absolute path"),
            (["--volume=v,kind=empty,source=/x"], "source for empty volume must be empty"),
            (["--volume=v,kind=host,source=/x,mode=0755"], "mode for host volume cannot be set"),
            (["--volume=v,kind=host,source=/x,uid=1"], "uid for host volume cannot be set"),
            (["--volume=v,kind=host,source=/x,nonsense=1"], "unknown volume parameter \"nonsense\""),
            (["--volume=v,kind=host,source=/x,source=/y"], "label source with multiple values [\"/x\" \"/y\"]"),
            (["--volume=v,kind"], "has a label without a value"),
            (["--volume=V,kind=empty"], "invalid value in --volume flag"),
            (["--volume=v,kind=empty", "--volume=v,kind=empty"], "duplicate volume name \"v\""),
            (["--volume=v,kind=empty", "--mount=volume=v,target=/d,other=1"], "unknown mount parameter \"other\""),
        ])
        func `mistakes are named`(options: [String], sentence: String) throws {
            try RktFixture.with { rkt throws in
                try rkt.run(image: rkt.probeImage(), options: options, ["user"]).refused(sentence)
            }
        }

        @Test(arguments: Flavor.all)
        func `a source that does not exist ends the run before the app`(flavor: Flavor) throws {
            try RktFixture.with { rkt throws in
                let result = try rkt.run(
                    flavor, image: rkt.probeImage(), options: ["--volume=v,kind=host,source=/no/such/place"],
                    appOptions: ["--mount=volume=v,target=/d"], ["user"])
                #expect(result.status != 0)
                #expect(result.output == "")
                #expect(result.errors.contains("/no/such/place"), "\(result)")
            }
        }
    }
}

extension RktFixture {
    /// A directory of the host with these files.
    func source(_ files: [String: String], _ name: String = "source") throws -> FilePath {
        let path = directory.appending(name)
        try makeDirectories(path)
        for (file, text) in files { try writeText(text, to: path.appending(file)) }
        return path
    }

    /// A file system of its own at `path`, until the end of the test.
    func mountMemory(on path: FilePath, options: [String] = []) throws {
        try makeDirectories(path)
        try Command("/bin/mount", ["-t", "tmpfs"] + options + ["tmpfs", path.string]).run().succeeded()
        atEnd { _ = try? Command("/bin/umount", ["-R", "-l", path.string]).run() }  // gone already: fine
    }
}
