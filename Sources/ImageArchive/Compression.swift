/// How an image archive is compressed.
package enum Compression: String, CaseIterable, Sendable, CustomStringConvertible {
    case none, gzip, bzip2, xz, zstd

    package var description: String { self == .none ? "tar" : rawValue }

    /// The bytes that ``init(firstBytes:)`` wants to see, unless the file is shorter.
    package static let detectionBytes = 512

    /// Recognises the format by the first bytes of a file.
    ///
    /// Source: rkt 1.30.0, appc/spec aci/file.go (gzip, bzip2, xz, tar); RFC 8878 for zstd.
    package init(firstBytes bytes: UnsafeRawBufferPointer) throws(ArchiveError) {
        if bytes.isEmpty { throw .empty }
        if bytes.starts(with: [0x1f, 0x8b]) {
            self = .gzip
        } else if bytes.starts(with: [0x42, 0x5a, 0x68]) {
            self = .bzip2
        } else if bytes.starts(with: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]) {
            self = .xz
        } else if bytes.starts(with: [0x28, 0xb5, 0x2f, 0xfd]) || Self.isSkippableFrame(bytes) {
            self = .zstd
        } else if bytes.count >= 262, bytes[257..<262].elementsEqual("ustar".utf8) {
            self = .none
        } else {
            throw .unknownFileType
        }
    }

    /// As ``init(firstBytes:)`` for a layer of an OCI or Docker image: what is not compressed is taken for a tar archive,
    /// also nothing at all.
    package init(firstBytesOfLayer bytes: UnsafeRawBufferPointer) {
        self = (try? Compression(firstBytes: bytes)) ?? .none  // old tar archives have no mark of their own
    }

    /// A zstd file may start with frames that say nothing.
    private static func isSkippableFrame(_ bytes: UnsafeRawBufferPointer) -> Bool {
        bytes.count >= 4 && bytes[0] & 0xf0 == 0x50 && bytes[1...3].elementsEqual([0x2a, 0x4d, 0x18])
    }
}
