package import AppContainer
import ImageStore
import LinuxSystem
import SystemPackage

extension DataDirectory {
    /// Finds the stage1 image and imports it if it is not in the store.
    ///
    /// An image of ``Stage1Locations/directories`` needs no signature if only root can have put it there; others do,
    /// unless `allowsUnsigned`.
    ///
    /// Source: rkt 1.30.0, rkt/stage1hash.go.
    package func stage1Image(
        _ choice: Stage1Choice, at locations: Stage1Locations, allowsUnsigned: Bool
    ) throws -> ImageID {
        switch choice {
        case .standard:
            guard let file = locations.standardFile ?? locations.file(ofImage: locations.standardName) else {
                return try stage1Image(
                    .name("\(locations.standardName):\(locations.standardVersion)"), at: locations,
                    allowsUnsigned: allowsUnsigned)
            }
            return try stage1(in: file, locations, allowsUnsigned)
        case .name(let text): return try stage1(named: text, locations, allowsUnsigned)
        case .path(let path): return try stage1(in: absolute(path), locations, allowsUnsigned)
        case .fromDirectory(let name):
            guard !name.contains("/"), let file = locations.file(named: name) else {
                throw Stage1ImageError.notInDirectories(name, locations.directories)
            }
            return try stage1(in: file, locations, allowsUnsigned)
        case .hash(let text): return try images().resolve(text)
        case .url(let text):
            guard case .file(let path) = try ImageReference(parsing: text), text.hasPrefix("file:") else {
                throw ImageLookupError.notAvailableYet(text)
            }
            return try stage1(in: path, locations, allowsUnsigned)
        }
    }

    /// The store has the first word, unless the file with the image of that name is newer; a version must be the file's.
    private func stage1(named text: String, _ locations: Stage1Locations, _ allowsUnsigned: Bool) throws -> ImageID {
        let wanted = try ImageName(parsing: text)
        if let file = locations.file(ofImage: "\(wanted.name)") {
            let image = try stage1(in: file, locations, allowsUnsigned)
            if wanted.labels.isSubset(of: try images().manifest(of: image).labels) { return image }
        }
        do {
            return try images().best(named: wanted).id
        } catch {
            guard "\(wanted.name)".hasPrefix(Stage1Locations.namePrefix) else { throw error }
            throw Stage1ImageError.notInDirectories(text, locations.directories)
        }
    }

    private func stage1(in file: FilePath, _ locations: Stage1Locations, _ allowsUnsigned: Bool) throws -> ImageID {
        try explaining("cannot use stage1 image '\(file)'") {
            if !allowsUnsigned {
                guard locations.contain(file) else { throw ImageLookupError.unsigned("\(file)") }
                try checkOnlyRootCanWrite(file)
            }
            return try ImportedFiles(dataDirectory: path).image(in: file, images())
        }
    }
}
