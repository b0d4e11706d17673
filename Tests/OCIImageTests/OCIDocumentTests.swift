import FetchInterface
import JSON
import OCIImage
import Testing

@Suite struct OCIDocumentTests {
    @Test func `manifests and indexes of OCI and Docker are read`() throws {
        for (manifestType, indexType) in [(ociManifest, ociIndex), (dockerManifest, dockerList)] {
            let content = bytes(manifest(mediaType: .string(manifestType)))
            for announced in [[], [manifestType], ["\(manifestType); charset=utf-8"], ["Application/JSON"], [""]] {
                guard case .manifest(let read) = try OCIDocument(parsing: content, announced: announced) else {
                    Issue.record("no manifest")
                    continue
                }
                #expect(read.config.digest == OCIDigest(of: [0]))
                #expect(read.layers.map(\.digest) == [OCIDigest(of: [1]), OCIDigest(of: [2])])
                #expect(read.layers.map(\.size) == [1001, 1002])
            }
            let index = bytes(["schemaVersion": 2, "mediaType": .string(indexType), "manifests": []])
            #expect(try OCIDocument(parsing: index, announced: [indexType]) == .index(OCIIndex(manifests: [])))
        }
    }

    @Test func `OCI documents need not say what they are`() throws {
        guard case .manifest = try OCIDocument(parsing: bytes(manifest(mediaType: .null))) else {
            Issue.record("no manifest")
            return
        }
    }

    @Test func `the types of layers are known`() throws {
        #expect(try OCILayerCompression(mediaType: "application/vnd.oci.image.layer.v1.tar") == .none)
        #expect(try OCILayerCompression(mediaType: "application/vnd.oci.image.layer.v1.tar+gzip") == .gzip)
        #expect(try OCILayerCompression(mediaType: "application/vnd.oci.image.layer.v1.tar+zstd") == .zstd)
        #expect(try OCILayerCompression(mediaType: "application/vnd.docker.image.rootfs.diff.tar.gzip") == .gzip)
        for foreign in [
            "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
            "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
        ] {
            #expect(throws: OCIImageError.foreignLayer) { try OCILayerCompression(mediaType: foreign) }
        }
        let encrypted = "application/vnd.oci.image.layer.v1.tar+gzip+encrypted"
        #expect(throws: OCIImageError.unsupportedLayer(encrypted)) { try OCILayerCompression(mediaType: encrypted) }
    }

    // MARK: - What is refused

    @Test(arguments: [
        ("config", OCIImageError.ambiguous("'manifests' and 'config'")),
        ("layers", .ambiguous("'manifests' and 'layers'")), ("fsLayers", .ambiguous("'manifests' and 'fsLayers'")),
    ])
    func `what could be both a manifest and an index is refused`(_ member: String, _ error: OCIImageError) {
        var both: JSONObject = ["schemaVersion": 2, "manifests": []]
        for value in [JSONValue.array([]), .null] {
            both[member] = value
            refuse(.object(both), error)
            refuse(.object(both), announced: [ociIndex], error)
        }
    }

    @Test func `type, header and content have to agree`() {
        refuse(manifest(), announced: [ociIndex], .mediaTypesDiffer(announced: ociIndex, body: ociManifest))
        refuse(manifest(), announced: [dockerManifest], .mediaTypesDiffer(announced: dockerManifest, body: ociManifest))
        refuse(manifest(mediaType: .null), announced: [ociIndex], .contradictsMediaType(ociIndex))
        refuse(manifest(mediaType: .string(dockerList)), .contradictsMediaType(dockerList))
        refuse(
            manifest(mediaType: .null), announced: [ociManifest, dockerManifest],
            .mediaTypesDiffer(announced: ociManifest, body: dockerManifest))
        refuse(
            ["schemaVersion": 2, "mediaType": .string(ociManifest), "manifests": []], .contradictsMediaType(ociManifest)
        )
        refuse(manifest(mediaType: "application/x"), .unknownDocument("application/x"))
        refuse(manifest(mediaType: "no type"), .invalidMediaType("no type"))
    }

    @Test func `other things than manifests are named`() {
        refuse(manifest(), announced: ["text/html; charset=utf-8"], .html)
        refuse(manifest(), announced: ["image/png"], .unexpectedContentType("image/png"))
        refuse(["schemaVersion": 1, "fsLayers": []], .schema1)
        refuse([:], announced: ["application/vnd.docker.distribution.manifest.v1+prettyjws"], .schema1)
        refuse(["schemaVersion": 3], .unknownSchema("3"))
        refuse(["schemaVersion": "2"], .unknownSchema("missing"))
        refuse(["schemaVersion": 2], .invalidDocument("config: must be set"))
        refuse(["schemaVersion": 2, "manifests": 5], .invalidDocument("manifests: must be an array, not a number"))
        refuse([], .invalidDocument("must be an object, not an array"))
        refuse(
            manifest(config: descriptor(0, "application/vnd.cncf.helm.config.v1+json")),
            .notAnImage(configMediaType: "application/vnd.cncf.helm.config.v1+json"))
    }

