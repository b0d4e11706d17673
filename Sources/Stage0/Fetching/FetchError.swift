package import AppContainer
import FetchInterface
package import SystemPackage

/// Why an image cannot be had.
///
/// Source: rkt 1.30.0, rkt/image, for the words.
package enum FetchError: Error, Equatable {
    case notInStore(ImageReference)
    case invalidName(ImageName, String)
    /// What cannot be signed may be taken only without looking at signatures.
    case unsignedKind(String)
    case noEndpoints(ImageName)
    /// Every place that discovery named, and why not.
    case noImageAnywhere(ImageName, [Attempt])
    case otherName(found: ACIdentifier, wanted: ACIdentifier)
    case otherLabel(String, found: String, wanted: String)
    case missingLabel(String)
    case otherDependency(ImageName, of: ImageID, found: ImageID, wanted: ImageID)
    case signatureForStored(ImageReference)
    case goneMeanwhile(String)
    case notAFile(FilePath)
    case otherContent(expected: String, found: String)

    package struct Attempt: Equatable, Sendable {
        package let url: String
        package let reason: String
    }
}

extension FetchError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .notInStore(let reference):
            "unable to fetch \(Self.kind(of: reference)) \"\(reference)\": either image was not found in the store or "
                + "store was disabled and fetching from remote yielded nothing or it was disabled"
        case .invalidName(let name, let why): "invalid Appc distribution \"\(name)\": \(why)"
        case .unsignedKind(let kind):
            "signature verification for \(kind) images is not supported (try --insecure-options=image)"
        case .noEndpoints(let name): "discovery failed for \"\(name)\": no endpoints discovered"
        case .noImageAnywhere(let name, let attempts):
            "no image for \"\(name)\" in any of the places that discovery gives: "
                + attempts.map { "\($0.url): \($0.reason)" }.joined(separator: "; ")
        case .otherName(let found, let wanted):
            "error when reading the app name: \"\(wanted)\" expected but \"\(found)\" found"
        case .otherLabel(let name, let found, let wanted):
            "requested value for label \"\(name)\": \"\(wanted)\" differs from fetched aci label value: \"\(printable(found))\""
        case .missingLabel(let name): "requested label \"\(name)\" not provided by the image manifest"
        case .otherDependency(let name, let image, let found, let wanted):
            "dependency '\(printable("\(name)"))' of image \(image) has the ID \(found), not \(wanted)"
        case .signatureForStored(let reference): "--signature makes no sense for '\(reference)', which is not fetched"
        case .goneMeanwhile(let url): "the server has nothing newer for '\(url)', but our image is gone meanwhile"
        case .otherContent(let expected, let found): "the digest is \(found), expected is \(expected)"
        case .notAFile(let path): "'\(path)' is no regular file"
        }
    }

    private static func kind(of reference: ImageReference) -> String {
        switch reference {
        case .registry: "docker image from URL"
        case .name: "image from image name"
        case .hash: "image with hash"
        case .archive, .file, .layout: "image from URL"
        }
    }
}
