import Configuration
import FetchInterface
import ImageArchive
import Stage0
import Testing

@Suite struct ConfiguredLimitsTests {
    @Test func `without configuration the standard limits count`() {
        #expect(ArchiveLimits(LimitsConfig()) == .standard)
        #expect(TransferLimits(LimitsConfig()) == .standard)
    }

    @Test(arguments: LimitsConfig.Limit.allCases)
    func `each limit has an effect, and its range includes the standard`(limit: LimitsConfig.Limit) {
        let configured = LimitsConfig([limit: limit.range.lowerBound])
        let changesArchive = ArchiveLimits(configured) != .standard
        let changesTransfer = TransferLimits(configured) != .standard

        #expect(changesArchive != changesTransfer)
        let most = LimitsConfig([limit: limit.range.upperBound])
        #expect(ArchiveLimits(most) != .standard || TransferLimits(most) != .standard)
    }

    @Test func `what may be configured at most can still be read from the store`() {
        let most = ArchiveLimits(
            LimitsConfig([
                .maximumEntries: LimitsConfig.Limit.maximumEntries.range.upperBound,
                .maximumTotalBytes: LimitsConfig.Limit.maximumTotalBytes.range.upperBound,
            ]))
        #expect(most.maximumEntries <= ArchiveLimits.stored.maximumEntries)
        #expect(most.maximumTotalBytes <= ArchiveLimits.stored.maximumTotalBytes)
    }
}
