import FetchInterface
import JSON
import LinuxSystem
import OCIImage
import SystemPackage
import TestSupport
import Testing

@testable import ImageFetch

@Suite struct RegistryClientTests {
    @Test func `an image is fetched by tag and by digest`() throws {
        try RegistryFixture.with { registry throws in
            for reference in ["latest", RegistryFixture.manifestDigest.description] {
                if reference != "latest" {
                    try registry.server.answer(
                        "/v2/app/manifests/\(reference)",
                        .body(RegistryFixture.manifest().serializedBytes())
                            .header("Docker-Content-Digest", reference))
                }
                let image = try registry.fetch(reference)
                #expect(image.manifestDigest == RegistryFixture.manifestDigest.description)
                #expect(try registry.contents(image) == RegistryFixture.blobs)
                #expect(
                    image.layers.map(\.mediaType)
                        == Array(repeating: "application/vnd.oci.image.layer.v1.tar", count: 3))
                #expect(image.config.size == UInt64(RegistryFixture.blobs[0].utf8.count))
                #expect(Set(try registry.files()) == Set(([image.config] + image.layers).map(\.file)))
                for blob in [image.config] + image.layers {
                    TestSupport.removeTree(registry.downloads.appending(blob.file))
                }
            }
        }
    }

    @Test func `a layer that occurs twice is fetched once`() throws {
        try RegistryFixture.with { registry throws in
            let layers = ["first layer", "second layer", "first layer"]
            try registry.server.answer(
                "/v2/app/manifests/latest", .body(RegistryFixture.manifest(layers: layers).serializedBytes()))
            let image = try registry.fetch()
            #expect(try registry.contents(image) == [RegistryFixture.blobs[0]] + layers)
            #expect(image.layers[0].file == image.layers[2].file)
            #expect(registry.server.requests(for: RegistryFixture.blobPath("first layer")).count == 1)
        }
    }

    @Test func `the manifest for the platform is taken from an index in an index`() throws {
        try RegistryFixture.with { registry throws in
            let manifest = String(decoding: RegistryFixture.manifest().serializedBytes(), as: UTF8.self)
            let inner = String(decoding: index([(manifest, "linux", "amd64")]).serializedBytes(), as: UTF8.self)
            let outer = index(
                [("other", "linux", "arm64"), (inner, "linux", "amd64")], type: RegistryFixture.indexType)
            try offer(registry, outer, ["inner": inner, "manifest": manifest])
            let image = try registry.fetch()
            #expect(image.manifestDigest == RegistryFixture.manifestDigest.description)
            #expect(try registry.contents(image) == RegistryFixture.blobs)
        }
    }

    private func index(
        _ documents: [(content: String, os: String, architecture: String)],
        type: String = RegistryFixture.manifestType
    ) -> JSONValue {
        let manifests = documents.map { document in
            var object = RegistryFixture.descriptor(document.content, type).object ?? [:]
            object["platform"] = ["os": .string(document.os), "architecture": .string(document.architecture)]
            return JSONValue.object(object)
        }
        return ["schemaVersion": 2, "mediaType": .string(RegistryFixture.indexType), "manifests": .array(manifests)]
    }

    private func offer(_ registry: RegistryFixture, _ top: JSONValue, _ documents: [String: String] = [:]) throws {
        try registry.server.answer(
            "/v2/app/manifests/latest", .body(top.serializedBytes(), type: RegistryFixture.indexType))
        for content in documents.values {
            try registry.server.answer("/v2/app/manifests/\(RegistryFixture.digest(content))", .body(content))
        }
    }

    // MARK: - Hostile manifests

    /// Refused with this sentence, and nothing is left in the download directory.
    private func refused(
        _ registry: RegistryFixture, _ sentence: String, _ reference: String = "latest",
        _ location: SourceLocation = #_sourceLocation
    ) throws {
        #expect(try registry.failure(reference) == sentence, sourceLocation: location)
        #expect(try registry.files() == [], sourceLocation: location)
    }

    @Test func `manifests with another digest than promised are refused`() throws {
        try RegistryFixture.with { registry throws in
            let wanted = OCIDigest(of: [1])
            let actual = RegistryFixture.manifestDigest
            let body = RegistryFixture.manifest().serializedBytes()
            try registry.server.answer("/v2/app/manifests/\(wanted)", .body(body))
            try refused(registry, "wrong digest: \(wanted) expected, \(actual) found", wanted.description)
            let announcing = ScriptedServer.Answer.body(body)
            try registry.server.answer(
                "/v2/app/manifests/latest", announcing.header("Docker-Content-Digest", wanted.description))
            try refused(registry, "the manifest has the digest \(actual), but the registry announces \(wanted)")
            try registry.server.answer(
                "/v2/app/manifests/latest", announcing.header("Docker-Content-Digest", "sha256:../../x"))
            try refused(
                registry,
                "invalid Docker-Content-Digest: 'sha256:../../x' is not a digest: it has to be sha256: and 64 digits 0-9a-f"
            )
        }
    }

    @Test func `an index that refers to itself or lies about digests is refused`() throws {
        try RegistryFixture.with { registry throws in
            let claimed = OCIDigest(of: [7])
            let top: JSONValue = [
                "schemaVersion": 2, "mediaType": .string(RegistryFixture.indexType),
                "manifests": [
                    [
                        "mediaType": .string(RegistryFixture.indexType), "digest": .string(claimed.description),
                        "size": 345,
                        "platform": ["os": "linux", "architecture": "amd64"],
                    ]
                ],
            ]
            try offer(registry, top)
            try registry.server.answer("/v2/app/manifests/\(claimed)", .body(top.serializedBytes()))
            let size = top.serializedBytes().count
            try refused(registry, "\(claimed) should have 345 bytes, but has \(size)")
        }
    }

    @Test func `indexes in indexes end somewhere`() throws {
        try RegistryFixture.with { registry throws in
            var content = String(decoding: RegistryFixture.manifest().serializedBytes(), as: UTF8.self)
            var type = RegistryFixture.manifestType
            for _ in 0..<6 {
                try registry.server.answer("/v2/app/manifests/\(RegistryFixture.digest(content))", .body(content))
                content = index([(content, "linux", "amd64")], type: type).serialized()
                type = RegistryFixture.indexType
            }
            try registry.server.answer("/v2/app/manifests/latest", .body(content))
            try refused(registry, "indexes point to indexes more than 4 times (maximumIndexDepth)")
            #expect(registry.server.requests.count == 5)
        }
    }

    @Test func `documents that are no manifest are named`() throws {
        try RegistryFixture.with { registry throws in
            func refused(_ answer: ScriptedServer.Answer, _ sentence: String) throws {
                try registry.server.answer("/v2/app/manifests/latest", answer)
                try self.refused(registry, sentence)
            }
            try refused(
                .body("<html></html>", type: "text/html"),
                "an HTML page where a manifest should be: is this a registry?")
            try refused(
                .status(404),
                "image not found: the registry '\(registry.server.host)' has no 'app:latest' (HTTP status 404)")
            try refused(
                .status(403),
                "the registry '\(registry.server.host)' does not let us have 'app:latest' (HTTP status 403)")
            try refused(
                .status(500),
                "bad HTTP status code: 500 from 'http://\(registry.server.host)/v2/app/manifests/latest'")
            try refused(
                .status(429),
                "the registry '\(registry.server.host)' takes no more requests for now (HTTP status 429);"
                    + " with credentials it may take more")
            try refused(
                .body("{\"schemaVersion\":1,\"name\":\"app\",\"fsLayers\":[]}"),
                "the manifest is of schema version 1, which has no digests that can be relied on; push the image again")
            try refused(
                .body(RegistryFixture.manifest().serialized(), type: RegistryFixture.indexType),
                "the manifest is announced as '\(RegistryFixture.indexType)' and says that it is"
                    + " '\(RegistryFixture.manifestType)'")
            try refused(
                .body("{\"schemaVersion\":2,\"manifests\":[],\"layers\":[]}"),
                "the manifest can be read in two ways: it has 'manifests' and 'layers'")
            try refused(
                .body(String(repeating: "[", count: 1 << 20)),
                "the manifest is not JSON: JSON is nested deeper than the limit of 32 levels, line 1 column 33")
            try refused(
                .body(String(repeating: " ", count: 5 << 20)),
                "'http://\(registry.server.host)/v2/app/manifests/latest' is larger than the limit of 4194304 bytes")
            try refused(
                .body(RegistryFixture.manifest(layers: Array(repeating: "x", count: 10_000)).serialized()),
                "the image has more than 1000 layers (maximumLayers)")
            try refused(
                .body(index([("x", "linux", "arm64"), ("x", "plan9", "386")]).serialized()),
                "no image for linux/amd64; there are linux/arm64, plan9/386")
        }
    }

    @Test func `a layer's digest is no way to other files`() throws {
        try RegistryFixture.with { registry throws in
            let text = RegistryFixture.manifest().serialized()
                .replacing(RegistryFixture.digest("first layer").description, with: "sha256:../../x")
            try registry.server.answer("/v2/app/manifests/latest", .body(text))
            try refused(
                registry, "'sha256:../../x' is not a digest: it has to be sha256: and 64 digits 0-9a-f")
            #expect(registry.server.requests.count == 1)
        }
    }

    // MARK: - Blobs

    @Test func `blobs that differ from what the manifest says are refused`() throws {
        try RegistryFixture.with { registry throws in
            let path = RegistryFixture.blobPath("first layer")
            let url = "http://\(registry.server.host)\(path)"
            func failure(_ answer: ScriptedServer.Answer, leaves isKept: Bool = false) throws -> String? {
                try registry.server.answer(path, answer)
                let failure = try registry.failure()
                if !isKept { #expect(try registry.files() == []) }
                return failure
            }
            let wanted = RegistryFixture.digest("first layer")
            let got = RegistryFixture.digest("first-layer")
            #expect(try failure(.body("first-layer")) == "'\(url)' has the digest \(got) instead of \(wanted)")
            #expect(try failure(.body("first layer and more")) == "'\(url)' is larger than the limit of 11 bytes")
            #expect(try failure(.body("first")) == "'\(url)' has 5 bytes instead of 11")
            #expect(try failure(.status(404)) == "the registry does not have \(wanted), which the manifest names")
            #expect(try failure(.status(403)) == "bad HTTP status code: 403 from '\(url)'")
            // What may work later is gone on with, but nothing has the name of a complete blob that is not one.
            #expect(
                try failure(.status(503), leaves: true) == "bad HTTP status code: 503 from '\(url)'")
            #expect(try failure(.body("first layer").cut(5), leaves: true) != nil)
            #expect(try !registry.files().contains(wanted.fileName))
            #expect(try failure(.body("first layer"), leaves: true) == nil)
        }
    }

    @Test func `an interrupted download is gone on with`() throws {
        try RegistryFixture.with { registry throws in
            let path = RegistryFixture.blobPath("first layer")
            try registry.server.answer(path, .body("first layer").cut(5), .body("first layer"))
            #expect(try registry.failure() != nil)
            let requests = registry.server.requests.count
            let image = try registry.fetch()
            #expect(try registry.contents(image) == RegistryFixture.blobs)
            #expect(registry.server.requests.count > requests)
            #expect(Set(try registry.files()) == Set(([image.config] + image.layers).map(\.file)))
        }
    }

    @Test func `complete blobs of an earlier run are used after a look at their digest`() throws {
        try RegistryFixture.with { registry throws in
            let good = RegistryFixture.digest("first layer").fileName
            let bad = RegistryFixture.digest("second layer").fileName
            try writeText("first layer", to: registry.downloads.appending(good))
            try writeText("another one!", to: registry.downloads.appending(bad))
            let image = try registry.fetch()
            #expect(try registry.contents(image) == RegistryFixture.blobs)
            #expect(registry.server.requests(for: RegistryFixture.blobPath("first layer")).isEmpty)
            #expect(registry.server.requests(for: RegistryFixture.blobPath("second layer")).count == 1)
            #expect(Set(try registry.files()) == Set(([image.config] + image.layers).map(\.file)))
        }
    }

    @Test func `digests by sha512 name manifests, but no blobs`() throws {
        try RegistryFixture.with { registry throws in
            let body = RegistryFixture.manifest().serializedBytes()
            let digest = OCIDigest(of: body, .sha512)
            try registry.server.answer("/v2/app/manifests/\(digest)", .body(body))
            #expect(try registry.fetch(digest.description).manifestDigest == RegistryFixture.manifestDigest.description)
            let layer = OCIDigest(of: Array("first layer".utf8), .sha512)
            let text = RegistryFixture.manifest().serialized()
                .replacing(RegistryFixture.digest("first layer").description, with: layer.description)
            try registry.server.answer("/v2/app/manifests/latest", .body(text))
            #expect(try registry.failure() == "config and layers need sha256 digests, not \(layer)")
        }
    }
}
