package import FetchInterface
import JSON
package import SystemPackage

/// Kind `auth`: who we are when we ask a host for images, by host name with port.
package struct AuthConfig: Equatable, Sendable {
    package enum Credentials: Equatable, Sendable {
        case basic(user: String, password: String)
        case oauth(token: String)
        case aws(accessKeyID: String, secretAccessKey: String, region: String?)
    }

    /// By host in lower case, with port where one is given.
    package private(set) var credentials: [String: Credentials] = [:]
    /// Files whose secrets everybody on this machine can read.
    package private(set) var exposedFiles: [FilePath] = []

    package init(credentials: [String: Credentials] = [:]) { self.credentials = credentials }

    /// Reads the `auth` files in `auth.d` of all directories; a later directory replaces single domains of earlier ones.
    package init(from directories: ConfigDirectories) throws {
        self.init()
        for directory in directories.inOrder {
            var own: [String: Credentials] = [:]
            try ConfigSubdirectory.auth.read(in: directory) { file, fields in
                guard file.kind == "auth" else { return }
                let domains: [String] = try fields.list("domains")
                if domains.isEmpty { throw ConfigError.noDomains }
                let credentials = try Credentials(fields)
                for domain in domains {
                    let host = try hostName(domain, or: ConfigError.badDomain)
                    if own.updateValue(credentials, forKey: host) != nil { throw ConfigError.domainRepeated(domain) }
                }
                if file.isReadableByOthers { exposedFiles.append(file.path) }
            }
            credentials.merge(own) { $1 }
        }
    }

    /// What this host may be told about us, and nobody else: `HOST` or `HOST:PORT` as in the URL that is asked for.
    package func credentials(forHost host: String) -> [HostCredentials] {
        let host = host.lowercased()
        return (credentials[host].map { [HostCredentials(host: host, credentials: $0.forFetching)] }) ?? []
    }
}

extension AuthConfig.Credentials {
    fileprivate init(_ fields: JSONFields) throws {
        let type: String = try fields.optional("type") ?? ""
        let values = try JSONFields(fields.object["credentials"] ?? .object(JSONObject()), at: fields.path)
        switch type {
        case "": throw ConfigError.noAuthType
        case "basic":
            let (user, password) = try userAndPassword(values)
            self = .basic(user: user, password: password)
        case "oauth":
            let token: String = try values.optional("token") ?? ""
            if token.isEmpty { throw ConfigError.noToken }
            self = .oauth(token: token)
        case "aws":
            let id: String = try values.optional("accessKeyID") ?? ""
            if id.isEmpty { throw ConfigError.noAccessKey }
            let secret: String = try values.optional("secretAccessKey") ?? ""
            if secret.isEmpty { throw ConfigError.noSecretAccessKey }
            self = .aws(accessKeyID: id, secretAccessKey: secret, region: try values.optional("awsRegion"))
        default: throw ConfigError.unknownAuthType(type)
        }
        for text in texts where !isPrintable(text) { throw ConfigError.controlCharacter }
    }

    private var texts: [String] {
        switch self {
        case .basic(let user, let password): [user, password]
        case .oauth(let token): [token]
        case .aws(let id, let secret, let region): [id, secret, region ?? ""]
        }
    }

    fileprivate var forFetching: FetchInterface.Credentials {
        switch self {
        case .basic(let user, let password): .basic(user: user, password: password)
        case .oauth(let token): .bearer(token: token)
        case .aws(let id, let secret, let region): .aws(accessKeyID: id, secretAccessKey: secret, region: region)
        }
    }
}

/// A host as it may stand in a URL, with port where one is given, in lower case.
///
/// What is no host would never be matched, and its credentials silently not be used.
func hostName(_ text: String, or error: (String) -> ConfigError) throws -> String {
    let allowed = text.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: [".", "-", "_", ":", "[", "]"].contains { byte == $0.utf8.first }
        }
    }
    guard allowed, !text.isEmpty, text.utf8.count <= 255, text.utf8.first != UInt8(ascii: ":") else {
        throw error(text)
    }
    return text.lowercased()
}

/// Whether a text can stand in the header of a request: no line ends, or other control characters.
func isPrintable(_ text: String) -> Bool { text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7f } }

func userAndPassword(_ fields: JSONFields) throws -> (user: String, password: String) {
    let user: String = try fields.optional("user") ?? ""
    if user.isEmpty { throw ConfigError.noUser }
    let password: String = try fields.optional("password") ?? ""
    if password.isEmpty { throw ConfigError.noPassword }
    return (user, password)
}
