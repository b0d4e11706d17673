import AppContainer
import ImageStore
import LinuxSystem
import SystemPackage

/// Remembers which image a file was when it was imported, so that an unchanged file is not read again.
///
/// A file is the same while device, inode, size, modification and change time are; nobody but the kernel sets the last.
/// The list is a cache: losing it, or an entry to somebody who writes at the same time, costs one more reading.
struct ImportedFiles {
    private static let maximumEntries = 256
    private let list: FilePath

    init(dataDirectory: FilePath) { list = dataDirectory.appending("cas/imported-files") }

    /// The image in a file; `load` imports it if it is not in the store.
    ///
    /// For files whose signature nobody checks: that one was imported says nothing about signatures.
    func image(
        in file: FilePath, _ store: ContentStore, load: (borrowing Descriptor) throws -> FetchedImage
    ) throws -> FetchedImage {
        let source = try Descriptor.open(file, [.readOnly, .nonBlocking, .noControllingTerminal])
        let status = try FileStatus(of: source)
        guard status.kind == .file else {
            throw SystemCallError(call: "open", subject: "'\(file)'", errno: .invalidArgument)
        }
        let key = Self.key(file, status)
        var lines = entries()
        if let line = lines.first(where: { $0.hasSuffix(key) }),
            let id = try? ImageID(parsing: String(line.dropLast(key.count))),
            (try? store.manifest(of: id)) != nil  // an entry that does not help is one that is not there
        {
            return FetchedImage(id, isNew: false)
        }
        let image = try load(source)
        let name = " \(file)"
        lines.removeAll { $0.hasSuffix(name) }
        lines.append("\(image.id.key)\(key)")
        let text = lines.suffix(Self.maximumEntries).map { $0 + "\n" }.joined()
        try? writeFile(Array(text.utf8), to: list, mode: 0o600, durable: false)  // only a cache
        return image
    }

    private func entries() -> [String] {
        let text = (try? readTextFile(list)) ?? ""  // no list yet
        return text.split(separator: "\n").map(String.init)
    }

    private static func key(_ file: FilePath, _ status: FileStatus) -> String {
        let numbers = [
            "\(status.deviceMajor):\(status.deviceMinor)", "\(status.inode)", "\(status.size)",
            "\(status.modificationTime)", "\(status.changeTime)",
        ]
        return " \(numbers.joined(separator: " ")) \(file)"
    }
}