    @Test func `a page of HTML is named even when it is announced as something else`() {
        #expect(throws: OCIImageError.html) {
            try OCIDocument(parsing: Array("\n <!DOCTYPE html><html>".utf8), announced: ["application/json"])
        }
    }

    @Test func `descriptors are checked`() {
        func refuseLayer(_ change: (inout JSONObject) -> Void, _ error: OCIImageError) {
            var layer = descriptor(1, gzipLayer).object ?? [:]
            change(&layer)
            refuse(manifest(layers: [.object(layer)]), error)
        }
        refuseLayer({ $0["digest"] = "sha256:../../x" }, .invalidDigest("sha256:../../x"))
        refuseLayer({ $0["digest"] = nil }, .invalidDocument("layers[0].digest: must be set"))
        refuseLayer({ $0["size"] = -1 }, .invalidDocument("layers[0].size: -1 is out of range or no integer"))
        refuseLayer(
            { $0["size"] = .number(JSONNumber(UInt64.max)) },
            .invalidDocument("layers[0].size: 18446744073709551615 is out of range or no integer"))
        refuseLayer({ $0["urls"] = ["https://example.com/layer"] }, .hasURLs)
        refuseLayer({ $0["mediaType"] = "application/vnd.docker.image.rootfs.foreign.diff.tar" }, .foreignLayer)
    }

    @Test func `sizes have to be consistent`() {
        var again = descriptor(1, gzipLayer).object ?? [:]
        again["size"] = 7
        refuse(manifest(layers: [descriptor(1, gzipLayer), .object(again)]), .sizesDiffer(OCIDigest(of: [1])))
    }

    // MARK: - Limits

    @Test func `limits are named`() {
        var limits = TransferLimits.standard
        let many = (0..<10_000).map { descriptor(UInt8($0 & 7), gzipLayer) }
        refuse(manifest(layers: many), .tooManyLayers(maximumLayers: 1_000))
        refuse(manifest(layers: []), .noLayers)
        limits.maximumDocumentBytes = 100
        refuse(manifest(), .documentTooLarge(maximumDocumentBytes: 100), limits)
        limits.maximumDocumentBytes = 999
        refuse(manifest(), .configTooLarge(maximumDocumentBytes: 999), limits)
        limits = .standard
        limits.maximumDownloadBytes = 2002
        refuse(manifest(), .layersTooLarge(maximumDownloadBytes: 2002), limits)
        var huge = descriptor(2, gzipLayer).object ?? [:]
        huge["size"] = .number(JSONNumber(Int64.max))
        refuse(
            manifest(layers: [descriptor(1, gzipLayer), .object(huge)]),
            .layersTooLarge(maximumDownloadBytes: 32 << 30))
    }

    @Test func `a manifest of as many layers as allowed is read`() throws {
        let layers = (0..<1_000).map { number in
            JSONValue.object([
                "mediaType": .string(gzipLayer), "size": 1000,
                "digest": .string(OCIDigest(of: Array("\(number)".utf8)).description),
                "annotations": ["a": "b", "c": "d"],
            ])
        }
        _ = try OCIDocument(parsing: bytes(manifest(layers: layers)))
    }

    @Test func `bombs of JSON end early`() {
        let nested = Array(String(repeating: "[", count: 1_000_000).utf8)
        let values = Array(("{\"a\":[" + String(repeating: "1,", count: 1_000_000) + "1]}").utf8)
        for bomb in [nested, values, Array("{\"schemaVersion\":2".utf8), [], [0xff, 0xfe]] {
            do {
                _ = try OCIDocument(parsing: bomb)
                Issue.record("accepted")
            } catch {
                guard case .notJSON = error else { Issue.record("\(error)"); return }
            }
        }
    }

    @Test func `no change of a manifest makes it trap`() {
        let whole = bytes(manifest())
        for position in whole.indices {
            for byte in [0, UInt8(ascii: "\""), UInt8(ascii: "9"), UInt8(ascii: "{"), UInt8(ascii: "-"), 0xff] {
                var changed = whole
                changed[position] = byte
                _ = try? OCIDocument(parsing: changed)  // either is fine
            }
            _ = try? OCIDocument(parsing: Array(whole[..<position]))  // either is fine
        }
    }
}

// MARK: - Documents

let ociManifest = "application/vnd.oci.image.manifest.v1+json"
let ociIndex = "application/vnd.oci.image.index.v1+json"
let dockerManifest = "application/vnd.docker.distribution.manifest.v2+json"
let dockerList = "application/vnd.docker.distribution.manifest.list.v2+json"
let gzipLayer = "application/vnd.oci.image.layer.v1.tar+gzip"

func bytes(_ json: JSONValue) -> [UInt8] { json.serializedBytes() }

/// Of content that is one byte; its size is made up.
func descriptor(_ byte: UInt8, _ mediaType: String, platform: JSONValue? = nil) -> JSONValue {
    var object: JSONObject = [
        "mediaType": .string(mediaType), "digest": .string(OCIDigest(of: [byte]).description),
        "size": .number(JSONNumber(1000 + Int(byte))),
    ]
    object["platform"] = platform
    return .object(object)
}

func manifest(
    mediaType: JSONValue? = nil, config: JSONValue? = nil, layers: [JSONValue]? = nil
) -> JSONValue {
    [
        "schemaVersion": 2, "mediaType": mediaType ?? .string(ociManifest),
        "config": config ?? descriptor(0, "application/vnd.oci.image.config.v1+json"),
        "layers": .array(layers ?? [descriptor(1, gzipLayer), descriptor(2, gzipLayer)]),
    ]
}

func refuse(
    _ json: JSONValue, announced: [String] = [], _ error: OCIImageError, _ limits: TransferLimits = .standard,
    sourceLocation: SourceLocation = #_sourceLocation
) {
    #expect(throws: error, sourceLocation: sourceLocation) {
        try OCIDocument(parsing: bytes(json), announced: announced, limits: OCILimits(limits))
    }
}
