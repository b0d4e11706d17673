import AppContainer
import Glibc
import ImageArchive
import JSON
import LinuxSystem
import SystemPackage
import TestSupport
import Testing

@testable import ImageConvert

/// Layers that mean harm: an error in time, and nothing left behind.
struct HostileLayersTests {
    /// The error that layers give, and what the directory of the blob holds afterwards besides what was made on purpose.
    private func refusal(
        _ layers: [[TarEntry]], _ packing: Packing = .gzip, limits: ArchiveLimits = .standard
    ) throws -> String {
        try TemporaryDirectory.with("hostile") { path in
            var layout = try LayoutBuilder(path.appending("image"))
            try layout.addImage(layers, packing)
            let work = path.appending("work")
            try TestSupport.makeDirectories(work)
            let error = sentence { _ = try convert("oci:\(path)/image", in: work, limits: limits) }
            #expect(try entries(of: work) == ["blob"])
            return error
        }
    }

    private func limits(_ change: (inout ArchiveLimits) -> Void) -> ArchiveLimits {
        var limits = ArchiveLimits()
        change(&limits)
        return limits
    }

    @Test(arguments: [Packing.gzip, .zstd, .plain])
    func `bombs`(packing: Packing) throws {
        let bomb = TarEntry.file("zeros").with { $0.content = .zeros(64 << 20) }
        #expect(
            try refusal([[bomb]], packing, limits: limits { $0.maximumTotalBytes = 32 << 20 })
                == "cannot unpack layer 1: the unpacked image is larger than 33554432 bytes (maximumTotalBytes)")
        if packing == .plain { return }
        #expect(
            try refusal([[bomb]], packing, limits: limits { $0.ratioFreeBytes = 16 << 20 })
                == "cannot unpack layer 1: the unpacked image is more than 200 times as large as the file (maximumRatio)"
        )
    }

    @Test func `layers count together`() throws {
        let half = TarEntry.file("zeros").with { $0.content = .zeros(20 << 20) }
        #expect(
            try refusal([[half], [half]], limits: limits { $0.maximumTotalBytes = 32 << 20 })
                == "cannot unpack layer 2: the unpacked image is larger than 33554432 bytes (maximumTotalBytes)")
        #expect(
            try refusal([[.file("a"), .file("b")], [.file("c")]], limits: limits { $0.maximumEntries = 2 })
                == "cannot unpack layer 2: the image has more than 2 entries (maximumEntries)")
        // Directories that only paths mention are entries of the image, too.
        #expect(
            try refusal([[.file("a/b/c/d/e")]], limits: limits { $0.maximumEntries = 3 })
                == "the layers have more than 3 entries (maximumEntries)")
    }

    @Test func `sparse files that claim much`() throws {
        let map = Array("0\n0\n".utf8)
        let sparse = TarEntry.file("sparse").with {
            $0.records = [
                (key: "GNU.sparse.major", value: [49]), (key: "GNU.sparse.minor", value: [48]),
                (key: "GNU.sparse.name", value: Array("s".utf8)),
                (key: "GNU.sparse.realsize", value: Array("99999999999999".utf8)),
            ]
            $0.content = .bytes(map + [UInt8](repeating: 0, count: 512 - map.count))
        }
        #expect(
            try refusal([[sparse]])
                == "cannot unpack layer 1: the unpacked image is larger than 68719476736 bytes (maximumTotalBytes)")
    }

    @Test func `names`() throws {
        #expect(
            try refusal([[.file(String(repeating: "x", count: 256))]]).hasSuffix(
                "is longer than 255 bytes (maximumNameBytes)"))
        #expect(
            try refusal([[.file(String(repeating: "d/", count: 300) + "x")]]).hasSuffix(
                "lies deeper than 256 directories (maximumDepth)"))
        #expect(
            try refusal([[.file(String(repeating: String(repeating: "n", count: 200) + "/", count: 21) + "x")]])
                .hasSuffix("is longer than 4095 bytes (maximumPathBytes)"))
        let noText = TarEntry.file("x").with { $0.name = [0xff, 0xfe] }
        #expect(try refusal([[noText]]).hasSuffix("in the image is not UTF-8"))
        let long = TarEntry.symlink("l", to: String(repeating: "x", count: 5000))
        #expect(try refusal([[long]]).hasSuffix("is longer than 4095 bytes (maximumPathBytes)"))
        // What follows a NUL is not there for anybody.
        let cut = TarEntry.file("x").with { $0.name = Array("a\u{0}/../b".utf8) }
        #expect(try tree([cut]) == ["/a 0"])
    }

    @Test func `depth through symlinks`() throws {
        let deep = Array(repeating: "d", count: 200).joined(separator: "/")
        let error = try refusal([[.directory(deep), .symlink("link", to: deep)], [.file("link/\(deep)/x")]])
        #expect(error.hasSuffix("lies deeper than 256 directories (maximumDepth)"), "\(error)")
    }

    @Test func `data that are no layers`() throws {
        try TemporaryDirectory.with("hostile") { path in
            var layout = try LayoutBuilder(path.appending("image"))
            let file = path.appending("text")
            for (content, packing, expected) in [
                (String(repeating: "no tar ", count: 1000), Packing.gzip, "layer 1 is not a tar archive"),
                (String(repeating: "no tar ", count: 1000), .plain, "layer 1 is not a tar archive"),
                ("\u{1f}\u{8b}", .gzip, ""),
            ] where !expected.isEmpty {
                try writeText(content, to: file)
                let layer = try layout.addLayer(file: file, packing)
                try layout.addImage(packed: [layer], tag: "\(packing)")
                let error = sentence { _ = try convert("oci:\(path)/image:\(packing)", in: path) }
                #expect(error == "cannot unpack layer 1: \(expected)")
            }
            try writeBytes([], to: file)
            let empty = try layout.addLayer(file: file, .plain)
            try layout.addImage(packed: [empty], tag: "empty")
            #expect(try convert("oci:\(path)/image:empty", in: path).entries.count > 1)
        }
    }

    @Test func `a layer that was cut off`() throws {
        try TemporaryDirectory.with("hostile") { path in
            var layout = try LayoutBuilder(path.appending("image"))
            let file = path.appending("tar")
            try TarFile.write([.file("a", String(repeating: "x", count: 2000))], to: file)
            try writeBytes(Array(try readBytes(file).prefix(1500)), to: file)
            try layout.addImage(packed: [try layout.addLayer(file: file, .gzip)])
            let error = sentence { _ = try convert("oci:\(path)/image", in: path) }
            #expect(error == "cannot unpack layer 1: the image file is truncated")
        }
    }

    @Test func `too many layers, or others than the config has`() throws {
        var config = LayoutBuilder.config
        config["rootfs"] = ["diff_ids": .array(Array(repeating: .string(someDigest), count: 10_000))]
        let bytes = JSONValue.object(config).serializedBytes()
        let name = ConvertedName(host: "localhost", repository: "x", tag: nil, reference: "x")
        func error(_ count: Int) throws -> String {
            try TemporaryDirectory.with("hostile") { path in
                let layers = Array(repeating: LayerBlob(.file("/nowhere")), count: count)
                let image = LayeredImage(config: bytes, layers: layers, manifestDigest: "", name: name)
                return sentence { _ = try convert(image, in: path) }
            }
        }
        #expect(try error(10_000) == "the image has more than 1000 layers (maximumLayers)")
        #expect(try error(3) == "the image's config describes 10000 layers, but the image has 3")
    }

    private let someDigest = "sha256:" + String(repeating: "a", count: 64)
}

