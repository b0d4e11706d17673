package import AppContainer
import ImageRender
import ImageStore
import LinuxSystem
import SystemPackage

extension DataDirectory {
    /// The image that a reference means, imported from its file if need be.
    ///
    /// `allowsUnsigned`: files are taken without a signature.
    package func image(
        _ reference: ImageReference, pull: PullPolicy, allowsUnsigned: Bool
    ) throws -> ImageID {
        switch reference {
        case .hash(let text): return try images().resolve(text)
        case .file(let path):
            guard allowsUnsigned else { throw ImageLookupError.unsigned("\(path)") }
            return try explaining("cannot import '\(path)'") {
                try ImportedFiles(dataDirectory: self.path).image(in: absolute(path), images())
            }
        case .name(let name):
            if pull == .update { throw ImageLookupError.notAvailableYet("\(name)") }
            return try images().best(named: name).id
        case .archive, .registry, .layout: throw ImageLookupError.notAvailableYet("\(reference)")
        }
    }
}

extension DataDirectory {
    /// As ``image(_:pull:allowsUnsigned:)``, with `rendering` its tree as well.
    ///
    /// An archive that was put into the store meanwhile has just been hashed, and is not hashed a second time.
    package func fetch(
        _ reference: ImageReference, pull: PullPolicy, allowsUnsigned: Bool, rendering: Bool
    ) throws -> ImageID {
        let start = now()
        let id = try image(reference, pull: pull, allowsUnsigned: allowsUnsigned)
        guard rendering else { return id }
        let isNew = try FileStatus(of: images().blobPath(of: id)).changeTime >= start
        _ = try explaining("error rendering image") { try trees().render(id, trusting: isNew ? id : nil) }
        return id
    }
}

/// A path that does not depend on the working directory, which changes.
func absolute(_ path: FilePath) throws -> FilePath {
    path.isAbsolute ? path : try realPath(".").pushing(path)
}
