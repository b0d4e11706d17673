package import AppContainer
import LinuxSystem

/// How an image came into the store, and who vouched for it.
package struct ImageOrigin: Equatable, Sendable {
    /// A key that made a good signature over the image file when it was fetched.
    package struct Signer: Equatable, Sendable {
        /// 40 lower-case hexadecimal digits of the primary key.
        package var fingerprint: String
        /// A user ID of the key; may be empty.
        package var identity: String

        package init(fingerprint: String, identity: String) {
            self.fingerprint = fingerprint
            self.identity = identity
        }
    }

    /// Of the last fetch that checked signatures.
    package var signers: [Signer]
    /// Names of the `--insecure-options` that counted for the last fetch.
    package var insecureOptions: [String]
    /// What the user asked for, as a distribution point or as it was typed.
    package var reference: String
    /// Nanoseconds since 1970.
    package var fetchTime: Int64

    package init(signers: [Signer], insecureOptions: [String], reference: String, fetchTime: Int64) {
        self.signers = signers
        self.insecureOptions = insecureOptions
        self.reference = reference
        self.fetchTime = fetchTime
    }
}

/// What a server said about an image file, so that it need not be downloaded again.
///
/// Source: rkt 1.30.0, store/imagestore/remote.go.
package struct RemoteRow: Equatable, Sendable {
    /// Where the image came from: the key of this row.
    package var url: String
    /// Where its signature came from; empty when none was fetched.
    package var signatureURL: String
    /// Empty when the server sent none.
    package var etag: String
    package var id: ImageID
    /// For how many seconds after ``downloadTime`` the server need not be asked; 0 means always ask.
    package var maxAge: Int64
    /// When the server was asked last; nanoseconds since 1970.
    package var downloadTime: Int64

    package init(
        url: String, signatureURL: String = "", etag: String = "", id: ImageID, maxAge: Int64 = 0, downloadTime: Int64
    ) {
        self.url = url
        self.signatureURL = signatureURL
        self.etag = etag
        self.id = id
        self.maxAge = maxAge
        self.downloadTime = downloadTime
    }

    /// Whether the image may be used without asking the server.
    ///
    /// A clock that was set back does not make it fresh for longer.
    package func isFresh(now: Int64) -> Bool {
        guard maxAge > 0, downloadTime >= 0, now >= downloadTime else { return false }
        return (now - downloadTime) / 1_000_000_000 < maxAge
    }
}

extension ContentStore {
    /// What is known about the image that was downloaded from a URL last, if it is still in the store.
    package func remote(for url: String) throws -> RemoteRow? {
        guard let row = try index.remote(for: url), exists(layout.manifest(row.id)) else { return nil }
        return row
    }

    /// Remembers what a server said, and forgets what it said before about the same URL.
    ///
    /// - Throws: ``ImageStoreError/noSuchInfo(_:)`` when the image is not in the store.
    package func remember(_ row: RemoteRow) throws {
        guard try index.put(row, layout) else { throw ImageStoreError.noSuchInfo(row.id.key) }
    }

    /// How an image was fetched; `nil` for one that was only imported, or by a version that did not remember it.
    package func origin(of id: ImageID) throws -> ImageOrigin? { try index.origin(of: id.key) }
}
