package import AppContainer
package import FetchInterface

/// Why an image is not taken.
package enum SignatureError: Error, Equatable {
    /// The bytes that were verified are not those that were stored.
    case otherContent
    case noSignatures
    /// No signature by a key that vouches for this name.
    case unknownEntity(name: ACIdentifier)
    /// A signature by a trusted key does not count; which key, why.
    case problem(String, fingerprint: String)
}

extension SignatureError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .otherContent: "the file changed while its signature was verified"
        case .noSignatures: "keystore: no valid signatures found in signature file"
        case .unknownEntity: SignatureProblem.unknownKey
        case .problem(let problem, let fingerprint): "\(problem) (key \(fingerprint))"
        }
    }

    /// Lines to show before the error.
    package var hints: [String] {
        guard case .unknownEntity(let name) = self else { return [] }
        return [
            "If you expected the signing key to change, try running:", "    rkt trust --prefix \"\(name)\"",
        ]
    }
}

/// Which of the signatures vouch for an image of this name; at least one.
///
/// One good signature by a trusted key is enough, unless a trusted key signed something else: then somebody changed the
/// image or mixed up files. What others signed never matters.
///
/// `content` is what the fetch program says about the file it was given, `stagedDigest` the SHA-256 of the bytes that
/// are about to be stored, `trusted` the keys of the key store for `name`, which is the one in the image's own manifest.
package func decide(
    _ content: SignedContent, stagedDigest: String, name: ACIdentifier, trusted: [TrustedKey]
) throws(SignatureError) -> [SignatureVerdict] {
    guard !stagedDigest.isEmpty, content.contentDigest == stagedDigest else { throw .otherContent }
    guard !content.signatures.isEmpty else { throw .noSignatures }
    let fingerprints = Set(trusted.map(\.fingerprint))
    let known = content.signatures.filter { fingerprints.contains($0.fingerprint) }
    for verdict in known where verdict.problem == SignatureProblem.bad {
        throw .problem(SignatureProblem.bad, fingerprint: verdict.fingerprint)
    }
    let good = known.filter { $0.problem == nil }
    if !good.isEmpty { return good }
    // A signature by an unknown key may carry any number; only one that was checked with a key of ours is "known".
    for verdict in known {
        if let problem = verdict.problem, problem != SignatureProblem.unknownKey {
            throw .problem(problem, fingerprint: verdict.fingerprint)
        }
    }
    throw .unknownEntity(name: name)
}

/// What to tell the user about good signatures.
///
/// Source: rkt 1.30.0, rkt/image/validator.go.
package func verifiedLines(_ good: [SignatureVerdict]) -> [String] {
    ["signature verified:"]
        + good.flatMap { $0.identities.isEmpty ? ["  \($0.fingerprint)"] : $0.identities.map { "  \($0)" } }
}
