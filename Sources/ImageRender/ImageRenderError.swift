package import AppContainer

/// Why an image cannot be rendered, or a rendered tree must not be used.
package enum ImageRenderError: Error, Equatable {
    case notATreeID(String)
    /// An image needs itself, by way of these.
    case dependencyCycle([ImageID])
    case dependenciesTooDeep(limit: Int)
    case tooManyLayers(limit: Int)
    case missingDependency(name: String, of: ImageID)
    /// The stored file no longer has the digest that names it.
    case blobChanged(ImageID)
    case rootIsNoDirectory
    case badName(path: String)
    case missingLinkTarget(path: String, target: String)
    case linkToDirectory(path: String, target: String)
    case tooManyDirectories(limit: Int)
    case treeTooDeep(path: String, limit: Int)
    case notRendered(TreeID)
    /// There is a tree, and nothing to check it against, or the seal itself was changed.
    case sealMissing(TreeID)
    case sealDamaged(TreeID)
    case changed(path: String, what: Change, in: TreeID)
}

/// What is wrong with one entry of a rendered tree.
package enum Change: Equatable, Sendable {
    case missing, unexpected, kind, mode, owner, size, content, extendedAttributes, otherFileSystem
}

extension ImageRenderError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .notATreeID(let text): "'\(text)' is not the name of a rendered tree"
        case .dependencyCycle(let images):
            "an image depends on itself: \(images.map { "\($0.key)" }.joined(separator: " needs "))"
        case .dependenciesTooDeep(let limit): "dependencies are nested deeper than \(limit) images"
        case .tooManyLayers(let limit): "the image needs more than \(limit) other images"
        case .missingDependency(let name, let image):
            "image '\(image.key)' depends on '\(name)', which is not in the store; fetch it first"
        case .blobChanged(let image):
            "the stored file of image '\(image.key)' has changed; remove the image with 'rkt image rm' and fetch it again"
        case .rootIsNoDirectory: "'rootfs' in the image is not a directory"
        case .badName(let path): "'\(path)' does not end in a name"
        case .missingLinkTarget(let path, let target): "'\(path)' is a hard link to '\(target)', which does not exist"
        case .linkToDirectory(let path, let target): "'\(path)' is a hard link to '\(target)', which is a directory"
        case .tooManyDirectories(let limit): "the image has more than \(limit) directories"
        case .treeTooDeep(let path, let limit): "'\(path)' lies deeper than \(limit) directories"
        case .notRendered(let tree): "tree '\(tree)' is not rendered"
        case .sealMissing(let tree): "tree '\(tree)' has no seal to check it against; \(Self.remedy)"
        case .sealDamaged(let tree): "the seal of tree '\(tree)' is damaged; \(Self.remedy)"
        case .changed(let path, let what, let tree): "'\(path)' in tree '\(tree)' \(what.words); \(Self.remedy)"
        }
    }

    private static let remedy = "'rkt image verify' renders the image again"
}

extension Change {
    fileprivate var words: String {
        switch self {
        case .missing: "is missing"
        case .unexpected: "was added after the image was rendered"
        case .kind: "was replaced by something of another kind"
        case .mode: "has another mode than in the image"
        case .owner: "has another owner than in the image"
        case .size: "has another size than in the image"
        case .content: "was changed after the image was rendered"
        case .extendedAttributes: "has other extended attributes than in the image"
        case .otherFileSystem: "is on another file system"
        }
    }
}
