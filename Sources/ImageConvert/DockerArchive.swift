import JSON
import OCIImage

/// The image with a name in an archive of `docker save`; without a name, the only one there is.
///
/// Source: Docker image specification v1.2, "Combined Image JSON + Filesystem Changeset Format".
func openDockerArchive(_ members: some ImageMembers, reference: String?, baseName: String) throws -> LayeredImage {
    let limit = Int(clamping: OCILimits.standard.maximumDocumentBytes)
    let images: [SavedImage]
    do {
        let json = try JSONValue(parsing: members.read("manifest.json", limit: limit))
        images = try [SavedImage](json: json, at: .root)
    } catch let error as JSONFieldError {
        throw ConversionError.notALayout("manifest.json: \(error)")
    } catch let error as JSONError {
        throw ConversionError.notALayout("manifest.json: \(error)")
    }
    let (image, name) = try choose(reference, from: images)
    if image.layers.count > maximumLayers { throw ConversionError.tooManyLayers(limit: maximumLayers) }
    return LayeredImage(
        config: try members.read(image.config, limit: limit),
        layers: try image.layers.map { try members.layer($0, digest: nil) }, manifestDigest: "",
        name: try ConvertedName(local: name, baseName: baseName))
}

private func choose(
    _ reference: String?, from images: [SavedImage]
) throws(ConversionError) -> (SavedImage, name: String?) {
    let known = images.flatMap(\.names)
    if let reference {
        let hasTag = reference.split(separator: "/").last?.utf8.contains(UInt8(ascii: ":")) == true
        let wanted = hasTag ? reference : reference + ":latest"
        let found = images.filter { $0.names.contains(wanted) }
        if found.count > 1 { throw .ambiguousTag([shown(wanted), shown(wanted)]) }
        guard let image = found.first else { throw .noSuchTag(shown(reference), known: known.map(shown)) }
        return (image, wanted)
    }
    guard let image = images.first else { throw .notALayout("manifest.json names no images") }
    if images.count > 1 { throw .ambiguousTag(known.map(shown)) }
    return (image, image.names.first)
}

/// An element of `manifest.json`.
private struct SavedImage: JSONDecodable {
    let config: String
    /// `REPOSITORY:TAG` each.
    let names: [String]
    let layers: [String]

    init(json: JSONValue, at path: JSONPath) throws {
        let fields = try JSONFields(json, at: path)
        config = try fields.required("Config")
        names = try fields.list("RepoTags")
        layers = try fields.list("Layers")
    }
}
