/// What the fetch program answers: one JSON object on the last line of standard output, with exit status 0 also for a
/// failure that it can describe.
package enum FetchAnswer: Equatable, Sendable {
    case endpoints([Endpoint])
    case publicKeys([PublicKeyFile])
    case archive(DownloadedArchive)
    /// The server says that what we have is still what it would send.
    case notModified
    case registryImage(RegistryImage)
    case signatures(SignedContent)
    /// Sentences for the user, outermost first, as in `Failure.chain`.
    case failure([String])
}

/// A place where an image may be had.
package struct Endpoint: Equatable, Sendable {
    package var archiveURL: String
    package var signatureURL: String

    package init(archiveURL: String, signatureURL: String) {
        self.archiveURL = archiveURL
        self.signatureURL = signatureURL
    }
}

/// A file with public keys, which has been read but is not trusted yet.
package struct PublicKeyFile: Equatable, Sendable {
    /// A URL, or nothing for a text that rkt has read.
    package var location: String
    /// Whether it came over https with a certificate that was checked.
    package var isAuthenticated: Bool
    /// As it came, armored.
    package var text: String
    package var keys: [PublicKey]

    package init(location: String, isAuthenticated: Bool, text: String, keys: [PublicKey]) {
        self.location = location
        self.isAuthenticated = isAuthenticated
        self.text = text
        self.keys = keys
    }
}

/// One primary key.
package struct PublicKey: Equatable, Sendable {
    /// 40 lower-case hexadecimal digits.
    package var fingerprint: String
    package var subkeyFingerprints: [String]
    /// User IDs, without control characters.
    package var identities: [String]
    /// Armored, this key alone.
    package var text: String
    package var isExpired: Bool
    package var isRevoked: Bool

    package init(
        fingerprint: String, subkeyFingerprints: [String], identities: [String], text: String, isExpired: Bool,
        isRevoked: Bool
    ) {
        self.fingerprint = fingerprint
        self.subkeyFingerprints = subkeyFingerprints
        self.identities = identities
        self.text = text
        self.isExpired = isExpired
        self.isRevoked = isRevoked
    }
}

package struct DownloadedArchive: Equatable, Sendable {
    /// A name in the download directory; rkt removes it when it is done.
    package var file: String
    /// The signature in base64; empty when none was asked for.
    package var signature: String
    /// Empty when the server sent none.
    package var etag: String
    /// Seconds from `Cache-Control`; 0 when the server said nothing or that nothing may be kept.
    package var maxAge: Int64

    package init(file: String, signature: String, etag: String, maxAge: Int64) {
        self.file = file
        self.signature = signature
        self.etag = etag
        self.maxAge = maxAge
    }
}

/// A file in the download directory that has the digest it should have.
package struct DownloadedBlob: Equatable, Sendable {
    /// `sha256:` and 64 digits.
    package var digest: String
    package var mediaType: String
    package var size: UInt64
    /// A name in the download directory; rkt removes it when it is done.
    package var file: String

    package init(digest: String, mediaType: String, size: UInt64, file: String) {
        self.digest = digest
        self.mediaType = mediaType
        self.size = size
        self.file = file
    }
}

package struct RegistryImage: Equatable, Sendable {
    /// Of the manifest for our platform.
    package var manifestDigest: String
    package var config: DownloadedBlob
    /// The lowest one first.
    package var layers: [DownloadedBlob]

    package init(manifestDigest: String, config: DownloadedBlob, layers: [DownloadedBlob]) {
        self.manifestDigest = manifestDigest
        self.config = config
        self.layers = layers
    }
}

/// Which keys made good signatures over a file.
package struct SignedContent: Equatable, Sendable {
    /// SHA-256 of the bytes that were verified, 64 digits: the verdict is about these bytes and no others.
    package var contentDigest: String
    package var signatures: [SignatureVerdict]

    package init(contentDigest: String, signatures: [SignatureVerdict]) {
        self.contentDigest = contentDigest
        self.signatures = signatures
    }
}

package struct SignatureVerdict: Equatable, Sendable {
    /// Of the primary key; of the signing key as far as known where we do not have it.
    package var fingerprint: String
    package var identities: [String]
    /// Nil for a good signature by a valid key; else why it does not count.
    package var problem: String?

    package init(fingerprint: String, identities: [String], problem: String? = nil) {
        self.fingerprint = fingerprint
        self.identities = identities
        self.problem = problem
    }
}
