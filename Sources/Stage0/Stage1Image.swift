package import AppContainer
import ImageStore
import LinuxSystem
import SystemPackage

extension ImageFetcher {
    /// Finds the stage1 image, and gets it into the store if it is not there.
    ///
    /// An image of ``Stage1Locations/directories`` needs no signature if only root can have put it there; others do, as
    /// any image. Images with our own names come from there and from the store only; others may be fetched, without what
    /// they depend on.
    ///
    /// Source: rkt 1.30.0, rkt/stage1hash.go, except that a file that came with rkt wins over what the store has under its
    /// name.
    package func stage1Image(_ choice: Stage1Choice, at locations: Stage1Locations) throws -> ImageID {
        switch choice {
        case .standard: return try standardStage1(locations)
        case .name(let text): return try stage1(named: text, locations)
        case .path(let path): return try stage1(in: absolute(path), locations)
        case .fromDirectory(let name):
            guard !name.contains("/"), let file = locations.file(named: name) else {
                throw Stage1ImageError.notInDirectories(name, locations.directories)
            }
            return try stage1(in: file, locations)
        case .hash(let text): return try store.resolve(text)
        case .url(let text): return try stage1(at: text, locations)
        }
    }

    private func standardStage1(_ locations: Stage1Locations) throws -> ImageID {
        if let url = locations.standardURL { return try stage1(at: url, locations) }
        if let file = locations.standardFile {
            guard !exists(file), let name = file.lastComponent, let other = locations.file(named: name.string) else {
                return try stage1(in: file, locations)
            }
            dialogue.log("stage1 image '\(file)' is not there, using '\(other)'")
            return try stage1(in: other, locations)
        }
        if let file = locations.file(ofImage: locations.standardName) { return try stage1(in: file, locations) }
        return try stage1(named: "\(locations.standardName):\(locations.standardVersion)", locations)
    }

    private func stage1(at url: String, _ locations: Stage1Locations) throws -> ImageID {
        let reference = try ImageReference(parsing: url)
        switch reference {
        case .file(let path) where url.hasPrefix("file:"): return try stage1(in: path, locations)
        case .archive, .registry, .layout: return try fetchStage1(reference)
        case .file, .name, .hash: throw Stage1ImageError.notAURL(url)
        }
    }

    private func fetchStage1(_ reference: ImageReference) throws -> ImageID {
        let images = try explaining("failed to fetch stage1 image '\(reference)'") {
            try fetchAlone([ImageRequest(reference)], .new)
        }
        guard let image = images.first else { throw FetchError.notInStore(reference) }
        return image.id
    }

    /// The store has the first word, unless a file that came with rkt has that name; a version must be the file's.
    private func stage1(named text: String, _ locations: Stage1Locations) throws -> ImageID {
        guard case .name(let wanted) = try ImageReference(parsing: text) else { throw Stage1ImageError.notAName(text) }
        if let file = locations.file(ofImage: "\(wanted.name)") {
            let image = try stage1(in: file, locations)
            if wanted.labels.isSubset(of: try store.manifest(of: image).labels) { return image }
        }
        guard "\(wanted.name)".hasPrefix(Stage1Locations.namePrefix) else { return try fetchStage1(.name(wanted)) }
        do {
            return try store.best(named: wanted).id
        } catch ImageStoreError.noSuchImage {
            throw Stage1ImageError.notInDirectories(text, locations.directories)
        }
    }

    private func stage1(in file: FilePath, _ locations: Stage1Locations) throws -> ImageID {
        try explaining("cannot use stage1 image '\(file)'") {
            guard options.checksSignatures, locations.contain(file) else {
                return try readLocally(ImageRequest(.file(file))).id
            }
            try checkOnlyRootCanWrite(file)
            return try unverifiedFile(file, origin: nil).id
        }
    }
}
