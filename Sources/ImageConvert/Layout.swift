import FetchInterface
import ImageArchive
import JSON
import OCIImage

/// The image with a tag in an OCI image layout; without a tag, the only one there is.
///
/// Index, manifest and config have the digests they should have when this returns; layers are checked when they are read.
///
/// Source: OCI image-spec 1.1, image-layout.md; annotations.md, "org.opencontainers.image.ref.name".
func openLayout(
    _ members: some ImageMembers, tag: String?, _ platform: OCIPlatform, baseName: String
) throws -> LayeredImage {
    try checkLayoutVersion(members)
    let limit = Int(clamping: OCILimits.standard.maximumDocumentBytes)
    let top = try OCIDocument(parsing: members.read("index.json", limit: limit))
    guard case .index(let index) = top else { throw ConversionError.notALayout("index.json is no index") }
    var next = try choose(tag, from: index, platform)
    let name = try ConvertedName(local: next.referenceName ?? tag, baseName: baseName)
    var walk = OCIImageWalk(from: next.digest, to: platform)
    while true {
        let content = try document(next, members)
        switch try walk.next(OCIDocument(parsing: content, announced: [next.mediaType])) {
        case .read(let descriptor): next = descriptor
        case .found(let manifest):
            return LayeredImage(
                config: try document(manifest.config, members),
                layers: try manifest.layers.map { try members.layer(blobName($0.digest), digest: $0.digest) },
                manifestDigest: next.digest.description, name: name)
        }
    }
}

private func checkLayoutVersion(_ members: some ImageMembers) throws {
    guard try members.contains("oci-layout") else { throw ConversionError.notALayout("oci-layout is missing") }
    let version: String
    do {
        let json = try JSONValue(parsing: members.read("oci-layout", limit: 4096))
        version = try JSONFields(json, at: .root).required("imageLayoutVersion")
    } catch {
        throw ConversionError.notALayout("oci-layout: \(error)")
    }
    if !version.hasPrefix("1.") { throw ConversionError.notALayout("its version is '\(shown(version))', not 1") }
}

private func choose(_ tag: String?, from index: OCIIndex, _ platform: OCIPlatform) throws -> OCIDescriptor {
    let images = index.manifests.filter { $0.documentKind != nil }
    let names = images.map { $0.referenceName ?? "" }
    let known = Set(names).subtracting([""]).sorted().map(shown)
    var candidates = images
    if let tag {
        candidates = images.filter { $0.referenceName == tag }
        if candidates.isEmpty { throw ConversionError.noSuchTag(shown(tag), known: known) }
    } else if Set(names).count > 1 {
        throw ConversionError.ambiguousTag(names.contains("") ? known + ["one without a tag"] : known)
    }
    if candidates.count == 1 { return candidates[0] }
    if candidates.isEmpty { throw ConversionError.notALayout("it has no images") }
    // Several with one name are for several platforms, or nobody can tell them apart.
    let own = candidates.filter { $0.platform.map { platform.rank(of: $0) == 0 } ?? true }
    if own.count > 1 { throw ConversionError.ambiguousTag(own.map { $0.digest.description }) }
    return try OCIIndex(manifests: candidates).choose(for: platform)
}

private func document(_ descriptor: OCIDescriptor, _ members: some ImageMembers) throws -> [UInt8] {
    let limit = Int(clamping: OCILimits.standard.maximumDocumentBytes)
    let content = try members.read(blobName(descriptor.digest), limit: limit)
    try descriptor.verify(content)
    return content
}

private func blobName(_ digest: OCIDigest) -> String { "blobs/\(digest.algorithm.rawValue)/\(digest.digits)" }
