import ImageArchive

/// Symlinks that programs expect in `/dev`, added where an image has nothing of that name.
///
/// Source: rkt 1.30.0, docker2aci 0.17, lib/internal.
enum StandardLink: UInt64, CaseIterable {
    case input = 1
    case output, error, descriptors

    private var name: String {
        switch self {
        case .input: "stdin"
        case .output: "stdout"
        case .error: "stderr"
        case .descriptors: "fd"
        }
    }

    private var target: String {
        switch self {
        case .input: "/proc/self/fd/0"
        case .output, .error: "/dev/console"
        case .descriptors: "/proc/self/fd"
        }
    }

    static func content(of reference: EntryReference) -> ArchiveEntry.Content {
        .symlink(target: StandardLink(rawValue: reference.rawValue)?.target ?? "")
    }

    fileprivate var path: [UInt8] { Array("dev/\(name)".utf8) }
    fileprivate var reference: EntryReference { EntryReference(rawValue: rawValue) }
}

extension LayerTree {
    /// Adds the links that are missing, as a last layer.
    ///
    /// - Throws: ``ConversionError/devNotADirectory``.
    mutating func addStandardLinks() throws {
        if let dev = kind(at: Array("dev".utf8)), !dev.isDirectory { throw ConversionError.devNotADirectory }
        try beginLayer()
        for link in StandardLink.allCases where kind(at: link.path) == nil {
            try apply(.symlink, at: link.path[...], reference: link.reference) { _ in [] }
        }
    }
}
