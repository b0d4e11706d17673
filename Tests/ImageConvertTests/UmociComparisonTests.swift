import CLinux
import Glibc
import ImageArchive
import ImageConvert
import ImageRender
import ImageStore
import LinuxSystem
import SystemPackage
import TestSupport
import Testing

/// Rendered trees of images of many layers are those that umoci unpacks.
///
/// Needs root for owners and devices. Left out of the comparison is what a conversion adds, `/dev` and the links in it,
/// and the times of directories that no layer describes: umoci gives them the time of unpacking, we 0.
@Suite(.enabled(if: Requirements.root, "needs root"), .enabled(if: Requirements.has("umoci"), "needs umoci"))
struct UmociComparisonTests {
    @Test(arguments: SampleImage.all)
    func `the tree is the one of umoci`(_ image: SampleImage) throws {
        try TemporaryDirectory.with("umoci") { path in
            var layout = try LayoutBuilder(path.appending("image"))
            try layout.addImage(image.layers, image.packing)
            try shell("umoci unpack --image image:latest bundle", in: path)
            let store = try ContentStore(dataDirectory: path.appending("data"))
            let trees = TreeStore(dataDirectory: path.appending("data"), store: store)
            let source = try #require(try LocalSource(parsing: "oci:\(path)/image"))
            let converted = try source.open(for: linux, scratch: path)
            let staged = try store.stage { blob, growth in try convert(converted, to: blob, growth: growth) }
            let id = try store.publish(staged, latest: true, origin: nil, now: 1).id
            let ours = try describe(trees.rootFileSystem(of: try trees.render(id)), image)
            let theirs = try describe(path.appending("bundle/rootfs"), image)
            #expect(ours.count > 1)
            #expect(ours == theirs)
        }
    }

    /// One line for each entry, hard links by the first of their names.
    private func describe(_ root: FilePath, _ image: SampleImage) throws -> [String] {
        var lines: [String] = []
        var firstNames: [UInt64: String] = [:]
        func visit(_ path: FilePath, _ name: String) throws {
            let facts = try FileFacts(path)
            if name == "/dev" { return }
            let hasTime = !image.implied.contains(name)
            var line = "\(name) \(String(facts.mode, radix: 8)) \(facts.user):\(facts.group)"
            if hasTime { line += " \(facts.modificationTime)" }
            switch facts.kind {
            case 0o100000: line += " \(try checksum(path))"
            case 0o120000: line += " -> \(try target(path))"
            case 0o040000: break
            default: line += " \(facts.device)"
            }
            if facts.kind != 0o040000 {
                line += " \(facts.links) \(firstNames[facts.inode] ?? "")"
                if firstNames[facts.inode] == nil { firstNames[facts.inode] = name }
            }
            lines.append(line + (try attributes(path)))
            guard facts.kind == 0o040000 else { return }
            for entry in try entries(of: path) { try visit(path.appending(entry), "\(name)/\(entry)") }
        }
        try visit(root, "")
        return lines
    }

    private func checksum(_ path: FilePath) throws -> String {
        let content = try readBytes(path)
        return content.count < 64
            ? String(decoding: content, as: UTF8.self)
            : "\(content.count):\(content.reduce(5381) { $0 &* 33 &+ Int($1) })"
    }

    private func target(_ path: FilePath) throws -> String {
        var buffer = [CChar](repeating: 0, count: 4097)
        let length = readlink(path.string, &buffer, 4096)
        if length < 0 { throw Trouble("readlink \(path): errno \(errno)") }
        return String(decoding: buffer.prefix(length).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private func attributes(_ path: FilePath) throws -> String {
        var names = [CChar](repeating: 0, count: 4096)
        let length = clinux_llistxattr(path.string, &names, names.count)
        if length <= 0 { return "" }
        return try names.prefix(length).split(separator: 0).map { bytes in
            let name = String(decoding: bytes.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            var value = [UInt8](repeating: 0, count: 4096)
            let count = clinux_lgetxattr(path.string, name, &value, value.count)
            if count < 0 { throw Trouble("lgetxattr \(path) \(name): errno \(errno)") }
            return " \(name)=\(value.prefix(count))"
        }.sorted().joined()
    }
}
