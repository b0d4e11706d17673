import SystemPackage
import TestSupport
import Testing

extension Integration {
    /// A stage1 image comes from wherever an image can come from, under the same rules.
    @Suite struct Stage1FromAnywhere {
        @Test func `by URL, name, path and hash, each needs a signature`() throws {
            try RktFixture.withServer { rkt, server in
                let image = try rkt.probeImage()
                let fly = installed(rkt)
                let (name, version) = try identity(rkt, fly)
                let copy = rkt.directory.appending("copy.aci")
                try writeBytes(readBytes(fly), to: copy)
                try server.put("example.com/stage1.aci", copy)
                let template = "https://storage.example.com/{name}-{version}.{ext}"
                try server.put("example.com/index.html", text: "")
                // The name belongs to somebody else, so an image of our own name is needed for discovery.
                let ours = try repack(rkt, fly, name: "example.com/stage1-fly", version: version)
                try server.discovery("example.com", images: [("example.com", template)])
                let ourURL = "storage.example.com/example.com/stage1-fly-\(version).aci"
                try server.put(ourURL, ours)
                let flags = [
                    "--stage1-url=https://example.com/stage1.aci", "--stage1-path=\(copy)",
                    "--stage1-name=example.com/stage1-fly:\(version)",
                ]
                for flag in flags {
                    try rkt("run", "--net=host", flag, image, "--", "user").refused("")
                }
                let keys = try SigningKeys.shared
                for (file, url) in [(copy, "example.com/stage1.aci"), (ours, ourURL)] {
                    try server.put("\(url).asc", keys.sign(file, by: [.stranger]))
                }
                for flag in flags { try rkt("run", "--net=host", flag, image, "--", "user").refused("") }
                for (file, url) in [(copy, "example.com/stage1.aci"), (ours, ourURL)] {
                    try server.put("\(url).asc", keys.sign(file))
                }
                try rkt.trust(prefix: "example.com")
                try rkt.trust(prefix: name)
                for flag in flags { try rkt("run", "--net=host", flag, image, "--", "user").succeeded() }
                // It is there now: new is the policy, and nobody is asked again.
                server.forgetRequests()
                try rkt("run", "--net=host", flags[0], image, "--", "user").succeeded()
                #expect(server.requests.isEmpty)
                let rows = try rkt("image", "list", "--full", "--no-legend", "--fields=id,name").succeeded().lines
                let id = rows.first { $0.contains("example.com/stage1-fly") }?.split(separator: "\t").first ?? ""
                try rkt("run", "--net=host", "--stage1-hash=\(id)", image, "--", "user").succeeded()
                try rkt("run", "--net=host", "--stage1-hash=sha512-0000000000", image).refused("no image IDs found")
                try rkt.collectGarbage()
            }
        }

        @Test func `from the directory of the installation without a signature`() throws {
            try RktFixture.with { rkt throws in
                let image = try rkt.probeImage()
                for flag in ["--stage1-from-dir=stage1-fly.aci", "--stage1-path=\(installed(rkt))"] {
                    try rkt("run", "--net=host", flag, image, "--", "user").succeeded()
                    try rkt("run", "--net=host", "--stage1-url=file://\(installed(rkt))", image, "--", "user")
                        .succeeded()
                }
                try rkt.collectGarbage()
            }
        }

        @Test func `the account of its server is used for it`() throws {
            try RktFixture.withServer { rkt, server in
                try rkt.configure(
                    "auth.d/a.json",
                    """
                    {"rktKind": "auth", "rktVersion": "v1", "domains": ["example.com"], "type": "basic",
                     "credentials": {"user": "alice", "password": "secret"}}
                    """)
                let image = try rkt.probeImage()
                try server.put("example.com/stage1.aci", installed(rkt))
                try rkt(
                    "run", "--net=host", "--insecure-options=image", "--stage1-url=https://example.com/stage1.aci",
                    image, "--", "user"
                ).succeeded()
                #expect(server.requests.contains { $0.headers["authorization"] != nil })
                try rkt.collectGarbage()
            }
        }

        @Test func `what the configuration says is the default`() throws {
            try RktFixture.withServer { rkt, server in
                try rkt.trust()
                let image = try rkt.probeImage()
                let copy = rkt.directory.appending("copy.aci")
                try writeBytes(readBytes(installed(rkt)), to: copy)
                try SigningKeys.shared.sign(copy)
                try server.put("example.com/stage1.aci", copy)
                try server.put("example.com/stage1.aci.asc", FilePath("\(copy).asc"))
                for location in ["https://example.com/stage1.aci", "\(copy)"] {
                    try rkt.configure(
                        "stage1.d/stage1.json",
                        #"{"rktKind": "stage1", "rktVersion": "v1", "location": "\#(location)"}"#)
                    let facts = Facts(try rkt("run", "--net=host", image, "--", "namespaces").succeeded().output)
                    #expect(facts["ns.pid"] == (try FilePath("/proc/self/ns/pid").target()))
                }
                for (bad, sentence) in [
                    ("stage1.aci", "default stage1 image location is either a relative path or a URL without scheme"),
                    ("ftp://example.com/x.aci", "stage1"),
                ] {
                    try rkt.configure(
                        "stage1.d/stage1.json", #"{"rktKind": "stage1", "rktVersion": "v1", "location": "\#(bad)"}"#)
                    try rkt("run", "--net=host", image, "--", "user").refused(sentence)
                }
                try rkt.collectGarbage()
            }
        }

        private func installed(_ rkt: RktFixture) -> FilePath {
            rkt.program.removingLastComponent().removingLastComponent().appending(
                "lib/rkt/stage1-images/stage1-fly.aci")
        }

        /// Name and version of an image.
        private func identity(_ rkt: RktFixture, _ image: FilePath) throws -> (name: String, version: String) {
            let manifest = try shell("tar -xOf \"$1\" manifest", [image.string]).output
            func value(after text: String) -> String {
                guard let range = manifest.firstRange(of: text) else { return "" }
                return String(manifest[range.upperBound...].drop { $0 != "\"" }.dropFirst().prefix { $0 != "\"" })
            }
            let name = value(after: "\"name\":")
            let version = manifest.firstRange(of: "\"version\"").map { range in
                let rest = manifest[range.upperBound...]
                guard let mark = rest.firstRange(of: "\"value\":") else { return "" }
                return String(rest[mark.upperBound...].drop { $0 != "\"" }.dropFirst().prefix { $0 != "\"" })
            }
            return (name.hasPrefix("coreos") ? name : "coreos.com/rkt/stage1-fly", version ?? "")
        }

        /// The same image under another name.
        private func repack(_ rkt: RktFixture, _ image: FilePath, name: String, version: String) throws -> FilePath {
            let target = rkt.directory.appending("ours.aci")
            try shell(
                """
                mkdir "$2"; tar -C "$2" -xf "$1"
                sed -i "s#coreos.com/rkt/stage1-fly#$3#" "$2/manifest"
                tar -C "$2" -cf "$4" manifest rootfs
                """, [image.string, rkt.directory.appending("repack").string, name, target.string])
            return target
        }
    }
}
