package import OCIImage

/// Why an OCI or Docker image cannot become an app container image.
package enum ConversionError: Error, Equatable {
    // Layers
    case tooManyLayers(limit: Int)
    case layerCountDiffers(config: Int, manifest: Int)
    case wrongContent(layer: Int, expected: OCIDigest, actual: OCIDigest)
    case notALayer(Int)
    case tooManyEntries(limit: Int)
    case rootIsNoDirectory
    case badWhiteout(path: String)
    case badSymlink(path: String)
    case symlinkLoop(path: String)
    case tooManyLinkSteps(Int)
    case missingLinkTarget(path: String, target: String)
    case linkToDirectory(path: String, target: String)
    case devNotADirectory
    // Config
    case invalidConfig(String)
    case unknownPlatform(os: String, architecture: String)
    case invalidName(String)
    case invalidPort(String)
    // Local sources
    case invalidReference(String)
    case notALayout(String)
    case noSuchTag(String, known: [String])
    case ambiguousTag([String])
    case missingMember(String)
    case memberTooLarge(String, limit: Int)
    case memberNotAFile(String)
    case tooManyMembers(limit: Int)
}

extension ConversionError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .tooManyLayers(let limit): "the image has more than \(limit) layers (maximumLayers)"
        case .layerCountDiffers(let config, let manifest):
            "the image's config describes \(config) layers, but the image has \(manifest)"
        case .wrongContent(let layer, let expected, let actual):
            "layer \(layer) is not what the image's config says: \(expected) expected, \(actual) found"
        case .notALayer(let layer): "layer \(layer) is not a tar archive"
        case .tooManyEntries(let limit): "the layers have more than \(limit) entries (maximumEntries)"
        case .rootIsNoDirectory: "invalid layer: \"/\" is not a directory"
        case .badWhiteout(let path): "invalid layer: '\(path)' is no valid whiteout"
        case .badSymlink(let path): "invalid layer: a symlink on the way to '\(path)' has an impossible target"
        case .symlinkLoop(let path): "invalid layer: too many symlinks on the way to '\(path)'"
        case .tooManyLinkSteps(let limit):
            "invalid layers: following symlinks takes more than \(limit) steps (maximumLinkSteps)"
        case .missingLinkTarget(let path, let target):
            "invalid layer: '\(path)' is a hard link to '\(target)', which is missing"
        case .linkToDirectory(let path, let target):
            "invalid layer: '\(path)' is a hard link to the directory '\(target)'"
        case .devNotADirectory: "invalid layer: \"/dev\" is not a directory"
        case .invalidConfig(let reason): "invalid image config: \(reason)"
        case .unknownPlatform(let os, let architecture):
            "the image is for '\(os)/\(architecture)', which has no name among app container images"
        case .invalidName(let name): "no image name can be made of '\(name)'"
        case .invalidPort(let port): "invalid image config: '\(port)' is no port"
        case .invalidReference(let text):
            "invalid image string '\(text)'; expected oci:DIR[:TAG], oci-archive:FILE[:TAG] or docker-archive:FILE[:REFERENCE]"
        case .notALayout(let reason): "not an OCI image layout: \(reason)"
        case .noSuchTag(let tag, let known):
            known.isEmpty
                ? "there is no image '\(tag)'; no image has a tag"
                : "there is no image '\(tag)'; there are \(Self.listed(known))"
        case .ambiguousTag(let known): "there are several images, choose one: \(Self.listed(known))"
        case .missingMember(let name): "'\(name)' is missing"
        case .memberTooLarge(let name, let limit): "'\(name)' is larger than \(limit) bytes"
        case .memberNotAFile(let name): "'\(name)' is not a regular file"
        case .tooManyMembers(let limit): "the archive has more than \(limit) members (maximumMembers)"
        }
    }

    private static func listed(_ names: [String]) -> String {
        names.prefix(20).joined(separator: ", ") + (names.count > 20 ? " and \(names.count - 20) more" : "")
    }
}
