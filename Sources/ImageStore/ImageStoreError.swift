package import AppContainer

/// Why the store cannot do what it was asked.
///
/// Source: rkt 1.30.0, store/imagestore/store.go, for the words that scripts may look for.
package enum ImageStoreError: Error, Equatable {
    case wrongKeyPrefix
    case imageIDTooShort
    case noImageIDsFound
    case ambiguousImageID(String)
    case noSuchImage(ImageName)
    case noSuchKey(ImageID)
    case noSuchInfo(ImageID)
    /// The image is gone from the index; these files are still there.
    case staleFiles([String])
    /// The index could not be changed, and nothing was.
    case notRemovedFromIndex(ImageID, reason: String)
    /// The store was written by a later version.
    case indexTooNew(version: Int64, expected: Int64)
    case indexDamaged(String)
    /// What SQLite says.
    case index(String)
    /// SQLite cannot open a file that it needs.
    case indexUnavailable(String)
    case notADirectory(String)
}

extension ImageStoreError {
    /// SQLite has many words for a full disk: it cannot make a file beside the index, or open it for writing, or grow it.
    var mayBeForLackOfSpace: Bool {
        switch self {
        case .index, .indexUnavailable: true
        default: false
        }
    }
}

extension ImageStoreError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .wrongKeyPrefix: "wrong key prefix"
        case .imageIDTooShort: "image ID too short"
        case .noImageIDsFound: "no image IDs found"
        case .ambiguousImageID(let text): "ambiguous image ID: \"\(text)\""
        case .noSuchImage(let image):
            "cannot find aci satisfying name: \"\(image.name)\" and labels: \(quoted(image.labels)) in the local store"
        case .noSuchKey(let id): "cannot find image with key: \(id)"
        case .noSuchInfo(let id): "ACI info not found with blob key \"\(id)\""
        case .staleFiles(let reasons): "some aci disk entries cannot be removed: [\(reasons.joined(separator: "]["))]"
        case .notRemovedFromIndex(let id, let reason): "cannot remove image with ID: \(id) from db: \(reason)"
        case .indexTooNew(let version, let expected):
            "current store db version: \(version) (greater than the current rkt expected version: \(expected))"
        case .indexDamaged(let what): "the image index is damaged: \(what)"
        case .index(let message), .indexUnavailable(let message): "image index: \(message)"
        case .notADirectory(let path): "'\(path)' is not a directory"
        }
    }

    private func quoted(_ labels: Labels) -> String {
        let sorted = labels.entries.sorted { $0.name < $1.name }
        return "[" + sorted.map { "\"\($0.name)\":\"\($0.value)\"" }.joined(separator: ", ") + "]"
    }
}
