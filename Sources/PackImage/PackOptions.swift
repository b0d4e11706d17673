import LinuxSystem
import SystemPackage

/// The command line of `pack-image`.
struct PackOptions {
    /// A file of the host and where it goes in the image.
    struct AddedFile {
        let path: String
        let source: FilePath
        let mode: UInt32?
    }

    struct Link {
        let path: String
        let target: String
    }

    static let usage = """
        usage: pack-image --manifest FILE --output FILE.aci
            [--rootfs DIR]...             files of DIR, owned by 0:0, modes 0755 and 0644
            [--add PATH=FILE[:MODE]]...   one file; mode as above unless given in octal
            [--link PATH=TARGET]...       hard link to another path of the image
            [--symlink PATH=TARGET]...    symbolic link
            [--mkdir PATH]...             directory, 0755
            [--label NAME=VALUE]...       replaces or adds a label of the manifest
            [--gzip]
        or, with owners, modes, times and attributes as they are:
            pack-image --manifest FILE --tree DIR --output FILE.aci [--label NAME=VALUE]... [--gzip]
        """

    private(set) var manifest: FilePath?
    private(set) var output: FilePath?
    private(set) var tree: FilePath?
    private(set) var roots: [FilePath] = []
    private(set) var files: [AddedFile] = []
    private(set) var hardLinks: [Link] = []
    private(set) var symlinks: [Link] = []
    private(set) var directories: [String] = []
    private(set) var labels: [(name: String, value: String)] = []
    private(set) var gzip = false

    init(_ arguments: [String]) throws {
        var rest = arguments[...]
        while let option = rest.popFirst() {
            if option == "--gzip" {
                gzip = true
                continue
            }
            guard let value = rest.popFirst() else { throw Failure("'\(option)' needs a value\n\(Self.usage)") }
            try set(option, value)
        }
        let composed = !(roots.isEmpty && files.isEmpty && hardLinks.isEmpty && symlinks.isEmpty && directories.isEmpty)
        if tree != nil && composed { throw Failure("'--tree' packs a directory as it is and takes nothing else") }
    }

    private mutating func set(_ option: String, _ value: String) throws {
        switch option {
        case "--manifest": manifest = FilePath(value)
        case "--output": output = FilePath(value)
        case "--tree": tree = FilePath(value)
        case "--rootfs": roots.append(FilePath(value))
        case "--mkdir": directories.append(value)
        case "--add": files.append(try Self.addedFile(value))
        case "--link": hardLinks.append(try Self.link(value))
        case "--symlink": symlinks.append(try Self.link(value))
        case "--label":
            let (name, text) = try Self.split(value)
            labels.append((name, text))
        default: throw Failure("unknown option '\(option)'\n\(Self.usage)")
        }
    }

    private static func addedFile(_ value: String) throws -> AddedFile {
        let (path, source) = try split(value)
        guard let colon = source.lastIndex(of: ":"), let mode = UInt32(source[source.index(after: colon)...], radix: 8)
        else { return AddedFile(path: path, source: FilePath(source), mode: nil) }
        return AddedFile(path: path, source: FilePath(String(source[..<colon])), mode: mode & 0o7777)
    }

    private static func link(_ value: String) throws -> Link {
        let (path, target) = try split(value)
        return Link(path: path, target: target)
    }

    private static func split(_ value: String) throws -> (String, String) {
        guard let equals = value.firstIndex(of: "=") else { throw Failure("'\(value)' is not in NAME=VALUE format") }
        return (String(value[..<equals]), String(value[value.index(after: equals)...]))
    }
}
