import AppContainer
import ImageArchive
import LinuxSystem
import SystemPackage
import TestSupport
import Testing

/// Decoders keep a window in memory as large as the file asks for.
@Suite struct DecoderLimitTests {
    let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    /// An image larger than the windows, so that the compressors really use them.
    private func write(_ packing: Packing, _ options: [String] = []) throws -> FilePath {
        let entry = TarEntry("rootfs/zeros", type: "0").with { $0.content = .zeros(70 << 20) }
        return try image.entry(entry).write(to: directory.path.appending("a"), packing, options: options)
    }

    @Test func `zstd with a window of 64 MiB is refused and names the limit`() throws {
        let path = try write(.zstd, ["--long=26"])

        let error = #expect(throws: ArchiveError.self) { try importImage(path) }
        #expect(error == .windowTooLarge(bytes: 64 << 20, maximumZstandardWindowBytes: 32 << 20))
        #expect(error.map { "\($0)".contains("(maximumZstandardWindowBytes)") } == true)
    }

    @Test func `zstd with a window of 32 MiB is taken`() throws {
        let (archive, _) = try importImage(write(.zstd, ["--long=25"]))
        #expect(archive.size > 70 << 20)
    }

    @Test func `a later zstd frame is checked too, behind checksums and frames that say nothing`() throws {
        try image.write(to: directory.path.appending("small"), .zstd, options: ["--check"])
        _ = try write(.zstd, ["--long=27"])
        try shell(
            "{ cat small; printf 'P*M\\030\\003\\000\\000\\000abc'; cat a; } > b; cat small small > c",
            in: directory.path)

        #expect(throws: ArchiveError.windowTooLarge(bytes: 128 << 20, maximumZstandardWindowBytes: 32 << 20)) {
            try importImage(directory.path.appending("b"))
        }
        #expect(try importImage(directory.path.appending("c")).archive.manifest.name.rawValue == "example.com/a")
    }

    @Test func `xz with a dictionary of 256 MiB is refused and names the limit`() throws {
        let path = try write(.xz, ["--lzma2=preset=0,dict=256MiB"])

        #expect(throws: ArchiveError.dictionaryTooLarge(bytes: 256 << 20, maximumXZDictionaryBytes: 64 << 20)) {
            try importImage(path)
        }
    }

    @Test(arguments: ["-0", "-9", "--block-size=1MiB", "-T2", "--check=sha256", "--x86"])
    func `what xz makes is taken`(option: String) throws {
        let options = option == "--x86" ? ["--x86", "--lzma2=preset=1"] : [option, "-0"]
        let text = (0..<400_000).map { String($0 &* 2_654_435_761 % 1_000_003) }.joined()
        let path = try image.file("/text", text).write(to: directory.path.appending("a"), .xz, options: options)

        let (archive, _) = try importImage(path)

        #expect(archive.manifest.name.rawValue == "example.com/a")
    }

    @Test func `a later xz stream is checked too`() throws {
        try image.write(to: directory.path.appending("small"), .xz)
        _ = try write(.xz, ["--lzma2=preset=0,dict=128MiB"])
        try shell("{ cat small; head -c 8 /dev/zero; cat a; } > b; cat small small > c", in: directory.path)

        #expect(throws: ArchiveError.dictionaryTooLarge(bytes: 128 << 20, maximumXZDictionaryBytes: 64 << 20)) {
            try importImage(directory.path.appending("b"))
        }
        #expect(try importImage(directory.path.appending("c")).archive.manifest.name.rawValue == "example.com/a")
    }
}
