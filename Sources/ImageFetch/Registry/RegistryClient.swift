import FetchInterface
import LinuxSystem
import OCIImage

/// Gets all blobs of an image for one platform from a registry into the download directory.
///
/// Every document and every blob has the digest it is asked for by; of a tag, the manifest is believed, and its own digest
/// is part of the answer. On failure no file of this call is left except what a later call goes on with.
///
/// - Throws: ``RegistryError``, ``OCIImageError``, ``HTTPError``, each below a `Failure` that names the image.
///
/// Source: distribution, docs/spec/api.md; OCI distribution-spec 1.1, "Pull".
func registryImage(
    _ job: RegistryDownload, options: TransportOptions, client: HTTPClient, log: DebugLog
) throws -> RegistryImage {
    let name = try RegistryName(job)
    var session = RegistrySession(name, try ChallengePolicy(job, name, options), options, client, log)
    return try explaining("error fetching '\(name.image)' from the registry '\(name.host)'") {
        let (manifest, digest) = try session.manifest(for: job.platform)
        return try session.download(manifest, digest)
    }
}

/// What is known about a registry while one image is fetched: how to reach it and what to show it.
struct RegistrySession {
    let name: RegistryName
    let limits: OCILimits
    let client: HTTPClient
    let log: DebugLog
    private let policy: ChallengePolicy
    /// `https://HOST`, or `http://HOST` where that is allowed and nothing else answers.
    private var base: String
    private var isReached = false
    /// For the registry alone, never for where it sends us.
    private(set) var authorization: [HostCredentials] = []

    init(
        _ name: RegistryName, _ policy: ChallengePolicy, _ options: TransportOptions, _ client: HTTPClient,
        _ log: DebugLog
    ) {
        self.log = log
        self.name = name
        self.policy = policy
        self.client = client
        limits = OCILimits(options.limits)
        base = "https://\(name.host)"
    }

    // MARK: - Documents

    /// The manifest for the platform and its digest.
    mutating func manifest(for platform: OCIPlatform) throws -> (OCIManifest, OCIDigest) {
        var (document, digest) = try document()
        var walk = OCIImageWalk(from: digest, to: platform, limits: limits)
        while true {
            switch try walk.next(document) {
            case .found(let manifest): return (manifest, digest)
            case .read(let descriptor):
                let response = try answer(to: documentRequest(name.manifestPath(descriptor.digest)))
                try check(response, image: "\(name.repository)@\(descriptor.digest)")
                try descriptor.verify(response.body)
                digest = try checkedDigest(of: response)
                document = try OCIDocument(
                    parsing: response.body, announced: [descriptor.mediaType] + contentTypes(of: response),
                    limits: limits)
            }
        }
    }

    /// The manifest or index that the reference names.
    private mutating func document() throws -> (OCIDocument, OCIDigest) {
        log.line("fetching image from docker://\(name.host)/\(name.image)")
        let response = try firstAnswer(documentRequest(name.manifestPath))
        try check(response, image: name.image)
        if case .digest(let wanted) = name.reference {
            let actual = OCIDigest(of: response.body, wanted.algorithm)
            if actual != wanted { throw OCIImageError.digestMismatch(expected: wanted, actual: actual) }
        }
        let announced = contentTypes(of: response)
        let document = try OCIDocument(parsing: response.body, announced: announced, limits: limits)
        return (document, try checkedDigest(of: response))
    }

    private func documentRequest(_ path: String) -> PathRequest {
        PathRequest(
            path: path, method: .get,
            headers: [("Accept", OCIDocumentKind.acceptedMediaTypes.joined(separator: ", "))])
    }

    private func contentTypes(of response: HTTPResponse) -> [String] {
        response.headers.filter { $0.name == "content-type" }.map(\.value)
    }

    /// SHA-256 of the body, which agrees with what the registry announces.
    private func checkedDigest(of response: HTTPResponse) throws -> OCIDigest {
        for (header, value) in response.headers where header == "docker-content-digest" {
            let announced: OCIDigest
            do { announced = try OCIDigest(value) } catch { throw RegistryError.invalidDigestHeader("\(error)") }
            let actual = OCIDigest(of: response.body, announced.algorithm)
            if actual != announced {
                throw RegistryError.digestHeaderMismatch(announced: announced, actual: actual)
            }
        }
        return OCIDigest(of: response.body)
    }

