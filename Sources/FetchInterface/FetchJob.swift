/// What rkt hands the fetch program: one JSON object on standard input.
///
/// The program answers with one ``FetchAnswer``, the last line of standard output, and before that with lines that are
/// ``FetchReport``s where the job wants them. It writes only below its working directory, the download directory. Lines
/// for people go to standard error where there are no reports.
package struct FetchJob: Equatable, Sendable {
    package var transport: TransportOptions
    package var request: FetchRequest

    package init(_ request: FetchRequest, transport: TransportOptions = TransportOptions()) {
        self.request = request
        self.transport = transport
    }
}

/// One thing that the fetch program is asked for.
package enum FetchRequest: Equatable, Sendable {
    /// Where an image of this name can be had. Answer: `endpoints`.
    case discover(Discovery)
    /// Public keys by discovery or from a URL, with what they say about themselves. Answer: `publicKeys`.
    case publicKeys(KeySource)
    /// An image archive and its signature. Answer: `archive` or `notModified`.
    case archive(ArchiveDownload)
    /// All blobs of an image of a registry. Answer: `registryImage`.
    case registryImage(RegistryDownload)
    /// Who signed a file. Answer: `signatures`.
    case verify(Verification)
}

/// How to talk to strangers.
package struct TransportOptions: Equatable, Sendable {
    /// Certificates are not checked.
    package var skipsTLSVerification: Bool
    /// Plain http may be used where https does not answer.
    package var allowsHTTP: Bool
    package var isDebugging: Bool
    /// Progress, and lines for people, come as ``FetchReport``s: rkt draws bars on a terminal.
    package var showsProgress: Bool
    package var limits: TransferLimits
    /// Who we say we are, such as `rkt/1.2.3`.
    package var userAgent: String

    package init(
        skipsTLSVerification: Bool = false, allowsHTTP: Bool = false, isDebugging: Bool = false,
        showsProgress: Bool = false, limits: TransferLimits = .standard, userAgent: String = "rkt"
    ) {
        self.skipsTLSVerification = skipsTLSVerification
        self.allowsHTTP = allowsHTTP
        self.isDebugging = isDebugging
        self.showsProgress = showsProgress
        self.limits = limits
        self.userAgent = userAgent
    }
}

/// What a server may cost us.
package struct TransferLimits: Equatable, Sendable {
    /// Bytes of one image archive or layer.
    package var maximumDownloadBytes: UInt64
    /// Bytes of a document: a page, a manifest, an index, a token, a key, a signature.
    package var maximumDocumentBytes: UInt64
    /// Layers of one image.
    package var maximumLayers: Int
    /// Hops that one request may be sent on.
    package var maximumRedirects: Int
    /// How deep indexes may point to indexes.
    package var maximumIndexDepth: Int
    package var connectSeconds: Int
    /// How long a transfer may go on without a byte.
    package var stallSeconds: Int

    package static let standard = TransferLimits(
        maximumDownloadBytes: 32 << 30, maximumDocumentBytes: 4 << 20, maximumLayers: 1_000, maximumRedirects: 10,
        maximumIndexDepth: 4, connectSeconds: 20, stallSeconds: 60)

    package init(
        maximumDownloadBytes: UInt64, maximumDocumentBytes: UInt64, maximumLayers: Int, maximumRedirects: Int,
        maximumIndexDepth: Int, connectSeconds: Int, stallSeconds: Int
    ) {
        self.maximumDownloadBytes = maximumDownloadBytes
        self.maximumDocumentBytes = maximumDocumentBytes
        self.maximumLayers = maximumLayers
        self.maximumRedirects = maximumRedirects
        self.maximumIndexDepth = maximumIndexDepth
        self.connectSeconds = connectSeconds
        self.stallSeconds = stallSeconds
    }
}

/// Who we are for one host.
package enum Credentials: Equatable, Sendable {
    case basic(user: String, password: String)
    case bearer(token: String)
    case aws(accessKeyID: String, secretAccessKey: String, region: String?)
}

