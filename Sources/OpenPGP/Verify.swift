import CGPGME
package import FetchInterface
import Glibc
import LinuxSystem
package import SystemPackage

/// Checks detached signatures over a file.
///
/// The file is read once: the digest in the answer is that of the bytes the verdicts are about. Nothing is printed, no
/// process is left, the home directory of gpg below `directory` is gone when this returns or throws.
///
/// - Throws: when the signature file or a key is not what it should be, or gpg cannot be run; what is wrong with a
///   signature itself is in its verdict.
package func verify(_ request: Verification, directory: FilePath = ".") throws -> SignedContent {
    guard let signature = bytes(base64: request.signature) else { throw OpenPGPError.noSignatures("it is damaged") }
    let signatures = try SignatureFile(signature)
    let file = try SignedFile(request.file)
    let engine = try Engine(in: directory)
    let keys = try keyring(engine, request.keys)
    let verdicts = try file.withData { data in
        try engine.verdicts(signatures, over: data, keys: keys, now: Int64(time(nil)))
    }
    return SignedContent(contentDigest: try file.digest(), signatures: verdicts)
}

/// Checks that at least one of the signatures claims to be by one of the keys, before anything is downloaded for it.
///
/// Says nothing about whether it really is.
package func checkIssuers(of signature: [UInt8], keys: [TrustedKey], directory: FilePath = ".") throws {
    let issuers = try SignatureFile(signature).issuers
    let known = try keyring(try Engine(in: directory), keys).flatMap { [$0.fingerprint] + $0.subkeyFingerprints }
    guard issuers.contains(where: { issuer in !issuer.isEmpty && known.contains { $0.hasSuffix(issuer) } }) else {
        throw OpenPGPError.unknownEntity
    }
}

/// Who claims to have made each signature of a file: a fingerprint of 40 digits or a key ID of 16.
package func signers(of signature: [UInt8]) throws -> [String] { try SignatureFile(signature).issuers }

/// Imports the keys; only those that are meant, whatever else the files hold.
///
/// - Throws: ``OpenPGPError/fingerprintMismatch(expected:actual:)`` when a file holds another key than it should.
private func keyring(_ engine: Engine, _ keys: [TrustedKey]) throws -> [PublicKey] {
    guard !keys.isEmpty else { return [] }
    let pieces = try keys.map { key in
        try explaining("key \(key.fingerprint)") { try KeyFile(Array(key.text.utf8)).keys.flatMap { $0 } }
    }
    let imported = try engine.importKeys(pieces.flatMap { $0 })
    for (key, piece) in zip(keys, pieces) where !imported.contains(key.fingerprint) {
        guard let actual = try engine.importKeys(piece).first else {
            throw OpenPGPError.unusableKey("key \(key.fingerprint) has no user ID that counts")
        }
        throw OpenPGPError.fingerprintMismatch(expected: key.fingerprint, actual: actual)
    }
    let expected = Set(keys.map(\.fingerprint))
    return try engine.listKeys().filter { expected.contains($0.fingerprint) }
}

/// How far ahead of our clock a signature may be, in seconds: clocks that are this wrong are common.
private let maximumClockSkew: Int64 = 3600

extension Engine {
    /// What gpg says about each signature; it stops after a bad one.
    fileprivate func verdicts(
        _ signatures: SignatureFile, over data: gpgme_data_t, keys: [PublicKey], now: Int64
    ) throws -> [SignatureVerdict] {
        let detached = try MemoryData(signatures.content)
        let error = gpgme_op_verify(context, detached.handle, data, nil)
        switch gpgme_err_code(error) {
        case GPG_ERR_NO_DATA, GPG_ERR_BAD_DATA: throw OpenPGPError.noSignatures("gpg reads none")
        default: try succeed("gpgme_op_verify", error)
        }
        guard let result = gpgme_op_verify_result(context) else { return [] }
        var verdicts: [SignatureVerdict] = []
        var next = result.pointee.signatures
        while let signature = next?.pointee {
            verdicts.append(verdict(signature, keys, now))
            next = signature.next
        }
        return verdicts
    }
}

private func verdict(_ signature: _gpgme_signature, _ keys: [PublicKey], _ now: Int64) -> SignatureVerdict {
    let signer = text(signature.fpr).lowercased()
    guard let key = keys.first(where: { isMeant($0, by: signer) }) else {
        return SignatureVerdict(
            fingerprint: String(signer.prefix(64)), identities: [], problem: SignatureProblem.unknownKey)
    }
    return SignatureVerdict(
        fingerprint: key.fingerprint, identities: key.identities,
        problem: problem(signature, now) ?? (key.isRevoked ? SignatureProblem.keyRevoked : nil)
            ?? (key.isExpired ? SignatureProblem.keyExpired : nil))
}

/// Whether gpg's fingerprint of a signature, or its key ID where the signature is no good one, means this key.
private func isMeant(_ key: PublicKey, by signer: String) -> Bool {
    ([key.fingerprint] + key.subkeyFingerprints).contains { known in
        known == signer || signer.utf8.count == 16 && known.hasSuffix(signer)
    }
}

/// Why a signature by a known key does not count.
private func problem(_ signature: _gpgme_signature, _ now: Int64) -> String? {
    switch gpgme_err_code(signature.status) {
    case GPG_ERR_NO_ERROR:
        guard text(signature.fpr).utf8.count == 40 else { return SignatureProblem.unusable }
        if isWeak(signature.hash_algo) { return SignatureProblem.weakDigest }
        let isFromFuture = Int64(clamping: signature.timestamp) > now + maximumClockSkew
        return isFromFuture ? SignatureProblem.fromFuture : nil
    case GPG_ERR_BAD_SIGNATURE: return SignatureProblem.bad
    case GPG_ERR_SIG_EXPIRED: return SignatureProblem.signatureExpired
    case GPG_ERR_KEY_EXPIRED: return SignatureProblem.keyExpired
    case GPG_ERR_CERT_REVOKED: return SignatureProblem.keyRevoked
    case GPG_ERR_NO_PUBKEY: return SignatureProblem.unknownKey
    case GPG_ERR_TIME_CONFLICT: return SignatureProblem.timeConflict
    default: return isWeak(signature.hash_algo) ? SignatureProblem.weakDigest : SignatureProblem.unusable
    }
}

private func isWeak(_ algorithm: gpgme_hash_algo_t) -> Bool {
    [GPGME_MD_MD5, GPGME_MD_SHA1, GPGME_MD_RMD160, GPGME_MD_MD2, GPGME_MD_MD4].contains(algorithm)
}
