import CCrypto

/// SHA-512 over bytes that come piece by piece.
///
/// Source: FIPS 180-4, computed by libcrypto.
package struct SHA512Digest: ~Copyable {
    /// The length of a digest in bytes.
    package static let byteCount = 64

    private var context = SHA512_CTX()

    package init() { SHA512_Init(&context) }

    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        SHA512_Update(&context, bytes.baseAddress, bytes.count)
    }

    package mutating func update(_ bytes: [UInt8]) { bytes.withUnsafeBytes { update($0) } }

    /// The digest of everything so far, 64 bytes.
    ///
    /// Starts anew, so that one value serves many files.
    package mutating func finish() -> [UInt8] {
        let digest = [UInt8](unsafeUninitializedCapacity: Self.byteCount) { buffer, count in
            SHA512_Final(buffer.baseAddress, &context)
            count = Self.byteCount
        }
        SHA512_Init(&context)
        return digest
    }

    /// The digest of one piece.
    package static func of(_ bytes: [UInt8]) -> [UInt8] {
        var digest = SHA512Digest()
        digest.update(bytes)
        return digest.finish()
    }
}
