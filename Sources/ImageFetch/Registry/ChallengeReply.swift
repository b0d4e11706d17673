import FetchInterface
import OCIImage

/// What we do when a registry wants to know who we are.
enum ChallengeReply: Equatable, Sendable {
    /// Show user and password to the registry itself.
    case basic(HostCredentials)
    /// Get a token from this URL, and show these credentials there if there are any.
    case token(WebURL, [HostCredentials])
}

/// Decides how a challenge is answered; in particular, who may see the credentials.
struct ChallengePolicy: Sendable {
    let name: RegistryName
    let credentials: Credentials?
    let tokenHosts: [String]
    /// Options that a request without https still lacks; with none of them missing it is allowed.
    let missingForHTTP: [String]

    init(_ job: RegistryDownload, _ name: RegistryName, _ options: TransportOptions) throws(RegistryError) {
        if let credentials = job.credentials {
            guard case .basic = credentials else { throw .unsupportedCredentials(host: name.host) }
        }
        self.name = name
        credentials = job.credentials
        tokenHosts = job.tokenHosts
        missingForHTTP = optionsMissingForHTTP(options)
    }

    /// What to do about the challenges of the registry at `registry`.
    ///
    /// A token is asked for only where the registry itself is, or where its configuration says so; for Docker Hub that is
    /// `auth.docker.io`.
    func reply(to challenges: [AuthChallenge], of registry: WebURL) throws(RegistryError) -> ChallengeReply {
        if let bearer = challenges.first(where: { $0.scheme == "bearer" }) {
            let realm = try realm(of: bearer, registry)
            let shown = credentials.map { [HostCredentials(host: realm.authority, credentials: $0)] } ?? []
            return .token(realm.with(query: query(of: bearer, after: realm.query)), shown)
        }
        guard challenges.contains(where: { $0.scheme == "basic" }) else { throw .noUsableChallenge(host: name.host) }
        guard let credentials else { throw .credentialsNeeded(image: name.image, host: name.host) }
        return .basic(HostCredentials(host: registry.authority, credentials: credentials))
    }

    private func realm(of challenge: AuthChallenge, _ registry: WebURL) throws(RegistryError) -> WebURL {
        let text = challenge["realm"] ?? ""
        let realm: WebURL
        do { realm = try WebURL(text) } catch { throw .invalidRealm(excerpt(of: text)) }
        if realm.user != nil { throw .invalidRealm(excerpt(of: text)) }
        guard isAllowed(realm, registry) else { throw .foreignRealm(realm: realm.authority, host: name.host) }
        if realm.scheme == .http, !missingForHTTP.isEmpty {
            throw .insecureRealm(realm: realm.authority, missingOptions: missingForHTTP)
        }
        return realm
    }

    private func isAllowed(_ realm: WebURL, _ registry: WebURL) -> Bool {
        if realm.host == registry.host, realm.port == registry.port { return true }
        let wellKnown = registry.host == "registry-1.docker.io" ? ["auth.docker.io:443"] : []
        return (tokenHosts + wellKnown).contains { entry in
            guard let allowed = Authority(entry, defaultPort: realm.scheme.defaultPort) else { return false }
            return allowed.host == realm.host && allowed.port == realm.port
        }
    }

    /// What the realm's URL has already, the service it names, and reading of this one repository.
    private func query(of challenge: AuthChallenge, after query: String?) -> String {
        var parts = query.flatMap { $0.isEmpty ? nil : [$0] } ?? []
        if let service = challenge["service"] { parts.append("service=\(escaped(service))") }
        parts.append("scope=\(escaped("repository:\(name.repository):pull"))")
        return parts.joined(separator: "&")
    }
}

/// The insecure options without which nothing is asked for without https.
func optionsMissingForHTTP(_ options: TransportOptions) -> [String] {
    (options.allowsHTTP ? [] : ["http"]) + (options.skipsTLSVerification ? [] : ["tls"])
}

extension WebURL {
    /// `HOST[:PORT]`.
    var authority: String { port == scheme.defaultPort ? host : "\(host):\(port)" }
}

/// The text for a query: everything but unreserved characters is escaped.
///
/// Source: RFC 3986, section 2.3.
private func escaped(_ text: String) -> String {
    let digits = Array("0123456789ABCDEF".utf8)
    var result: [UInt8] = []
    for byte in text.utf8 {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
            UInt8(ascii: "~"):
            result.append(byte)
        default: result += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
        }
    }
    return String(decoding: result, as: UTF8.self)
}
