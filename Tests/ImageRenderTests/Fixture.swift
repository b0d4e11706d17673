import AppContainer
import CLinux
import Glibc
import ImageRender
import ImageStore
import LinuxSystem
import SystemPackage
import TestSupport

/// A data directory with images, and the trees made of them.
final class Fixture {
    let directory: TemporaryDirectory
    let store: ContentStore
    let trees: TreeStore

    init() throws {
        directory = try TemporaryDirectory("render")
        let data = directory.path.appending("data")
        store = try ContentStore(dataDirectory: data)
        trees = TreeStore(dataDirectory: data, store: store)
    }

    var path: FilePath { directory.path }
    var cas: FilePath { path.appending("data/cas") }

    @discardableResult
    func add(_ image: ACIBuilder, _ packing: Packing = .plain) throws -> ImageID {
        let file = try image.write(to: path.appending("image.aci"), packing)
        return try store.importImage(from: Descriptor.open(file), latest: true, now: 1).id
    }

    /// Renders an image and returns where its root directory is.
    func render(_ image: ACIBuilder, _ packing: Packing = .plain) throws -> FilePath {
        trees.rootFileSystem(of: try trees.render(try add(image, packing)))
    }

    /// An empty directory, open for reading.
    func emptyDirectory(_ name: String) throws -> Descriptor {
        try TestSupport.makeDirectories(path.appending(name))
        return try Descriptor.open(path.appending(name), [.directory])
    }

    /// Everything below a directory, one line each: what a rendered tree is compared by.
    func describe(_ root: FilePath) throws -> [String] {
        var lines: [String] = []
        func visit(_ path: FilePath, _ name: String) throws {
            let facts = try FileFacts(path)
            var line = "\(name) \(String(facts.mode, radix: 8)) \(facts.user):\(facts.group) \(facts.modificationTime)"
            switch facts.kind {
            case 0o100000: line += " \(facts.links) \(try readText(path))"
            case 0o120000: line += " -> \(try link(path))"
            case 0o040000: break
            default: line += " \(facts.device)"
            }
            lines.append(line)
            guard facts.kind == 0o040000 else { return }
            for entry in try entries(of: path) { try visit(path.appending(entry), "\(name)/\(entry)") }
        }
        try visit(root, "")
        return lines
    }
}

func link(_ path: FilePath) throws -> String {
    var buffer = [CChar](repeating: 0, count: 4097)
    let length = readlink(path.string, &buffer, 4096)
    if length < 0 { throw Trouble("readlink \(path): errno \(errno)") }
    return String(decoding: buffer.prefix(length).map { UInt8(bitPattern: $0) }, as: UTF8.self)
}

func attribute(_ name: String, of path: FilePath) -> [UInt8]? {
    var value = [UInt8](repeating: 0, count: 1024)
    let length = value.withUnsafeMutableBytes { clinux_lgetxattr(path.string, name, $0.baseAddress, $0.count) }
    return length < 0 ? nil : Array(value.prefix(length))
}

/// An error as a person sees it.
func sentence(_ body: () throws -> Void) -> String {
    do {
        try body()
        return ""
    } catch {
        return "\(error)"
    }
}

func plain(_ name: String = "example.com/a") -> ACIBuilder { ACIBuilder(name: name) }
