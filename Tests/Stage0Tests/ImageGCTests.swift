import AppContainer
import ImageStore
import Stage0
import Testing

@Suite struct ImageGCTests {
    private func id(_ digit: Character) throws -> ImageID {
        try ImageID(parsing: "sha512-" + String(repeating: digit, count: 64))
    }

    private func image(_ digit: Character, lastUsed: Int64) throws -> ImageInfo {
        ImageInfo(
            id: try id(digit), name: try ACIdentifier("example.com/a"), importTime: 0, lastUsed: lastUsed,
            latest: false,
            size: 1, treeSize: 0)
    }

    private func unused(
        _ images: [ImageInfo], since limit: Duration, keeping: Set<ImageID> = [],
        dependencies: [ImageID: [ImageID]] = [:]
    ) -> [Character?] {
        unusedImages(images, since: limit, keeping: keeping) { dependencies[$0] ?? [] }.map { $0.id.digits.first }
    }

    @Test func `images that nothing has used since go, the least recently used first`() throws {
        let images = [try image("a", lastUsed: 30), try image("b", lastUsed: 10), try image("c", lastUsed: 20)]

        #expect(unused(images, since: .nanoseconds(20)) == ["b", "c"])
        #expect(unused(images, since: .nanoseconds(9)) == [])
        #expect(unused(images, since: .nanoseconds(30)) == ["b", "c", "a"])
        #expect(unused(images, since: .nanoseconds(30), keeping: [try id("b")]) == ["c", "a"])
    }

    @Test func `what an image to keep depends on stays, also in a circle`() throws {
        let images = try "abcde".map { try image($0, lastUsed: $0 == "a" ? 30 : 1) }
        let dependencies = [try id("a"): [try id("b")], try id("b"): [try id("c")], try id("c"): [try id("b")]]

        #expect(unused(images, since: .nanoseconds(20), dependencies: dependencies) == ["d", "e"])
        #expect(
            unused(images, since: .nanoseconds(20), keeping: [try id("d")], dependencies: [try id("d"): [try id("e")]])
                == ["b", "c"])
    }

    @Test func `a chain of any length is followed`() throws {
        let ids = try (0..<20_000).map { number in
            let digits = String(number, radix: 16)
            return try ImageID(parsing: "sha512-" + String(repeating: "0", count: 64 - digits.utf8.count) + digits)
        }
        let images = try ids.map { id in
            ImageInfo(
                id: id, name: try ACIdentifier("example.com/a"), importTime: 0, lastUsed: 0, latest: false, size: 1,
                treeSize: 0)
        }
        let next = Dictionary(uniqueKeysWithValues: zip(ids, ids.dropFirst()))

        #expect(
            unusedImages(images, since: .zero, keeping: [ids[0]]) { next[$0].map { [$0] } ?? [] }.isEmpty)
    }
}
