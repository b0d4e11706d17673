import OCIImage

/// Why an image of a registry is refused or cannot be had.
///
/// Texts of a registry are shortened and without control characters.
enum RegistryError: Error, Equatable {
    case invalidHost(String)
    case invalidRepository(String)
    case invalidReference(String)
    case imageNotFound(image: String, host: String)
    case blobNotFound(OCIDigest)
    case unexpectedStatus(Int, url: String)
    case tooManyRequests(host: String)
    case unreachable(host: String, reason: String, missingOptions: [String])
    case invalidChallenge(String)
    case noUsableChallenge(host: String)
    case foreignRealm(realm: String, host: String)
    case insecureRealm(realm: String, missingOptions: [String])
    case invalidRealm(String)
    case credentialsNeeded(image: String, host: String)
    case credentialsRefused(host: String)
    case accessDenied(image: String, host: String)
    case unsupportedCredentials(host: String)
    case foreignChallenge(url: String, host: String)
    case tokenStatus(Int, realm: String)
    case invalidToken(String)
    case tokenRefused(host: String)
    case invalidDigestHeader(String)
    case digestHeaderMismatch(announced: OCIDigest, actual: OCIDigest)
    case unsupportedBlobDigest(OCIDigest)
    case blobTooLarge(OCIDigest, maximumDownloadBytes: UInt64)
}

extension RegistryError: CustomStringConvertible {
    var description: String {
        switch self {
        case .invalidHost(let text): "'\(text)' is not the host of a registry"
        case .invalidRepository(let text): "'\(text)' is not the name of a repository"
        case .invalidReference(let text): "'\(text)' is neither a tag nor a digest"
        case .imageNotFound(let image, let host):
            "image not found: the registry '\(host)' has no '\(image)' (HTTP status 404)"
        case .blobNotFound(let digest): "the registry does not have \(digest), which the manifest names"
        case .unexpectedStatus(let status, let url): "bad HTTP status code: \(status) from '\(url)'"
        case .tooManyRequests(let host):
            "the registry '\(host)' takes no more requests for now (HTTP status 429); with credentials it may take more"
        case .unreachable(let host, let reason, let missing):
            "cannot reach the registry '\(host)': \(reason)"
                + (missing.isEmpty
                    ? "" : "; one without https also needs --insecure-options=\(missing.joined(separator: ","))")
        case .invalidChallenge(let reason): "the registry's WWW-Authenticate cannot be understood: \(reason)"
        case .noUsableChallenge(let host):
            "the registry '\(host)' wants authentication of a kind that is neither Bearer nor Basic"
        case .foreignRealm(let realm, let host):
            "the registry '\(host)' sends us to '\(realm)' for a token, which is refused;"
                + " if '\(realm)' is right, add it to 'realms' in a dockerAuth configuration for '\(host)'"
        case .insecureRealm(let realm, let missing):
            "a token from '\(realm)' without https is refused; it also needs --insecure-options="
                + missing.joined(separator: ",")
        case .invalidRealm(let text): "'\(text)' is not a place to get a token from"
        case .credentialsNeeded(let image, let host):
            "the registry '\(host)' wants user and password for '\(image)', or does not have it"
                + " (HTTP status 401); credentials belong into a dockerAuth configuration"
        case .credentialsRefused(let host): "the registry '\(host)' refuses user and password (HTTP status 401)"
        case .accessDenied(let image, let host):
            "the registry '\(host)' does not let us have '\(image)' (HTTP status 403)"
        case .unsupportedCredentials(let host):
            "the credentials for '\(host)' are of a kind that registries do not take"
        case .foreignChallenge(let url, let host):
            "'\(url)', where the registry '\(host)' sends us, wants authentication, which is refused"
        case .tokenStatus(let status, let realm): "no token from '\(realm)': bad HTTP status code: \(status)"
        case .invalidToken(let reason): "the token server's answer has no token: \(reason)"
        case .tokenRefused(let host): "the registry '\(host)' refuses the token that its token server gave"
        case .invalidDigestHeader(let reason): "invalid Docker-Content-Digest: \(reason)"
        case .digestHeaderMismatch(let announced, let actual):
            "the manifest has the digest \(actual), but the registry announces \(announced)"
        case .unsupportedBlobDigest(let digest): "config and layers need sha256 digests, not \(digest)"
        case .blobTooLarge(let digest, let limit): "\(digest) is larger than \(limit) bytes (maximumDownloadBytes)"
        }
    }
}
