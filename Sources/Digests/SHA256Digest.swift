import CCrypto

/// SHA-256 over bytes that come piece by piece; for digests that nobody outside sees.
///
/// Image IDs are ``SHA512Digest``.
///
/// Source: FIPS 180-4, computed by libcrypto.
package struct SHA256Digest: ~Copyable {
    /// The length of a digest in bytes.
    package static let byteCount = 32

    private var context = SHA256_CTX()

    package init() { SHA256_Init(&context) }

    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        SHA256_Update(&context, bytes.baseAddress, bytes.count)
    }

    /// Writes the digest of everything so far into the first 32 bytes of `digest`, without allocating.
    ///
    /// Starts anew, so that one value serves many files.
    package mutating func finish(into digest: UnsafeMutableRawBufferPointer) {
        precondition(digest.count >= Self.byteCount)
        SHA256_Final(digest.baseAddress?.assumingMemoryBound(to: UInt8.self), &context)
        SHA256_Init(&context)
    }
}
