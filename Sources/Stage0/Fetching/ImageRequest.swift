package import AppContainer
import ImageConvert
package import SystemPackage

/// An image that somebody wants.
package struct ImageRequest: Hashable, Sendable {
    package var reference: ImageReference
    /// Where the user has its signature; where it belongs when nil.
    package var signature: FilePath?

    package init(_ reference: ImageReference, signature: FilePath? = nil) {
        self.reference = reference
        self.signature = signature
    }

    /// What is the same for everybody who wants the same: absolute paths, all labels.
    func normalized() throws -> ImageRequest {
        var request = self
        switch reference {
        case .hash, .archive, .registry: break
        case .file(let path): request.reference = .file(try absolute(path))
        case .layout(let source): request.reference = .layout(source.resolved(against: try realPath(".")))
        case .name(let name):
            do {
                request.reference = .name(try name.forThisMachine())
            } catch {
                throw FetchError.invalidName(name, "\(error)")
            }
        }
        request.signature = try signature.map(absolute)
        return request
    }
}

/// An image that is in the store now.
package struct FetchedImage: Hashable, Sendable {
    package let id: ImageID
    /// Its archive was written just now, by us.
    package var isNew: Bool

    package init(_ id: ImageID, isNew: Bool) {
        self.id = id
        self.isNew = isNew
    }
}
