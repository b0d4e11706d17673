import Configuration
import FetchInterface
import ImageArchive
import LinuxSystem
import Stage0
import SystemPackage
import Testing

@Suite struct LimitsDocumentationTests {
    @Test func `the document lists each limit with its default and range`() throws {
        let root = FilePath(#filePath).removingLastComponent().removingLastComponent().removingLastComponent()
        let text = try readTextFile(root.appending("Documentation/configuration.md"))
        let rows = text.split(separator: "\n").map { line in
            line.split(separator: "|").map { $0.drop { $0 == " " }.prefix { $0 != " " } }
        }
        let archive = ArchiveLimits.standard
        let transfer = TransferLimits.standard
        for limit in LimitsConfig.Limit.allCases {
            let standard: any BinaryInteger =
                switch limit {
                case .maximumEntries: archive.maximumEntries
                case .maximumTotalBytes: archive.maximumTotalBytes
                case .maximumRatio: archive.maximumRatio
                case .ratioFreeBytes: archive.ratioFreeBytes
                case .maximumXZDictionaryBytes: archive.maximumXZDictionaryBytes
                case .maximumZstandardWindowBytes: archive.maximumZstandardWindowBytes
                case .maximumDownloadBytes: transfer.maximumDownloadBytes
                case .maximumDocumentBytes: transfer.maximumDocumentBytes
                case .maximumLayers: transfer.maximumLayers
                case .maximumRedirects: transfer.maximumRedirects
                case .maximumIndexDepth: transfer.maximumIndexDepth
                case .connectSeconds: transfer.connectSeconds
                case .stallSeconds: transfer.stallSeconds
                }
            let row = try #require(rows.first { $0.first == "`\(limit.rawValue)`" }, "\(limit)")
            let expected = ["\(standard)", "\(limit.range.lowerBound)", "\(limit.range.upperBound)"]
            #expect(row.dropFirst().prefix(3).map(String.init) == expected, "\(limit)")
        }
    }
}
