import CCrypto

/// SHA-512 over bytes that come piece by piece.
///
/// Source: FIPS 180-4, computed by libcrypto.
package struct SHA512Digest: ~Copyable {
    /// The length of a digest in bytes.
    package static let byteCount = 64

    private let context: OpaquePointer?

    package init() {
        context = EVP_MD_CTX_new()
        EVP_DigestInit_ex(context, Self.algorithm, nil)
    }

    deinit { EVP_MD_CTX_free(context) }

    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        EVP_DigestUpdate(context, bytes.baseAddress, bytes.count)
    }

    package mutating func update(_ bytes: [UInt8]) { bytes.withUnsafeBytes { update($0) } }

    /// The digest of everything so far, 64 bytes.
    ///
    /// Starts anew, so that one value serves many files.
    package mutating func finish() -> [UInt8] {
        let digest = [UInt8](unsafeUninitializedCapacity: Self.byteCount) { buffer, count in
            var length: UInt32 = 0
            EVP_DigestFinal_ex(context, buffer.baseAddress, &length)
            count = Int(length)
        }
        EVP_DigestInit_ex(context, Self.algorithm, nil)
        return digest
    }

    /// The digest of one piece.
    package static func of(_ bytes: [UInt8]) -> [UInt8] {
        var digest = SHA512Digest()
        digest.update(bytes)
        return digest.finish()
    }

    /// Looked up once: each look-up costs more than hashing a small file.
    ///
    /// The configuration of the host's OpenSSL is left out; it can name engines to load.
    nonisolated(unsafe) private static let algorithm: OpaquePointer? = {  // immutable once fetched
        OPENSSL_init_crypto(UInt64(OPENSSL_INIT_NO_LOAD_CONFIG), nil)
        return EVP_MD_fetch(nil, "SHA2-512", nil)
    }()
}
