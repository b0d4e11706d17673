import AppContainer
import ImageRender
import Testing

@Suite struct LayersTests {
    /// Images by name; each image's ID is made of its name.
    private struct Images {
        var dependencies: [String: [String]]
        var lists: Set<String> = []

        func id(_ name: String) throws -> ImageID {
            let digits = name.utf8.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
            return try ImageID(parsing: "sha512-" + digits + String(repeating: "0", count: 64 - digits.count))
        }

        func names(_ layers: [Layer]) throws -> [String] {
            let all = Set(dependencies.keys).union(dependencies.values.flatMap { $0 })
            return try layers.map { layer in try all.first { try id($0) == layer.image } ?? "?" }
        }

        func layers(of name: String) throws -> [Layer] {
            let known = try Dictionary(
                uniqueKeysWithValues: Set(dependencies.keys).union(dependencies.values.flatMap { $0 }).map {
                    (try id($0), $0)
                })
            return try ImageRender.layers(
                of: try id(name),
                manifest: { id in
                    let name = known[id] ?? ""
                    var manifest = ImageManifest(try ACIdentifier(name))
                    manifest.dependencies = try (dependencies[name] ?? []).map { Dependency(try ACIdentifier($0)) }
                    if lists.contains(name) { manifest.pathWhitelist = ["/x"] }
                    return manifest
                }, resolve: { dependency, _ in try id(dependency.imageName.rawValue) })
        }
    }

    @Test func `dependencies follow their image, the last one first`() throws {
        let images = Images(dependencies: ["a": ["b", "c"], "c": ["d"]])
        #expect(try images.names(images.layers(of: "a")) == ["a", "c", "d", "b"])
    }

    @Test func `an image needed twice counts once`() throws {
        let images = Images(dependencies: ["a": ["b", "c"], "b": ["d"], "c": ["d"]])
        #expect(try images.names(images.layers(of: "a")) == ["a", "c", "d", "b"])
    }

    @Test func `a list filters what its image depends on and not its siblings`() throws {
        let images = Images(dependencies: ["a": ["b", "c"], "c": ["d"]], lists: ["c"])
        #expect(try images.layers(of: "a").map(\.filter) == [nil, nil, try images.id("c"), nil])
    }

    @Test func `of several lists above an image the topmost one counts`() throws {
        let images = Images(dependencies: ["a": ["b"], "b": ["c"]], lists: ["a", "b"])
        let top = try images.id("a")
        #expect(try images.layers(of: "a").map(\.filter) == [nil, top, top])
    }

    @Test(arguments: [["a": ["a"]], ["a": ["b"], "b": ["c"], "c": ["a"]]])
    func `an image that needs itself is refused`(dependencies: [String: [String]]) throws {
        let images = Images(dependencies: dependencies)
        let error = #expect(throws: ImageRenderError.self) { try images.layers(of: "a") }
        #expect("\(try #require(error))".hasPrefix("an image depends on itself: sha512-61000"))
    }

    @Test func `a chain deeper than the limit is refused`() throws {
        let chain = (0..<10_000).map { ("x\($0)", ["x\($0 + 1)"]) }
        let images = Images(dependencies: Dictionary(uniqueKeysWithValues: chain))
        #expect(throws: ImageRenderError.dependenciesTooDeep(limit: maximumDependencyDepth)) {
            try images.layers(of: "x0")
        }
    }

    @Test func `doubling at every level costs one visit per image`() throws {
        let levels = (0..<30).map { ("x\($0)", ["x\($0 + 1)", "x\($0 + 1)"]) }
        let images = Images(dependencies: Dictionary(uniqueKeysWithValues: levels))
        #expect(try images.layers(of: "x0").count == 31)
    }

    @Test func `more images than the limit are refused`() throws {
        let images = Images(dependencies: ["a": (0...maximumLayers).map { "x\($0)" }])
        #expect(throws: ImageRenderError.tooManyLayers(limit: maximumLayers)) { try images.layers(of: "a") }
    }

    @Test func `a tree is named after its images in their order`() throws {
        let images = Images(dependencies: ["a": ["b"]])
        let (a, b) = (try images.id("a"), try images.id("b"))
        #expect(TreeID(of: [a, b]) != TreeID(of: [b, a]))
        #expect(try TreeID(parsing: "\(TreeID(of: [a]))") == TreeID(of: [a]))
    }

    @Test(arguments: ["", "deps-sha512-", "deps-sha512-../../x", ".tmp-0011223344556677"])
    func `other names are no trees`(name: String) {
        #expect(throws: ImageRenderError.notATreeID(name)) { try TreeID(parsing: name) }
    }
}
