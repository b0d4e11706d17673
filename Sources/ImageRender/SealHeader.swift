import CLinux
import LinuxSystem

/// The start of a seal: which tree it belongs to, and what makes it hold together.
///
/// 128 bytes: eight of magic, version and four zero bytes, number of records, device, the 32 bytes of the tree ID, the
/// tree's digest and the checksum. The checksum is the SHA-256 of the header up to it and of all records; it finds
/// damage, not malice: who can write the seal can also write a checksum.
struct SealHeader: Equatable {
    var recordCount: UInt64
    /// Number of the file system the tree was rendered on.
    var device: UInt64
    var tree: [UInt8]
    /// The first half of the SHA-512 over all records without their volatile part.
    var treeDigest: [UInt8]
    var checksum = ContentDigest()

    static let size = 128
    static let magic: [UInt8] = Array("rktseal\n".utf8)
    static let version: UInt32 = 1
    /// Bytes that the checksum covers.
    static let checkedSize = 96

    init(recordCount: UInt64, device: UInt64, tree: TreeID, treeDigest: [UInt8]) {
        self.recordCount = recordCount
        self.device = device
        self.tree = tree.digest
        self.treeDigest = treeDigest
    }

    /// `nil` for anything that is not a seal of this version.
    init?(_ bytes: [UInt8]) {
        guard bytes.count == Self.size, bytes.starts(with: Self.magic) else { return nil }
        let version = bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: 8, as: UInt32.self) }
        guard version == Self.version else { return nil }
        recordCount = bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: 16, as: UInt64.self) }
        device = bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: 24, as: UInt64.self) }
        tree = Array(bytes[32..<64])
        treeDigest = Array(bytes[64..<96])
        checksum = bytes.withUnsafeBytes { ContentDigest(UnsafeRawBufferPointer(rebasing: $0[96..<128])) }
    }

    var bytes: [UInt8] {
        var bytes = [UInt8](repeating: 0, count: Self.size)
        bytes.withUnsafeMutableBytes { buffer in
            for (index, byte) in Self.magic.enumerated() { buffer[index] = byte }
            buffer.storeBytes(of: Self.version, toByteOffset: 8, as: UInt32.self)
            buffer.storeBytes(of: recordCount, toByteOffset: 16, as: UInt64.self)
            buffer.storeBytes(of: device, toByteOffset: 24, as: UInt64.self)
            for (index, byte) in (tree + treeDigest).enumerated() { buffer[32 + index] = byte }
            checksum.store(into: UnsafeMutableRawBufferPointer(rebasing: buffer[96..<128]))
        }
        return bytes
    }

    static func device(_ status: clinux_stat) -> UInt64 {
        UInt64(status.device_major) << 32 | UInt64(status.device_minor)
    }
}