/// Time and memory of the tree, without files.
struct LayerTreeCostTests {
    private func path(_ text: String) -> ArraySlice<UInt8> { Array(text.utf8)[...] }

    @Test(.timeLimit(.minutes(2)))
    func `very many empty files`() throws {
        var tree = LayerTree(expectedEntries: 200_000, maximumEntries: 300_000)
        try tree.beginLayer()
        for number in 0..<200_000 {
            try tree.apply(.file, at: path("d/f\(number)"), reference: EntryReference(rawValue: 100)) { _ in [] }
        }
        var count = 0
        try tree.visit(prefix: [], maximumDepth: 256) { _, _ in count += 1 }
        #expect(count == 200_002)
        #expect(throws: ConversionError.tooManyEntries(limit: 300_000)) {
            for number in 0..<200_000 {
                try tree.apply(.file, at: path("e\(number)"), reference: EntryReference(rawValue: 100)) { _ in [] }
            }
        }
    }

    @Test(.timeLimit(.minutes(1)), arguments: [".wh..wh..opq", ".wh.x"])
    func `very many whiteouts of a large directory`(name: String) throws {
        var tree = LayerTree(expectedEntries: 100, maximumEntries: maximumTreeEntries)
        for layer in 0..<3 {
            try tree.beginLayer()
            for number in 0..<30_000 {
                try tree.apply(.file, at: path("d/x/f\(layer).\(number)"), reference: EntryReference(rawValue: 100)) {
                    _ in []
                }
            }
            for _ in 0..<30_000 {
                try tree.apply(.file, at: path("d/\(name)"), reference: EntryReference(rawValue: 100)) { _ in [] }
            }
        }
        var count = 0
        try tree.visit(prefix: [], maximumDepth: 256) { _, _ in count += 1 }
        #expect(count == 30_003)
    }

    @Test(.timeLimit(.minutes(1)))
    func `long ways through symlinks have an end`() throws {
        var tree = LayerTree(
            expectedEntries: 100, maximumEntries: maximumTreeEntries, maximumLinkSteps: 300_000)
        try tree.beginLayer()
        for number in 0..<30 {
            try tree.apply(.symlink, at: path("l\(number)"), reference: EntryReference(rawValue: UInt64(100 + number)))
            {
                _ in []
            }
        }
        func target(_ link: EntryReference) -> [UInt8] {
            Array((String(repeating: "./", count: 2000) + "l\(link.rawValue - 99)").utf8)
        }
        #expect(throws: ConversionError.tooManyLinkSteps(300_000)) {
            for number in 0..<1_000_000 {
                try tree.apply(
                    .file, at: path("l0/d\(number % 2)/f\(number)"), reference: EntryReference(rawValue: 99), target)
            }
        }
    }

    @Test func `work is divided by size`() {
        #expect(UnpackedLayers.divide([1, 1]) == [0, 1])
        #expect(UnpackedLayers.divide([5, 1, 1, 2]) == [0, 1, 1, 1])
        #expect(UnpackedLayers.divide([0, 0, 7]) == [1, 1, 0])
        #expect(UnpackedLayers.divide([3]) == [0])
    }
}
