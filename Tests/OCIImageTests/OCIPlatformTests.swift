import FetchInterface
import JSON
import OCIImage
import Testing

@Suite struct OCIPlatformTests {
    private let index = [
        platform("linux", "amd64"), platform("windows", "amd64"), platform("linux", "arm", "v5"),
        platform("linux", "arm", "v6"), platform("linux", "arm", "v7"), platform("linux", "arm64", "v8"),
        platform("unknown", "unknown"),
    ]

    @Test(arguments: [
        (OCIPlatform(os: "linux", architecture: "amd64"), 0), (OCIPlatform(os: "windows", architecture: "amd64"), 1),
        (OCIPlatform(os: "linux", architecture: "arm", variant: "v5"), 2),
        (OCIPlatform(os: "linux", architecture: "arm", variant: "v6"), 3),
        (OCIPlatform(os: "linux", architecture: "arm"), 4),
        (OCIPlatform(os: "linux", architecture: "arm64"), 5),
    ])
    func `the manifest for the platform is chosen`(_ wanted: OCIPlatform, _ expected: Int) throws {
        #expect(try index.index.choose(for: wanted).digest == OCIDigest(of: [UInt8(expected)]))
    }

    @Test func `a lower variant runs, a higher one does not`() throws {
        let arm7 = OCIPlatform(os: "linux", architecture: "arm", variant: "v7")
        let lower = [platform("linux", "arm", "v5"), platform("linux", "arm", "v6")].index
        #expect(try lower.choose(for: arm7).digest == OCIDigest(of: [1]))
        let arm5 = OCIPlatform(os: "linux", architecture: "arm", variant: "v5")
        #expect(throws: OCIImageError.noPlatform(wanted: "linux/arm/v5", available: ["linux/arm/v7"])) {
            try [platform("linux", "arm", "v7")].index.choose(for: arm5)
        }
        let amd64 = OCIPlatform(os: "linux", architecture: "amd64")
        #expect(throws: OCIImageError.noPlatform(wanted: "linux/amd64", available: ["linux/amd64/v3"])) {
            try [platform("linux", "amd64", "v3")].index.choose(for: amd64)
        }
    }

    @Test func `the first of equal ones is chosen`() throws {
        let twice = [platform("linux", "amd64"), platform("linux", "amd64")].index
        #expect(try twice.choose(for: OCIPlatform(os: "linux", architecture: "amd64")).digest == OCIDigest(of: [0]))
    }

    @Test func `an error lists what there is`() {
        let error = OCIImageError.noPlatform(
            wanted: "linux/s390x",
            available: [
                "linux/amd64", "windows/amd64", "linux/arm/v5", "linux/arm/v6", "linux/arm/v7", "linux/arm64/v8",
            ])
        #expect(throws: error) { try index.index.choose(for: OCIPlatform(os: "linux", architecture: "s390x")) }
        let many = (0..<200).map { platform("linux", "cpu\($0)") }.index
        do {
            _ = try many.choose(for: OCIPlatform(os: "linux", architecture: "amd64"))
        } catch {
            #expect("\(error)".utf8.count < 1000)
        }
    }

    @Test func `a manifest without platform counts when it is alone`() throws {
        let amd64 = OCIPlatform(os: "linux", architecture: "amd64")
        #expect(try ([nil] as [JSONValue?]).index.choose(for: amd64).digest == OCIDigest(of: [0]))
        #expect(throws: OCIImageError.noPlatform(wanted: "linux/amd64", available: ["an unnamed platform"])) {
            try ([nil, nil] as [JSONValue?]).index.choose(for: amd64)
        }
    }

    @Test func `words of a platform that could be anything are refused`() {
        #expect(throws: OCIImageError.invalidPlatform("li?nux")) {
            try OCIDocument(parsing: bytes(indexJSON([platform("li\u{1b}nux", "amd64")])))
        }
    }

    @Test func `an index may point to indexes, but not in circles and not too deep`() throws {
        let amd64 = OCIPlatform(os: "linux", architecture: "amd64")
        func pointing(to byte: UInt8) throws -> OCIDocument {
            let inner = descriptor(byte, ociIndex, platform: platform("linux", "amd64"))
            return try OCIDocument(parsing: bytes(["schemaVersion": 2, "manifests": [inner]]))
        }
        var walk = OCIImageWalk(from: OCIDigest(of: [0]), to: amd64)
        #expect(throws: OCIImageError.indexInItself(OCIDigest(of: [0]))) { try walk.next(pointing(to: 0)) }
        walk = OCIImageWalk(from: OCIDigest(of: [0]), to: amd64)
        for byte in 1...4 { _ = try walk.next(pointing(to: UInt8(byte))) }
        #expect(throws: OCIImageError.indexesTooDeep(maximumIndexDepth: 4)) { try walk.next(pointing(to: 5)) }
    }
}

private func platform(_ os: String, _ architecture: String, _ variant: String? = nil) -> JSONValue? {
    var object: JSONObject = ["os": .string(os), "architecture": .string(architecture)]
    object.set("variant", ifPresent: variant)
    return .object(object)
}

private func indexJSON(_ platforms: [JSONValue?]) -> JSONValue {
    let manifests = platforms.enumerated().map { descriptor(UInt8($0.offset), ociManifest, platform: $0.element) }
    return ["schemaVersion": 2, "manifests": .array(manifests)]
}

extension [JSONValue?] {
    fileprivate var index: OCIIndex {
        guard case .index(let index)? = try? OCIDocument(parsing: bytes(indexJSON(self))) else {
            return OCIIndex(manifests: [])  // makes the test fail
        }
        return index
    }
}
