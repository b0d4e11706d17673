package import Configuration
package import FetchInterface
package import ImageArchive

extension ArchiveLimits {
    /// The standard limits with what is configured.
    package init(_ configured: LimitsConfig) {
        self = .standard
        if let value = configured[.maximumEntries] { maximumEntries = Int(clamping: value) }
        maximumTotalBytes = configured[.maximumTotalBytes] ?? maximumTotalBytes
        maximumRatio = configured[.maximumRatio] ?? maximumRatio
        ratioFreeBytes = configured[.ratioFreeBytes] ?? ratioFreeBytes
        maximumXZDictionaryBytes = configured[.maximumXZDictionaryBytes] ?? maximumXZDictionaryBytes
        maximumZstandardWindowBytes = configured[.maximumZstandardWindowBytes] ?? maximumZstandardWindowBytes
    }
}

extension TransferLimits {
    /// The standard limits with what is configured.
    package init(_ configured: LimitsConfig) {
        func number(_ limit: LimitsConfig.Limit, _ standard: Int) -> Int {
            configured[limit].map { Int(clamping: $0) } ?? standard
        }
        self = .standard
        maximumDownloadBytes = configured[.maximumDownloadBytes] ?? maximumDownloadBytes
        maximumDocumentBytes = configured[.maximumDocumentBytes] ?? maximumDocumentBytes
        maximumLayers = number(.maximumLayers, maximumLayers)
        maximumRedirects = number(.maximumRedirects, maximumRedirects)
        maximumIndexDepth = number(.maximumIndexDepth, maximumIndexDepth)
        connectSeconds = number(.connectSeconds, connectSeconds)
        stallSeconds = number(.stallSeconds, stallSeconds)
    }
}
