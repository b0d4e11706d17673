/// What keys and signatures may cost; both sides of the interface keep to these.
package enum TrustLimits {
    /// Bytes of a file with keys: those with hundreds of certificates by others are smaller.
    package static let maximumKeyFileBytes = 1 << 20
    /// Keys in one file, and keys that count for one name.
    package static let maximumKeys = 64
    /// Bytes of all keys that count for one name.
    package static let maximumKeyBytesPerName = 4 << 20
    /// Bytes of a signature file; one signature by a key of 4096 bits has less than one KiB.
    package static let maximumSignatureBytes = 64 << 10
    /// Signatures in one file.
    package static let maximumSignatures = 16
}
