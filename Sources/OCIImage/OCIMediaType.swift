/// What a document of a registry or layout is.
///
/// Source: OCI image-spec 1.1, media-types.md; distribution, docs/spec/manifest-v2-2.md.
package enum OCIDocumentKind: Sendable {
    /// Config and layers of an image for one platform.
    case manifest
    /// Manifests and further indexes; Docker says manifest list.
    case index

    /// Nil for media types of other things.
    package init?(mediaType: String) {
        switch mediaType {
        case "application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json":
            self = .manifest
        case "application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json":
            self = .index
        default: return nil
        }
    }

    /// What is asked for with `Accept`.
    package static let acceptedMediaTypes = [
        "application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json",
    ]

    /// Manifests of Docker's schema 1, which are no longer read.
    static func isSchema1(_ mediaType: String) -> Bool {
        mediaType == "application/vnd.docker.distribution.manifest.v1+json"
            || mediaType == "application/vnd.docker.distribution.manifest.v1+prettyjws"
    }
}

/// How the tar archive of a layer is packed.
package enum OCILayerCompression: Sendable {
    case none, gzip, zstd

    /// Takes the media type of a layer that may be had from where the manifest is.
    ///
    /// Layers that would have to be fetched from other places are refused.
    package init(mediaType: String) throws(OCIImageError) {
        switch mediaType {
        case "application/vnd.oci.image.layer.v1.tar", "application/vnd.docker.image.rootfs.diff.tar": self = .none
        case "application/vnd.oci.image.layer.v1.tar+gzip", "application/vnd.docker.image.rootfs.diff.tar.gzip":
            self = .gzip
        case "application/vnd.oci.image.layer.v1.tar+zstd", "application/vnd.docker.image.rootfs.diff.tar.zstd":
            self = .zstd
        case _ where Self.foreignPrefixes.contains { mediaType.hasPrefix($0) }: throw .foreignLayer
        default: throw .unsupportedLayer(excerpt(of: mediaType))
        }
    }

    private static let foreignPrefixes = [
        "application/vnd.oci.image.layer.nondistributable.", "application/vnd.docker.image.rootfs.foreign.",
    ]
}

/// Whether a blob of this type tells how a container is run.
///
/// Docker wrote `application/octet-stream` in 2016.
func isConfig(mediaType: String) -> Bool {
    [
        "application/vnd.oci.image.config.v1+json", "application/vnd.docker.container.image.v1+json",
        "application/octet-stream",
    ].contains(mediaType)
}
