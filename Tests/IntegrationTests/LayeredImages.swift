import SystemPackage
import TestSupport
import Testing

extension Integration {
    /// Images of layers in an OCI layout, from `rkt fetch` to the app.
    @Suite(.enabled(if: Requirements.has("umoci"), "needs umoci")) struct LayeredImages {
        private static let insecure = "--insecure-options=image"

        private func shell(_ script: String, in directory: FilePath) throws -> String {
            var command = Command("/bin/sh", ["-ec", script])
            command.workingDirectory = directory
            command.timeLimit = .seconds(120)
            return try command.run().succeeded().text
        }

        /// Makes a layout `image` with a tag `latest` of these layers.
        private func makeLayout(_ layers: [[TarEntry]], in directory: FilePath) throws {
            _ = try shell("umoci init --layout image && umoci new --image image:latest", in: directory)
            for entries in layers {
                try TarFile.write(entries, to: directory.appending("layer.tar"))
                _ = try shell("umoci raw add-layer --image image:latest layer.tar", in: directory)
            }
        }

        /// Names, modes, owners, times, links, targets, attributes and content of a tree.
        private func describe(_ tree: String, in directory: FilePath) throws -> String {
            try shell(
                """
                cd \(tree)
                find . -mindepth 1 -path ./dev -prune -o -printf '%p %y %m %U:%G %T@ %n %l\\n' | sort
                find . -path ./dev -prune -o -type f -print0 | sort -z | xargs -0 sha256sum
                getfattr -R -h -d -m '^(user|security)' . 2>/dev/null || true
                """, in: directory)
        }

        @Test func `a tree that umoci packed step by step is rendered as umoci unpacks it`() throws {
            try RktFixture.with { rkt throws in
                try makeLayout([], in: rkt.directory)
                let steps = [
                    """
                    mkdir -p usr/bin usr/lib/deep/er etc && cp /bin/busybox usr/bin/ && ln -s usr/bin bin
                    for f in one two three; do echo $f > usr/lib/deep/$f; done; ln usr/lib/deep/one etc/one
                    chmod 4755 usr/bin/busybox; chown 12:34 etc/one; touch -d @1500000000.5 etc/one; mkfifo -m 620 etc/fifo
                    """,
                    "rm -r usr/lib/deep && mkdir usr/lib/deep && echo new > usr/lib/deep/new && echo x > etc/x",
                    "rm etc/x etc/fifo && mkdir etc/x && ln usr/lib/deep/new etc/new && chmod 711 usr/lib",
                    "rm bin && mkdir bin && mv usr/bin/busybox bin/ && rm usr/lib/deep/new && ln -s /bin usr/sbin",
                ]
                for (index, step) in steps.enumerated() {
                    _ = try shell(
                        """
                        umoci unpack --image image:latest step\(index)
                        (cd step\(index)/rootfs && \(step.split(separator: "\n").joined(separator: "\n")))
                        umoci repack --image image:latest step\(index)
                        """, in: rkt.directory)
                }
                _ = try shell(
                    """
                    umoci config --image image:latest --config.entrypoint /bin/busybox --config.cmd id \
                    --config.user 1000:1001 --config.env A=1 --config.workingdir etc --config.label a=b
                    umoci unpack --image image:latest bundle
                    """, in: rkt.directory)
                let image = "oci:\(rkt.directory)/image:latest"
                let id = try rkt("fetch", "--full", Self.insecure, image).succeeded().text
                try rkt("image", "render", id, "\(rkt.directory)/rendered").succeeded()
                let expected = try describe("bundle/rootfs", in: rkt.directory)
                #expect(expected.split(separator: "\n").count > 10)
                #expect(try describe("rendered/rootfs", in: rkt.directory) == expected)
                let run = try rkt("run", "--net=none", Self.insecure, image).succeeded()
                #expect(run.text == "uid=1000 gid=1001 groups=1001" || run.text == "uid=1000 gid=1001", "\(run.text)")
                let pwd = try rkt(
                    "run", "--net=none", Self.insecure, image, "--exec=/bin/busybox", "--", "sh", "-c", "pwd; echo $A")
                #expect(try pwd.succeeded().lines == ["/etc", "1"])
                try rkt.collectGarbage()
            }
        }

        @Test func `the same image is the same however it is packed and fetched`() throws {
            try RktFixture.with { rkt throws in
                try makeLayout([[.file("a", "1")], [.file("b", "2"), .file(".wh.a")]], in: rkt.directory)
                _ = try shell("tar -C image -cf image.tar . && gzip -k image.tar", in: rkt.directory)
                func fetch(_ word: String) throws -> String {
                    try rkt("fetch", "--full", Self.insecure, word).succeeded().text
                }
                let id = try fetch("oci:\(rkt.directory)/image:latest")
                #expect(try fetch("oci:\(rkt.directory)/image") == id)
                #expect(try fetch("oci-archive:\(rkt.directory)/image.tar") == id)
                #expect(try fetch("oci-archive:\(rkt.directory)/image.tar.gz:latest") == id)
            }
        }

        @Test func `very many files take little memory`() throws {
            try RktFixture.with { rkt throws in
                let files = (0..<60_000).map { TarEntry.file("d/\($0)") }
                try makeLayout([files, [.file("d/.wh..wh..opq"), .file("d/x")]], in: rkt.directory)
                let result = try rkt("fetch", Self.insecure, "oci:\(rkt.directory)/image", limit: .seconds(120))
                #expect(try result.succeeded().peakMemory < 128 << 20, "\(result.peakMemory >> 20) MiB")
            }
        }

        @Test(
            arguments: [
                ("a hard link to nothing", [[.hardLink("a", to: "b")]], "is a hard link to '/b', which is missing"),
                (
                    "symlinks in a circle", [[.symlink("a", to: "b"), .symlink("b", to: "a")], [.file("a/x")]],
                    "too many symlinks on the way to '/a'"
                ),
                ("an impossible whiteout", [[.file("d/x")], [.file("d/.wh...")]], "'/d/.wh...' is no valid whiteout"),
                ("a file as root", [[.symlink("./", to: "/etc")]], "\"/\" is not a directory"),
            ] as [(String, [[TarEntry]], String)])
        func `layers that mean harm`(name: String, layers: [[TarEntry]], expected: String) throws {
            try RktFixture.with { rkt throws in
                try makeLayout(layers, in: rkt.directory)
                let result = try rkt("fetch", Self.insecure, "oci:\(rkt.directory)/image", limit: .seconds(120))
                result.refusedInOneLine(expected)
                #expect(result.peakMemory < 128 << 20)
                #expect(rkt.leftBehind() == [])
            }
        }
    }
}
