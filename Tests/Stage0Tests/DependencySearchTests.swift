import AppContainer
import ImageRender
import JSON
import Testing

@testable import Stage0

@Suite struct DependencySearchTests {
    private static func id(_ number: Int) throws -> ImageID {
        let digits = String(number, radix: 16)
        return try ImageID(parsing: "sha512-" + String(repeating: "0", count: 64 - digits.utf8.count) + digits)
    }

    private func manifest(_ dependencies: [Dependency]) throws -> ImageManifest {
        let text =
            "{\"acKind\":\"ImageManifest\",\"acVersion\":\"0.8.11\",\"name\":\"a\",\"dependencies\":\(dependencies.json.serialized())}"
        return try ImageManifest(parsing: Array(text.utf8))
    }

    @Test func `each need comes once, level by level`() throws {
        var search = DependencySearch()
        let top = try DependencySearch.Parent(image: Self.id(1), policy: .new)
        let other = try DependencySearch.Parent(image: Self.id(2), policy: .update)
        let needs = try search.needs(of: [top, other, top]) { id in
            let names = try id == Self.id(1) ? ["x", "y", "x"] : ["y", "z"]
            return try manifest(names.map { Dependency(try ACIdentifier($0)) })
        }
        #expect(needs.map(\.name.description) == ["x", "y", "z"])
        #expect(needs.map(\.parent.policy) == [.new, .new, .update])
        #expect(try search.needs(of: [top]) { _ in try manifest([Dependency(ACIdentifier("w"))]) }.isEmpty)
    }

    @Test func `a chain without end is cut off`() throws {
        var search = DependencySearch()
        var level = [DependencySearch.Parent(image: try Self.id(0), policy: .new)]
        let error = #expect(throws: ImageRenderError.self) {
            for number in 1...10_000 {
                let needs = try search.needs(of: level) { _ in
                    try manifest([Dependency(ACIdentifier("n\(number)"))])
                }
                #expect(needs.count == 1)
                level = [DependencySearch.Parent(image: try Self.id(number), policy: .new)]
            }
        }
        #expect(error == .dependenciesTooDeep(limit: maximumDependencyDepth))
    }

    @Test func `more than a tree can be made of is refused before it is fetched`() throws {
        var search = DependencySearch()
        let top = DependencySearch.Parent(image: try Self.id(1), policy: .new)
        let dependencies = try (0...maximumLayers).map { Dependency(try ACIdentifier("n\($0)")) }
        #expect(throws: ImageRenderError.tooManyLayers(limit: maximumLayers)) {
            try search.needs(of: [top]) { _ in try manifest(dependencies) }
        }
    }
}
