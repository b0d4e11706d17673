import CCrypto

/// SHA-256 over bytes that come piece by piece; for digests that nobody outside sees.
///
/// Image IDs are ``SHA512Digest``.
///
/// Source: FIPS 180-4, computed by libcrypto.
package struct SHA256Digest: ~Copyable {
    /// The length of a digest in bytes.
    package static let byteCount = 32

    private let context: OpaquePointer?

    package init() {
        context = EVP_MD_CTX_new()
        EVP_DigestInit_ex(context, Self.algorithm, nil)
    }

    deinit { EVP_MD_CTX_free(context) }

    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        EVP_DigestUpdate(context, bytes.baseAddress, bytes.count)
    }

    /// Writes the digest of everything so far into the first 32 bytes of `digest`, without allocating.
    ///
    /// Starts anew, so that one value serves many files.
    package mutating func finish(into digest: UnsafeMutableRawBufferPointer) {
        precondition(digest.count >= Self.byteCount)
        var length: UInt32 = 0
        EVP_DigestFinal_ex(context, digest.baseAddress?.assumingMemoryBound(to: UInt8.self), &length)
        EVP_DigestInit_ex(context, Self.algorithm, nil)
    }

    /// Looked up once, without the configuration of the host's OpenSSL; see ``SHA512Digest``.
    nonisolated(unsafe) private static let algorithm: OpaquePointer? = {  // immutable once fetched
        OPENSSL_init_crypto(UInt64(OPENSSL_INIT_NO_LOAD_CONFIG), nil)
        return EVP_MD_fetch(nil, "SHA2-256", nil)
    }()
}
