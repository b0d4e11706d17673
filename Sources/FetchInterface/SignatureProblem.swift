/// Why a signature does not count, as it stands in ``SignatureVerdict/problem``.
package enum SignatureProblem {
    /// The one problem that is worse than no signature, if the key is a trusted one.
    package static let bad = "openpgp: invalid signature: the content is not what was signed"
    package static let unknownKey = "openpgp: signature made by unknown entity"
    package static let signatureExpired = "openpgp: signature expired"
    package static let keyExpired = "openpgp: signature made by a key that has expired"
    package static let keyRevoked = "openpgp: signature made by a key that was revoked"
    package static let weakDigest = "openpgp: signature uses a broken digest algorithm, MD5 or SHA-1"
    package static let fromFuture = "openpgp: signature is from the future; is the clock right?"
    package static let timeConflict = "openpgp: signature is older than its key, or the key is from the future"
    package static let unusable = "openpgp: signature cannot be checked"
}
