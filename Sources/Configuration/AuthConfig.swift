import JSON
import SystemPackage

/// Kind `auth`: who we are when we ask a host for images, by host name with port.
package struct AuthConfig: Equatable, Sendable {
    package enum Credentials: Equatable, Sendable {
        case basic(user: String, password: String)
        case oauth(token: String)
        case aws(accessKeyID: String, secretAccessKey: String, region: String?)
    }

    package var credentials: [String: Credentials] = [:]

    package init(credentials: [String: Credentials] = [:]) { self.credentials = credentials }

    /// Reads the `auth` files in `auth.d` of all directories; a later directory replaces single domains of earlier ones.
    package init(from directories: ConfigDirectories) throws {
        self.init()
        for directory in directories.inOrder {
            var own: [String: Credentials] = [:]
            try ConfigSubdirectory.auth.read(in: directory) { kind, fields in
                guard kind == "auth" else { return }
                let domains: [String] = try fields.list("domains")
                if domains.isEmpty { throw ConfigError.noDomains }
                let credentials = try Credentials(fields)
                for domain in domains {
                    if own.updateValue(credentials, forKey: domain) != nil { throw ConfigError.domainRepeated(domain) }
                }
            }
            credentials.merge(own) { $1 }
        }
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
    }
}

func userAndPassword(_ fields: JSONFields) throws -> (user: String, password: String) {
    let user: String = try fields.optional("user") ?? ""
    if user.isEmpty { throw ConfigError.noUser }
    let password: String = try fields.optional("password") ?? ""
    if password.isEmpty { throw ConfigError.noPassword }
    return (user, password)
}
