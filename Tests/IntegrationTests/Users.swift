import SystemPackage
import TestSupport
import Testing

extension Integration {
    @Suite struct Users {
        @Test(
            arguments: Flavor.all,
            [
                ("root", "root", "0", "0"), ("0", "0", "0", "0"), ("1000", "1001", "1000", "1001"),
                ("web", "web", "1000", "1001"), ("web", "logs", "1000", "1002"),
                ("4294967294", "4294967294", "4294967294", "4294967294"),
                ("/owned", "/owned", "7", "8"),
            ])
        func `a number, a name of the image or the owner of a file`(
            flavor: Flavor, words: (user: String, group: String, uid: String, gid: String)
        ) throws {
            try RktFixture.with { rkt throws in
                let image = try image(rkt)
                let flags = ["--user=\(words.user)", "--group=\(words.group)"]
                let facts = try rkt.ask(flavor, "user", appOptions: flags, image: image)
                #expect(facts["uid"] == words.uid)
                #expect(facts["euid"] == words.uid)
                #expect(facts["gid"] == words.gid)
                #expect(facts["egid"] == words.gid)
                let own = try rkt.fetch(
                    RktFixture.probe("example.com/b").entry(
                        .file("rootfs/owned").with {
                            $0.user = 7; $0.group = 8
                        }
                    )
                    .app(exec: ["/inspect"], user: words.user, group: words.group))
                #expect(try rkt.ask(flavor, "user", image: own)["uid"] == words.uid)
            }
        }

        /// Each of these has become root somewhere.
        @Test(
            arguments: Flavor.all,
            [
                "00", "+0", " 0", "0 ", "0x0", "4294967296", "4294967295", "18446744073709551616", "65536:0", "-1",
                "-0",
                "1000:", "1000:0", "root ", "ROOT", "٠", "0.0", "1e0", "nobody-here", "/no/such/file",
                "../../etc/passwd",
            ])
        func `odd users are refused, never root`(flavor: Flavor, user: String) throws {
            try RktFixture.with { rkt throws in
                let image = try image(rkt)
                for (option, name) in [("--user", "uid"), ("--group", "gid")] {
                    let result = try rkt.run(
                        flavor, image: image, appOptions: ["--user=1000", "--group=1000", "\(option)=\(user)"], ["user"]
                    )
                    let value = Facts(result.output)[name]
                    #expect(value != "0", "\(option)=\(user)\n\(result)")
                    #expect(result.status == 254, "\(option)=\(user)\n\(result)")
                }
            }
        }

        @Test(arguments: Flavor.all)
        func `a name made of digits is a number`(flavor: Flavor) throws {
            try RktFixture.with { rkt throws in
                let image = try rkt.fetch(
                    RktFixture.probe("example.com/a").file("/etc/passwd", "1234:x:0:0:::\n")
                        .file("/etc/group", "1234:x:0:\n"))
                let facts = try rkt.ask(flavor, "user", appOptions: ["--user=1234", "--group=1234"], image: image)
                #expect(facts["uid"] == "1234")
                #expect(facts["gid"] == "1234")
            }
        }

        @Test(arguments: Flavor.all)
        func `an unknown name is named`(flavor: Flavor) throws {
            try RktFixture.with { rkt throws in
                let image = try image(rkt)
                try rkt.run(flavor, image: image, appOptions: ["--user=ghost"]).refused("\"ghost\" user not found")
                try rkt.run(flavor, image: image, appOptions: ["--group=ghost"]).refused("\"ghost\" group not found")
            }
        }

        @Test(arguments: Flavor.all)
        func `the owner of a link is meant and not that of what it leads to`(flavor: Flavor) throws {
            try RktFixture.with { rkt throws in
                let image = try RktFixture.probe("example.com/a")
                    .entry(
                        .file("rootfs/odd").with {
                            $0.user = 4_294_967_290; $0.group = 3_000_000_000
                        }
                    )
                    .entry(
                        .symlink("rootfs/link", to: "/odd").with {
                            $0.user = 77; $0.group = 78
                        }
                    )
                    .entry(
                        .symlink("rootfs/dangling", to: "/proc/1/root").with {
                            $0.user = 79; $0.group = 80
                        })
                let id = try rkt.fetch(image)
                for (path, user, group) in [
                    ("/odd", "4294967290", "3000000000"), ("/link", "77", "78"), ("/dangling", "79", "80"),
                    ("/etc/../odd", "4294967290", "3000000000"), ("/etc", "0", "0"),
                ] {
                    let facts = try rkt.ask(
                        flavor, "user", appOptions: ["--user=\(path)", "--group=\(path)"], image: id)
                    #expect((facts["uid"], facts["gid"]) == (user, group), "\(path)")
                }
            }
        }

