import SystemPackage
import TestSupport
import Testing

extension Integration {
    /// The check of a rendered tree before a pod starts.
    @Suite struct Seal {
        @Test(arguments: Flavor.all)
        func `a file that was changed, with size and time put back, stops the start`(flavor: Flavor) throws {
            try RktFixture.with { rkt throws in
                let image = try rkt.probeImage()
                let file = try tree(rkt).appending("etc/passwd")
                let before = try FileFacts(file)
                let text = try readText(file)
                try rkt.run(flavor, image: image, ["user"]).succeeded()
                try writeText(text.replacingFirst("root", "rOOt"), to: file)
                setTimes(file, modification: before.modificationTime)
                #expect(try FileFacts(file) == before, "nothing a look at the file would show")
                let result = try rkt.run(flavor, image: image, ["user"])
                result.refused("etc/passwd")
                #expect(result.output == "")
                try rkt.run(flavor, image: image, options: ["--insecure-options=image,ondisk"], ["user"]).succeeded()
                try rkt("image", "verify", image).succeeded()
                try rkt.run(flavor, image: image, ["user"]).succeeded()
                try rkt.collectGarbage()
            }
        }

        @Test(arguments: [
            "chmod 4755 inspect", "chown 1:1 etc/passwd", "echo x > etc/new", "rm etc/group", "mkdir etc/d",
            "ln -s /x etc/l",
            "mv etc/group etc/other", "rm etc/group; ln -s passwd etc/group", "rm etc/passwd; mkfifo etc/passwd",
            "python3 -c 'import os; os.setxattr(\"etc/passwd\", \"user.x\", b\"y\")'",
            "cp -a etc/passwd x; mv x etc/passwd; echo y >> etc/passwd",
            "printf x | dd of=inspect bs=1 seek=100 conv=notrunc status=none",
        ])
        func `whatever is changed in the tree is noticed`(script: String) throws {
            try RktFixture.with { rkt throws in
                let image = try rkt.probeImage()
                var command = Command("/bin/sh", ["-c", script])
                command.workingDirectory = try tree(rkt)
                try command.run().succeeded()
                let result = try rkt.run(image: image, ["user"])
                result.refused("")
                #expect(result.output == "")
                try rkt("image", "verify", image).succeeded()
                try rkt.run(image: image, ["user"]).succeeded()
            }
        }

        @Test func `a stage1 tree is checked as well`() throws {
            try RktFixture.with { rkt throws in
                try rkt.ask("user")
                let names = try entries(of: rkt.dataDirectory.appending("cas/tree"))
                let trees = names.map { rkt.dataDirectory.appending("cas/tree/\($0)/rootfs") }
                let stage1 = try #require(
                    trees.first { exists($0.appending("run")) && !exists($0.appending("inspect")) })
                try writeText("x", to: stage1.appending("etc/added"))
                try rkt.run(image: rkt.probeImage(), ["user"]).refused("")
            }
        }

        @Test func `a prepared pod is checked when it starts`() throws {
            try RktFixture.with { rkt throws in
                let uuid = try rkt("prepare", rkt.probeImage(), "--", "user").succeeded().text
                try writeText("root:x:0:0::/:\n", to: tree(rkt).appending("etc/passwd"))
                try rkt("run-prepared", "--net=none", uuid).refused("etc/passwd")
            }
        }

        @Test func `the seal lies outside the tree and only root reads it`() throws {
            try RktFixture.with { rkt throws in
                let image = try rkt.probeImage()
                let tree = try onlyTree(rkt)
                let facts = try rkt.ask("list /", image: image)
                #expect(facts["list /"]?.contains("seal") == false)
                for name in try entries(of: tree) where name != "rootfs" {
                    let file = try FileFacts(tree.appending(name))
                    if name.contains("seal") { #expect(file.permissions & 0o077 == 0, "\(name)") }
                }
            }
        }

        private func tree(_ rkt: RktFixture) throws -> FilePath {
            _ = try rkt.probeImage()
            let names = try entries(of: rkt.dataDirectory.appending("cas/tree"))
            let roots = names.map { rkt.dataDirectory.appending("cas/tree/\($0)/rootfs") }
            guard let root = roots.first(where: { exists($0.appending("inspect")) }) else {
                throw Trouble("no tree: \(names)")
            }
            return root
        }
    }
}

extension String {
    func replacingFirst(_ old: String, _ new: String) -> String {
        guard let range = firstRange(of: old) else { return self }
        return String(self[..<range.lowerBound]) + new + String(self[range.upperBound...])
    }
}
