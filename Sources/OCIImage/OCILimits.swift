package import FetchInterface
import JSON

/// How much a manifest or an index may ask for.
package struct OCILimits: Equatable, Sendable {
    package let maximumDocumentBytes: UInt64
    package let maximumLayers: Int
    /// Bytes of all layers of one image, as they are sent.
    package let maximumDownloadBytes: UInt64
    /// How deep indexes may point to indexes.
    package let maximumIndexDepth: Int

    package init(_ limits: TransferLimits) {
        maximumDocumentBytes = limits.maximumDocumentBytes
        maximumLayers = limits.maximumLayers
        maximumDownloadBytes = limits.maximumDownloadBytes
        maximumIndexDepth = limits.maximumIndexDepth
    }

    package static let standard = OCILimits(.standard)

    /// Levels and values of JSON: manifests need 5 levels, and 10 values for a layer with annotations.
    var json: JSONLimits {
        JSONLimits(
            maximumBytes: Int(clamping: maximumDocumentBytes), maximumDepth: 32, maximumValues: 100_000)
    }
}