        @Test(arguments: Flavor.all)
        func `a converted image that names only a user has the group of the user's number`(flavor: Flavor) throws {
            try RktFixture.with { rkt throws in
                let lonely = try RktFixture.probe("example.com/a").file("/etc/passwd", "lonely:x:1234:0:::\n")
                    .app(exec: ["/inspect"], user: "lonely", group: "lonely")
                let converted = try rkt.fetch(lonely.annotation("appc.io/docker/repository", "library/a"))
                let facts = try rkt.ask(flavor, "user", image: converted)
                #expect((facts["uid"], facts["gid"]) == ("1234", "1234"))
                try rkt.run(flavor, image: converted, appOptions: ["--group=other"], ["user"])
                    .refused("\"other\" group not found")
                try rkt.run(flavor, image: rkt.fetch(lonely), ["user"]).refused("\"lonely\" group not found")
            }
        }

        @Test(arguments: Flavor.all)
        func `supplementary groups are exactly those of the image or the command line`(flavor: Flavor) throws {
            try RktFixture.with { rkt throws in
                let image = try rkt.fetch(RktFixture.probe("example.com/a").supplementaryGroups([20, 10]))
                let web = ["--user=web", "--group=web"]
                #expect(try groups(rkt.ask(flavor, "user", appOptions: web)) == [])
                #expect(try groups(rkt.ask(flavor, "user", appOptions: web, image: image)) == [10, 20])
                let flags = web + ["--supplementary-gids=7,8", "--supplementary-gids=9"]
                #expect(try groups(rkt.ask(flavor, "user", appOptions: flags, image: image)) == [7, 8, 9])
                try rkt.run(flavor, image: image, appOptions: ["--supplementary-gids=x"])
                    .refused("--supplementary-gids must be integers")
            }
        }

        @Test(arguments: Flavor.all, ["link", "fifo", "directory", "huge", "nonsense"])
        func `a hostile passwd file neither reads the host's nor hangs`(flavor: Flavor, kind: String) throws {
            try RktFixture.with { rkt throws in
                let outside = rkt.directory.appending("passwd")
                try writeText("trap:x:0:0:::\n", to: outside)
                var image = ACIBuilder(name: "example.com/a").file("/inspect", from: try Programs.inspect())
                    .directory("/etc").app(exec: ["/inspect"])
                switch kind {
                case "link": image = image.symlink("/etc/passwd", to: outside.string)
                case "fifo": image = image.entry(.fifo("rootfs/etc/passwd"))
                case "directory": image = image.directory("/etc/passwd")
                case "huge":
                    image = image.entry(TarEntry("rootfs/etc/passwd", type: "0").with { $0.content = .zeros(64 << 20) })
                default: image = image.file("/etc/passwd", ":\n::::\ntrap\ntrap:x:-1:\ntrap:x:99999999999:0::\n")
                }
                let result = try rkt.run(
                    flavor, image: rkt.fetch(image), appOptions: ["--user=trap", "--group=0"], ["user"],
                    limit: .seconds(30))
                result.refused("")
                #expect(result.output == "")
                #expect(result.peakMemory < 128 << 20)
                #expect(try rkt.ask(flavor, "user", appOptions: ["--user=5"], image: rkt.fetch(image))["uid"] == "5")
            }
        }

        private func image(_ rkt: RktFixture) throws -> String {
            try rkt.fetch(
                RktFixture.probe("example.com/a").entry(
                    .file("rootfs/owned").with {
                        $0.user = 7; $0.group = 8
                    }))
        }

        /// The supplementary groups without the primary one, which setgroups may or may not repeat.
        private func groups(_ facts: Facts) -> [Int] {
            let all = facts["groups"]?.split(separator: " ").compactMap { Int($0) } ?? []
            return all.filter { String($0) != facts["gid"] }
        }
    }
}