/// Credentials and the only origin that may see them: `HOST` or `HOST:PORT` as in a URL.
package struct HostCredentials: Equatable, Sendable {
    package var host: String
    package var credentials: Credentials

    package init(host: String, credentials: Credentials) {
        self.host = host
        self.credentials = credentials
    }
}

/// Source: appc spec 0.8.11, discovery.md.
package struct Discovery: Equatable, Sendable {
    /// The image's name, without labels.
    package var name: String
    /// What fills templates: `version` (if asked for), `os`, `arch` and others.
    package var labels: [(name: String, value: String)]
    package var credentials: [HostCredentials]

    package init(name: String, labels: [(name: String, value: String)], credentials: [HostCredentials] = []) {
        self.name = name
        self.labels = labels
        self.credentials = credentials
    }

    package static func == (left: Self, right: Self) -> Bool {
        left.name == right.name && left.credentials == right.credentials
            && left.labels.elementsEqual(right.labels) { $0 == $1 }
    }
}

/// Where public keys come from.
package enum KeySource: Equatable, Sendable {
    /// The `ac-discovery-pubkeys` of a name.
    case discovery(prefix: String)
    /// An http or https URL.
    case url(String)
    /// A key that rkt has read already.
    case text(String)
}

package struct ArchiveDownload: Equatable, Sendable {
    package var url: String
    /// Where the signature is; none is fetched when nil.
    package var signatureURL: String?
    /// From an earlier answer, sent as `If-None-Match`.
    package var etag: String?
    package var credentials: [HostCredentials]
    /// What the progress bar says: see ``DownloadProgress/label``.
    package var label: String
    /// When not nil, the image is downloaded only if its signature names one of these keys.
    package var acceptedKeys: [TrustedKey]?

    package init(
        url: String, signatureURL: String?, etag: String? = nil, credentials: [HostCredentials] = [], label: String,
        acceptedKeys: [TrustedKey]? = nil
    ) {
        self.url = url
        self.signatureURL = signatureURL
        self.etag = etag
        self.credentials = credentials
        self.label = label
        self.acceptedKeys = acceptedKeys
    }
}

package struct RegistryDownload: Equatable, Sendable {
    /// `HOST[:PORT]` of the registry.
    package var host: String
    package var repository: String
    /// A tag, or `sha256:DIGITS`.
    package var reference: String
    /// In Go's words: `linux`, `amd64`, and `v7` or nothing.
    package var platform: OCIPlatform
    package var credentials: Credentials?
    /// Hosts besides the registry's own that may be asked for a token, and see the credentials.
    package var tokenHosts: [String]

    package init(
        host: String, repository: String, reference: String, platform: OCIPlatform, credentials: Credentials?,
        tokenHosts: [String]
    ) {
        self.host = host
        self.repository = repository
        self.reference = reference
        self.platform = platform
        self.credentials = credentials
        self.tokenHosts = tokenHosts
    }
}

/// Source: OCI image-spec 1.1, image-index.md, "platform".
package struct OCIPlatform: Equatable, Sendable {
    package var os: String
    package var architecture: String
    package var variant: String?

    package init(os: String, architecture: String, variant: String? = nil) {
        self.os = os
        self.architecture = architecture
        self.variant = variant
    }
}

/// A key of the key store, as it is kept there.
package struct TrustedKey: Equatable, Sendable {
    /// 40 lower-case hexadecimal digits of the primary key.
    package var fingerprint: String
    /// Armored.
    package var text: String

    package init(fingerprint: String, text: String) {
        self.fingerprint = fingerprint
        self.text = text
    }
}

package struct Verification: Equatable, Sendable {
    /// The signed file, open for reading under this number.
    package var file: Int32
    /// A detached signature, armored or binary, in base64.
    package var signature: String
    package var keys: [TrustedKey]

    package init(file: Int32, signature: String, keys: [TrustedKey]) {
        self.file = file
        self.signature = signature
        self.keys = keys
    }
}
