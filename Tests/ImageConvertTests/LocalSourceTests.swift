import AppContainer
import FetchInterface
import Glibc
import ImageArchive
import JSON
import LinuxSystem
import OCIImage
import SystemPackage
import TestSupport
import Testing

@testable import ImageConvert

struct LocalSourceTests {
    @Test func `references`() throws {
        #expect(try LocalSource(parsing: "oci:dir") == .layout("dir", tag: nil))
        #expect(try LocalSource(parsing: "oci:/a/dir:1.0") == .layout("/a/dir", tag: "1.0"))
        #expect(try LocalSource(parsing: "oci-archive:f.tar:x:y") == .layoutArchive("f.tar", tag: "x:y"))
        #expect(
            try LocalSource(parsing: "docker-archive:f.tar:busybox:latest")
                == .dockerArchive("f.tar", reference: "busybox:latest"))
        #expect(try LocalSource(parsing: "docker://x") == nil)
        #expect(try LocalSource(parsing: "example.com/oci") == nil)
        for bad in ["oci:", "oci::tag", "oci:dir:", "docker-archive:", "oci-archive::"] {
            #expect(throws: ConversionError.invalidReference(bad)) { try LocalSource(parsing: bad) }
        }
        #expect(try LocalSource(parsing: "oci:dir:t")?.resolved(against: "/a") == .layout("/a/dir", tag: "t"))
        #expect(try LocalSource(parsing: "oci:/dir")?.resolved(against: "/a") == .layout("/dir", tag: nil))
    }

    @Test(
        arguments: [
            (nil, "localhost", "img", nil), ("latest", "localhost", "img", "latest"),
            ("busybox:1.2", "localhost", "busybox", "1.2"), ("a/b", "localhost", "a/b", nil),
            ("quay.io/a/b:v3", "quay.io", "a/b", "v3"), ("localhost:5000/x:1", "localhost:5000", "x", "1"),
            ("docker.io/library/redis:7", "registry-1.docker.io", "library/redis", "7"),
            ("localhost/x", "localhost", "x", nil),
        ] as [(String?, String, String, String?)])
    func `names of images without a registry`(
        name: String?, host: String, repository: String, tag: String?
    ) throws {
        let converted = try ConvertedName(local: name, baseName: "img")
        #expect(converted.host == host)
        #expect(converted.repository == repository)
        #expect(converted.tag == tag)
    }

    @Test func `a layout, its archives, and an archive of docker save`() throws {
        try TemporaryDirectory.with("source") { path in
            var layout = try LayoutBuilder(path.appending("image"))
            try layout.addImage([[.file("a", "1")], [.file("b", "22")]], tag: "v1")
            try shell(
                """
                tar -C image -cf o.tar . && gzip -k o.tar && zstd -q o.tar
                skopeo copy -q oci:image:v1 docker-archive:d.tar:example.com/app:v1 && gzip -k d.tar && xz -k d.tar
                """, in: path)
            let expected = ["manifest", "rootfs", "rootfs/a", "rootfs/b"]
            func names(_ entries: [ArchiveEntry]) -> [String] {
                entries.map(\.path).filter { !$0.hasPrefix("rootfs/dev") }
            }
            let first = try convert("oci:\(path)/image", in: path)
            #expect(names(first.entries) == expected)
            #expect(first.archive.manifest.name.rawValue == "localhost/image")
            #expect(first.archive.manifest.labels["version"] == "v1")
            #expect(try convert("oci:\(path)/image:v1", in: path).archive.id == first.archive.id)
            let archive = try convert("oci-archive:\(path)/o.tar:v1", in: path)
            #expect(archive.archive.manifest.name.rawValue == "localhost/o")
            #expect(names(archive.entries) == expected)
            // The same bytes, however they are packed.
            for packed in ["o.tar.gz", "o.tar.zst"] {
                #expect(try convert("oci-archive:\(path)/\(packed)", in: path).archive.id == archive.archive.id)
            }
            let saved = try convert("docker-archive:\(path)/d.tar", in: path)
            #expect(saved.archive.manifest.name.rawValue == "example.com/app")
            #expect(saved.archive.manifest.labels["version"] == "v1")
            #expect(names(saved.entries) == expected)
            for packed in ["d.tar.gz", "d.tar.xz", "d.tar:example.com/app:v1"] {
                #expect(try convert("docker-archive:\(path)/\(packed)", in: path).archive.id == saved.archive.id)
            }
            #expect(
                sentence { _ = try convert("docker-archive:\(path)/d.tar:other", in: path) }
                    == "there is no image 'other'; there are example.com/app:v1")
            // Nothing but what was made on purpose is left.
            #expect(try entries(of: path).filter { $0.hasPrefix(".") || $0.hasPrefix("#") } == [])
        }
    }

    @Test func `tags`() throws {
        try TemporaryDirectory.with("tags") { path in
            var layout = try LayoutBuilder(path.appending("image"))
            try layout.addImage([[.file("a", "1")]], tag: "one")
            try layout.addImage([[.file("a", "22")]], tag: "two")
            let image = "oci:\(path)/image"
            #expect(
                sentence { _ = try convert(image, in: path) } == "there are several images, choose one: one, two")
            #expect(
                sentence { _ = try convert(image + ":three", in: path) }
                    == "there is no image 'three'; there are one, two")
            #expect(try convert(image + ":two", in: path).entries.contains { $0.path == "rootfs/a" && $0.size == 2 })
        }
    }

    @Test func `platforms`() throws {
        try TemporaryDirectory.with("platforms") { path in
            var layout = try LayoutBuilder(path.appending("image"))
            let arm: JSONValue = ["os": "linux", "architecture": "arm64"]
            let amd: JSONValue = ["os": "linux", "architecture": "amd64"]
            try layout.addImage([[.file("a", "1")]], tag: "x", platform: arm)
            try layout.addImage([[.file("a", "22")]], tag: "x", platform: amd)
            let image = "oci:\(path)/image:x"
            #expect(try convert(image, in: path).entries.contains { $0.path == "rootfs/a" && $0.size == 2 })
            let source = try #require(try LocalSource(parsing: image))
            #expect(
                sentence { _ = try source.open(for: OCIPlatform(os: "linux", architecture: "s390x"), scratch: path) }
                    == "no image for linux/s390x; there are linux/arm64, linux/amd64")
        }
    }

    @Test func `blobs are what their digests say`() throws {
        try TemporaryDirectory.with("digests") { path in
            for blob in 0..<3 {
                let image = path.appending("image\(blob)")
                var layout = try LayoutBuilder(image)
                try layout.addImage([[.file("a", "1")]])
                let blobs = image.appending("blobs/sha256")
                let name = try #require(try entries(of: blobs).dropFirst(blob).first)
                var content = try readBytes(blobs.appending(name))
                content[content.count / 2] ^= 1
                try writeBytes(content, to: blobs.appending(name))
                let error = sentence { _ = try convert("oci:\(image)", in: path) }
                #expect(
                    error.hasSuffix(" found") && error.hasPrefix("wrong digest: sha256:\(name) expected, ")
                        || error.hasPrefix("cannot unpack layer 1: wrong digest: sha256:\(name) expected, "), "\(error)"
                )
            }
        }
    }

    @Test func `layers are what the config says`() throws {
        try TemporaryDirectory.with("diff") { path in
            var layout = try LayoutBuilder(path.appending("image"))
            let one = try layout.addLayer([.file("a", "1")])
            let two = try layout.addLayer([.file("a", "2")])
            try layout.addImage(packed: [(one.descriptor, two.diffID)])
            #expect(
                sentence { _ = try convert("oci:\(path)/image", in: path) }
                    == "cannot unpack layer 1: layer 1 is not what the image's config says: "
                    + "\(two.diffID) expected, \(one.diffID) found")
        }
    }

    @Test(arguments: ["blob", "index.json", "oci-layout", "blobs", "chain"])
    func `no symlink leads out of a layout`(kind: String) throws {
        try TemporaryDirectory.with("links") { path in
            let image = path.appending("image")
            var layout = try LayoutBuilder(image)
            try layout.addImage([[.file("a", "1")]])
            let digest = try layout.addBlob([1])
            unlink(image.appending("blobs/sha256/\(digest.digits)").string)
            let moved =
                switch kind {
                case "blob", "chain":
                    "blobs/sha256/\(try #require(try entries(of: image.appending("blobs/sha256")).first))"
                default: kind
                }
            try shell("mv image/\(moved) outside", in: path)
            if kind == "chain" {
                try shell("ln -s \(path)/outside image/inside && ln -s ../../inside image/\(moved)", in: path)
            } else {
                try shell("ln -s \(path)/outside image/\(moved)", in: path)
            }
            let error = sentence { _ = try convert("oci:\(image)", in: path) }
            #expect(error.hasSuffix("Invalid cross-device link"), "\(error)")
        }
    }

    @Test func `symlinks inside a layout and in an archive are fine`() throws {
        try TemporaryDirectory.with("links") { path in
            let image = path.appending("image")
            var layout = try LayoutBuilder(image)
            try layout.addImage([[.file("a", "1")]])
            let name = try #require(try entries(of: image.appending("blobs/sha256")).first)
            try shell(
                """
                mv image/blobs/sha256/\(name) image/real && ln -s ../../real image/blobs/sha256/\(name)
                tar -C image -cf o.tar .
                """, in: path)
            #expect(try convert("oci:\(image)", in: path).entries.count > 2)
            #expect(try convert("oci-archive:\(path)/o.tar", in: path).entries.count > 2)
        }
    }

    @Test(
        arguments: [
            ("rm oci-layout", "not an OCI image layout: oci-layout is missing"),
            (
                "echo '{\"imageLayoutVersion\":\"2.0\"}' > oci-layout",
                "not an OCI image layout: its version is '2.0', not 1"
            ),
            ("echo 1 > oci-layout", "not an OCI image layout: oci-layout: must be an object, not a number"),
            ("echo x > index.json", "the manifest is not JSON: "), ("rm index.json", "openat2 'index.json' "),
            ("rm index.json; mkfifo index.json", "'index.json' is not a regular file"),
            ("rm index.json; mkdir index.json", "'index.json' is not a regular file"),
            ("truncate -s 5000000 index.json", "'index.json' is larger than 4194304 bytes"),
            ("echo '{\"schemaVersion\":2,\"manifests\":[]}' > index.json", "not an OCI image layout: it has no images"),
            ("sed -i s/sha256:/sha256:..\\\\/..\\\\// index.json", "'sha256:../../"),
        ] as [(String, String)])
    func `a layout that is none`(change: String, expected: String) throws {
        try TemporaryDirectory.with("bad") { path in
            var layout = try LayoutBuilder(path.appending("image"))
            try layout.addImage([[.file("a", "1")]])
            try shell(change, in: path.appending("image"))
            let error = sentence { _ = try convert("oci:\(path)/image", in: path) }
            #expect(error.hasPrefix(expected), "\(error)")
        }
    }

    @Test(
        arguments: [
            ("{}", "not an OCI image layout: manifest.json: must be an array, not an object"),
            ("[]", "not an OCI image layout: manifest.json names no images"),
            (#"[{"Config":"c","Layers":["../x"]}]"#, "'c' is missing"),
            (#"[{"Config":"../../../etc/passwd","Layers":[]}]"#, "'../../../etc/passwd' is missing"),
            (#"[{"Config":"link","Layers":[]}]"#, "'link' is not a regular file"),
            (#"[{"Config":"loop","Layers":[]}]"#, "'loop' is not a regular file"),
            (#"[{"Config":"abs","Layers":[]}]"#, "'etc/passwd' is missing"),
            (#"[{"Config":"fifo","Layers":[]}]"#, "'fifo' is not a regular file"),
            (#"[{"Config":1}]"#, "not an OCI image layout: manifest.json: [0].Config: must be a string, not a number"),
            (
                #"[{"Config":"ok","RepoTags":["a:1"]},{"Config":"ok","RepoTags":["b:1"]}]"#,
                "there are several images, choose one: a:1, b:1"
            ),
        ] as [(String, String)])
    func `an archive that was not made by docker save`(manifest: String, expected: String) throws {
        try TemporaryDirectory.with("bad") { path in
            try TarFile.write(
                [
                    .file("manifest.json", manifest), .symlink("abs", to: "/etc/passwd"), .fifo("fifo"),
                    .symlink("loop", to: "loop"), .file("ok", "{}"), .directory("link"),
                ], to: path.appending("d.tar"))
            let error = sentence { _ = try convert("docker-archive:\(path)/d.tar", in: path) }
            #expect(error.hasPrefix(expected), "\(error)")
        }
    }

    @Test func `an archive with very many members`() throws {
        try TemporaryDirectory.with("bad") { path in
            try TarFile.write((0...10_000).map { .file("f\($0)") }, to: path.appending("d.tar"))
            #expect(
                sentence { _ = try convert("oci-archive:\(path)/d.tar", in: path) }
                    == "the archive has more than 10000 members (maximumMembers)")
        }
    }

    @Test(arguments: ["missing", "fifo", "directory", "text", "empty"])
    func `a file that is no archive`(kind: String) throws {
        try TemporaryDirectory.with("bad") { path in
            try shell("mkfifo fifo; mkdir directory; echo text > text; : > empty", in: path)
            for scheme in ["docker-archive", "oci-archive"] {
                let error = sentence { _ = try convert("\(scheme):\(path)/\(kind)", in: path) }
                #expect(!error.isEmpty)
            }
            #expect(!sentence { _ = try convert("oci:\(path)/\(kind)", in: path) }.isEmpty)
        }
    }
}
