/// Why an image archive is refused.
package enum ArchiveError: Error, Equatable {
    case empty
    case notARegularFile
    case unknownFileType
    case notAnArchive(Compression)
    case truncated
    /// What libarchive says about bytes it cannot make sense of.
    case damaged(String)
    case unsupportedEntry(path: String)
    case nameNotUTF8(String)
    case unrecognizedPath(String)
    case duplicate(String)
    case missingManifest
    case manifestNotAFile
    case invalidManifest(String)
    case missingRootFileSystem
    case rootFileSystemNotADirectory
    case nameTooLong(path: String, maximumNameBytes: Int)
    case pathTooLong(path: String, maximumPathBytes: Int)
    case tooDeep(path: String, maximumDepth: Int)
    case tooManyEntries(maximumEntries: Int)
    case tooLarge(maximumTotalBytes: UInt64)
    case ratioTooHigh(maximumRatio: UInt64)
    case headerTooLarge(maximumHeaderBytes: Int)
    case manifestTooLarge(maximumManifestBytes: Int)
    case attributeTooLarge(name: String, path: String, maximumAttributeBytes: Int)
    case attributeNameTooLong(path: String, maximumAttributeNameBytes: Int)
    case windowTooLarge(bytes: UInt64, maximumZstandardWindowBytes: UInt64)
    case dictionaryTooLarge(bytes: UInt64, maximumXZDictionaryBytes: UInt64)
    case sizeChanged(path: String)
    case notRepresentable(path: String, String)
}

extension ArchiveError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .empty: "the image file is empty"
        case .notARegularFile: "the image is not a regular file"
        case .unknownFileType:
            "unknown image filetype: neither a tar archive nor one compressed by gzip, bzip2, xz or zstd"
        case .notAnArchive(let compression): "the content of the \(compression) file is not a tar archive"
        case .truncated: "the image file is truncated"
        case .damaged(let reason): "the image file is damaged: \(reason)"
        case .unsupportedEntry(let path): "'\(path)' in the image is of a type that cannot be unpacked"
        case .nameNotUTF8(let path): "the name '\(path)' in the image is not UTF-8"
        case .unrecognizedPath(let path): "unrecognized file path in layout: \"\(path)\""
        case .duplicate(let path): "duplicate file entry in archive: \(path)"
        case .missingManifest: "missing manifest"
        case .manifestNotAFile: "'manifest' in the image is not a regular file"
        case .invalidManifest(let reason): "invalid image manifest: \(reason)"
        case .missingRootFileSystem: "no rootfs found in layout"
        case .rootFileSystemNotADirectory: "rootfs is not a directory"
        case .nameTooLong(let path, let limit): "a name in '\(path)' is longer than \(limit) bytes (maximumNameBytes)"
        case .pathTooLong(let path, let limit):
            "the path '\(path)…' in the image is longer than \(limit) bytes (maximumPathBytes)"
        case .tooDeep(let path, let limit):
            "'\(path)…' in the image lies deeper than \(limit) directories (maximumDepth)"
        case .tooManyEntries(let limit): "the image has more than \(limit) entries (maximumEntries)"
        case .tooLarge(let limit): "the unpacked image is larger than \(limit) bytes (maximumTotalBytes)"
        case .ratioTooHigh(let limit):
            "the unpacked image is more than \(limit) times as large as the file (maximumRatio)"
        case .headerTooLarge(let limit):
            "the header of an entry is larger than \(limit) bytes (maximumHeaderBytes)"
        case .manifestTooLarge(let limit):
            "the image manifest is larger than \(limit) bytes (maximumManifestBytes)"
        case .attributeTooLarge(let name, let path, let limit):
            "the attribute '\(name)' of '\(path)' is larger than \(limit) bytes (maximumAttributeBytes)"
        case .attributeNameTooLong(let path, let limit):
            "the name of an attribute of '\(path)' is longer than \(limit) bytes (maximumAttributeNameBytes)"
        case .windowTooLarge(let bytes, let limit):
            "the zstd window of \(bytes) bytes is larger than \(limit) bytes (maximumZstandardWindowBytes)"
        case .dictionaryTooLarge(let bytes, let limit):
            "the xz dictionary of \(bytes) bytes is larger than \(limit) bytes (maximumXZDictionaryBytes)"
        case .sizeChanged(let path): "'\(path)' changed its size while it was packed"
        case .notRepresentable(let path, let reason): "cannot pack '\(path)': \(reason)"
        }
    }
}
