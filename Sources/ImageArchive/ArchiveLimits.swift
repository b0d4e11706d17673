/// What an image may cost before it is refused.
///
/// Each error names the limit.
package struct ArchiveLimits: Equatable, Sendable {
    /// Bytes of the image manifest: real ones have a few KiB.
    package var maximumManifestBytes = 4 << 20
    /// Entries of the archive: ten times a full desktop system.
    package var maximumEntries = 2_000_000
    /// Bytes of the uncompressed archive, and of all files in it as they declare themselves.
    package var maximumTotalBytes: UInt64 = 64 << 30
    /// Uncompressed by compressed bytes.
    ///
    /// Real images stay below 20; what repeats itself more is a bomb.
    package var maximumRatio: UInt64 = 200
    /// Uncompressed bytes for which ``maximumRatio`` is not looked at: few files with much of nothing are harmless.
    package var ratioFreeBytes: UInt64 = 4 << 30
    /// Bytes of a path, as the kernel has it (PATH_MAX).
    package var maximumPathBytes = 4095
    /// Directories above an entry: each costs an open directory while it is unpacked.
    package var maximumDepth = 256
    /// Bytes of one name in a path, as the kernel has it (NAME_MAX).
    package var maximumNameBytes = 255
    /// Bytes of the header of one entry, with long names, attributes and the map of a sparse file.
    package var maximumHeaderBytes = 2 << 20
    /// Bytes of the name of an extended attribute, as the kernel has it.
    package var maximumAttributeNameBytes = 255
    /// Bytes of an extended attribute, as the kernel has it.
    package var maximumAttributeBytes = 64 << 10
    /// The dictionary of an xz stream in bytes, which the decoder keeps in memory: as `xz -9` makes it.
    package var maximumXZDictionaryBytes: UInt64 = 64 << 20
    /// The window of a zstd frame in bytes, which the decoder keeps in memory: four times that of `zstd -19`.
    package var maximumZstandardWindowBytes: UInt64 = 32 << 20

    package init() {}

    package static let standard = ArchiveLimits()

    /// For images of our own store: how many entries and bytes they may have was decided when they came in, by what was
    /// configured then, at most this.
    package static let stored = {
        var limits = standard
        limits.maximumEntries = 1 << 30
        limits.maximumTotalBytes = 1 << 50
        return limits
    }()
}
