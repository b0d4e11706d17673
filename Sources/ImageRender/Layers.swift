package import AppContainer

/// How many images may stand between an image and the furthest it depends on: far above any real image, and small
/// enough for one call per level.
package let maximumDependencyDepth = 128

/// How many images one tree may be made of: Docker stops at 127 layers.
package let maximumLayers = 1024

/// One image of a tree.
package struct Layer: Equatable, Sendable {
    package let image: ImageID
    /// The topmost image above that has a `pathWhitelist`.
    ///
    /// What is not on that list is left out here, directories included. The image's own list leaves out files only.
    package let filter: ImageID?

    package init(image: ImageID, filter: ImageID?) {
        self.image = image
        self.filter = filter
    }
}

/// The images that make a tree, topmost first: files of earlier ones win.
///
/// Each image is followed by its dependencies, the last one named first, each with its own dependencies behind it. An
/// image that comes again under the same inherited list adds nothing and is left out, so the work is bounded by the
/// number of images, not of paths to them.
///
/// The original compares neighbours of the list instead of parents, so that there one dependency's list also filters
/// its siblings; here a list filters what its image depends on, and nothing else.
///
/// Pure: everything it knows comes from the two functions, which give the manifest of an image and the image that fits a
/// dependency. Throws ``ImageRenderError``, and what the functions throw.
///
/// Source: rkt 1.30.0, pkg/acirenderer/acirenderer.go, `CreateDepListFromImageID`, `getUpperPWLM`.
package func layers(
    of image: ImageID, manifest: @escaping (ImageID) throws -> ImageManifest,
    resolve: @escaping (Dependency, _ of: ImageID) throws -> ImageID
) throws -> [Layer] {
    var flattening = Flattening(manifest: manifest, resolve: resolve)
    try flattening.visit(image, filter: nil)
    return flattening.layers
}

private struct Flattening {
    struct Occurrence: Hashable {
        let image: ImageID
        let filter: ImageID?
    }

    let manifest: (ImageID) throws -> ImageManifest
    let resolve: (Dependency, ImageID) throws -> ImageID
    var layers: [Layer] = []
    private var seen: Set<Occurrence> = []
    private var path: [ImageID] = []

    init(
        manifest: @escaping (ImageID) throws -> ImageManifest,
        resolve: @escaping (Dependency, ImageID) throws -> ImageID
    ) {
        self.manifest = manifest
        self.resolve = resolve
    }

    mutating func visit(_ image: ImageID, filter: ImageID?) throws {
        if let start = path.firstIndex(where: { $0.key == image.key }) {
            throw ImageRenderError.dependencyCycle(Array(path[start...]) + [image])
        }
        guard path.count <= maximumDependencyDepth else {
            throw ImageRenderError.dependenciesTooDeep(limit: maximumDependencyDepth)
        }
        guard seen.insert(Occurrence(image: image.key, filter: filter)).inserted else { return }
        guard layers.count < maximumLayers else { throw ImageRenderError.tooManyLayers(limit: maximumLayers) }
        layers.append(Layer(image: image.key, filter: filter))
        let (dependencies, hasList) = try needs(of: image)
        path.append(image)
        for dependency in dependencies.reversed() {
            try visit(try resolve(dependency, image), filter: filter ?? (hasList ? image.key : nil))
        }
        path.removeLast()
    }

    /// What an image depends on, without the rest of its manifest, which may be large.
    private func needs(of image: ImageID) throws -> (dependencies: [Dependency], hasList: Bool) {
        let content = try manifest(image)
        return (content.dependencies, !content.pathWhitelist.isEmpty)
    }
}
