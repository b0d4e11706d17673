import FetchInterface
package import LinuxSystem
package import SystemPackage

/// What is wrong with the key store, or with what was asked of it.
package enum KeyStoreError: Error, Equatable {
    case unreadable(FilePath, SystemCallError)
    case misnamed(FilePath)
    case notRegular(FilePath)
    case notDirectory(FilePath)
    case tooLarge(FilePath)
    case notArmored(FilePath)
    case tooManyKeys(FilePath)
    case tooDeep(FilePath)
    case unsuitablePrefix(String)
    case badFingerprint(String)
    case badKey(String)
    case noSuchKey(String, KeyScope?)
}

extension KeyStoreError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .unreadable(let path, let error): "cannot read '\(path)' of the key store: \(error)"
        case .misnamed(let path):
            "'\(path)' in the key store is not named after a key, with 40 lower-case hexadecimal digits"
        case .notRegular(let path): "'\(path)' in the key store is not a regular file"
        case .notDirectory(let path): "'\(path)' in the key store is not a directory"
        case .tooLarge(let path):
            "key '\(path)' has more than \(TrustLimits.maximumKeyFileBytes >> 10) KiB, the limit for a key"
        case .notArmored(let path): "'\(path)' in the key store is not an armored public key"
        case .tooManyKeys(let path):
            "more than \(TrustLimits.maximumKeys) keys, or \(TrustLimits.maximumKeyBytesPerName >> 20) MiB of them, "
                + "for one name in the key store '\(path)'"
        case .tooDeep(let path): "more directories or files than expected in the key store '\(path)'"
        case .unsuitablePrefix(let prefix):
            "'\(prefix)' cannot be the prefix of keys: an element of it is empty, '.', '..' or too long"
        case .badFingerprint(let text):
            "'\(text)' is not the fingerprint of a key, which has 40 hexadecimal digits"
        case .badKey(let fingerprint): "key \(fingerprint) has no text, or too much of it"
        case .noSuchKey(let fingerprint, nil): "no key \(fingerprint) in the key store"
        case .noSuchKey(let fingerprint, let scope?): "no key \(fingerprint) \(scope.phrase) in the key store"
        }
    }
}