    private func check(_ response: HTTPResponse, image: String) throws(RegistryError) {
        switch response.status {
        case 200: return
        case 403: throw .accessDenied(image: image, host: name.host)
        case 404: throw .imageNotFound(image: image, host: name.host)
        case 429: throw .tooManyRequests(host: name.host)
        case let status: throw .unexpectedStatus(status, url: response.url)
        }
    }

    // MARK: - Requests

    /// A request to the registry before it is known by which scheme.
    private struct PathRequest {
        let path: String
        let method: HTTPMethod
        var headers: [(name: String, value: String)] = []
    }

    /// The first answer of the registry, by https or else, where both options allow it, without.
    private mutating func firstAnswer(_ request: PathRequest) throws -> HTTPResponse {
        do {
            return try answer(to: request)
        } catch let error as HTTPError {
            guard !isReached, error.isUnreachable else { throw error }
            guard policy.missingForHTTP.isEmpty else {
                throw RegistryError.unreachable(
                    host: name.host, reason: "\(error)", missingOptions: policy.missingForHTTP)
            }
            log.line("no answer by https, trying http: \(error)")
            base = "http://\(name.host)"
            do { return try answer(to: request) } catch let second as HTTPError {
                guard !isReached, second.isUnreachable else { throw second }
                throw RegistryError.unreachable(
                    host: name.host, reason: "https: \(error); http: \(second)", missingOptions: [])
            }
        }
    }

    /// The answer to a request with what the registry wants to see, after one challenge at most.
    private mutating func answer(to request: PathRequest) throws -> HTTPResponse {
        let first = try client.document(http(request))
        isReached = true
        guard first.status == 401 else { return first }
        try authorize(after: first)
        let second = try client.document(http(request))
        if second.status == 401 { throw refused }
        return second
    }

    private func http(_ request: PathRequest) -> HTTPRequest {
        HTTPRequest(
            base + request.path, method: request.method, headers: request.headers, credentials: authorization)
    }

    /// The URL of a blob.
    func url(of blob: OCIDigest) -> String { base + name.blobPath(blob) }

    /// Why there is still no access after a challenge was answered.
    private var refused: RegistryError {
        if policy.credentials == nil { return .credentialsNeeded(image: name.image, host: name.host) }
        if case .basic? = authorization.first?.credentials { return .credentialsRefused(host: name.host) }
        return .tokenRefused(host: name.host)
    }

    // MARK: - Authorization

    /// Gets a new authorization for the blobs; the old one has expired, or none was needed so far.
    mutating func renewAuthorization(for blob: OCIDigest) throws {
        let response = try answer(to: PathRequest(path: name.blobPath(blob), method: .head))
        if response.status == 404 { throw RegistryError.blobNotFound(blob) }
    }

    /// Whether the registry itself answered, and not somebody it has sent us to.
    func isRegistry(_ url: String) throws -> Bool { try WebURL(url).origin == WebURL(base).origin }

    /// Does what the challenge of an answer asks for.
    private mutating func authorize(after response: HTTPResponse) throws {
        let registry = try WebURL(base)
        guard try isRegistry(response.url) else {
            throw RegistryError.foreignChallenge(url: response.url, host: name.host)
        }
        let fields = response.headers.filter { $0.name == "www-authenticate" }.map(\.value)
        switch try policy.reply(to: try AuthChallenge.parse(fields), of: registry) {
        case .basic(let credentials): authorization = [credentials]
        case .token(let url, let credentials):
            let token = try token(from: url, credentials)
            authorization = [HostCredentials(host: registry.authority, credentials: .bearer(token: token.text))]
        }
    }

    private func token(from url: WebURL, _ credentials: [HostCredentials]) throws -> RegistryToken {
        log.line("getting a token from \(url.authority)")
        let response = try client.document(HTTPRequest(url.description, credentials: credentials))
        switch response.status {
        case 200: return try RegistryToken(parsing: response.body)
        case 401, 403:
            throw credentials.isEmpty
                ? RegistryError.credentialsNeeded(image: name.image, host: name.host)
                : RegistryError.credentialsRefused(host: name.host)
        case let status: throw RegistryError.tokenStatus(status, realm: url.authority)
        }
    }
}

extension HTTPError {
    /// Whether no answer has come at all.
    fileprivate var isUnreachable: Bool {
        switch self {
        case .transfer, .connectionTimeout: true
        default: false
        }
    }
}
