import FetchInterface

/// What is wrong with a signature file, a key, or the program that reads them.
package enum OpenPGPError: Error, Equatable {
    /// What a signature file has instead of signatures; nothing when it is not even armored.
    case noSignatures(String?)
    case signatureTooLarge
    case tooManySignatures
    /// The signature is by none of the keys.
    case unknownEntity
    case noKeys(String?)
    case secretKey
    case keyTooLarge
    case tooManyKeys
    case unusableKey(String)
    /// A file of the key store holds another key than its name says.
    case fingerprintMismatch(expected: String, actual: String)
    /// A call of libgpgme that failed.
    case engine(call: String, reason: String)
    /// The file to verify is not open.
    case notAFile(Int32)
}

extension OpenPGPError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .noSignatures(let reason):
            "keystore: no valid signatures found in signature file" + (reason.map { ": \($0)" } ?? "")
        case .signatureTooLarge:
            "signature file has more than \(TrustLimits.maximumSignatureBytes >> 10) KiB, the limit for one"
        case .tooManySignatures: "more than \(TrustLimits.maximumSignatures) signatures in the signature file"
        case .unknownEntity: SignatureProblem.unknownKey
        case .noKeys(let reason): "no public key in the file" + (reason.map { ": \($0)" } ?? "")
        case .secretKey: "the file has a secret key; export the public one with 'gpg --armor --export'"
        case .keyTooLarge:
            "file of keys has more than \(TrustLimits.maximumKeyFileBytes >> 10) KiB, the limit for one"
        case .tooManyKeys: "more than \(TrustLimits.maximumKeys) keys in one file"
        case .unusableKey(let reason): "unusable key: \(reason)"
        case .fingerprintMismatch(let expected, let actual): "fingerprint mismatch: \"\(expected)\":\"\(actual)\""
        case .engine(let call, let reason): "\(call): \(reason)"
        case .notAFile(let number): "descriptor \(number) is not an open file"
        }
    }
}
