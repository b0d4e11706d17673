package import JSON
import SystemPackage

/// All configuration in the form of `rkt config`: `{"stage0": [entry, …]}` with one entry per domain and registry.
///
/// Credentials are in it as they are in the files.
package struct ConfigJSON: JSONEncodable {
    private let entries: [JSONValue]

    /// `paths` has defaults filled in, if the reader is to see them.
    package init(
        auth: AuthConfig, dockerAuth: DockerAuthConfig, paths: PathsConfig, stage1: Stage1Config,
        limits: LimitsConfig = LimitsConfig()
    ) {
        entries =
            auth.credentials.sorted { $0.key < $1.key }.map { domain, credentials in
                entry(
                    "auth",
                    [
                        ("domains", [.string(domain)]), ("type", .string(credentials.type)),
                        ("credentials", credentials.json),
                    ])
            }
            + dockerAuth.registries.sorted { $0.key < $1.key }.map { host, registry in
                entry("dockerAuth", [("registries", [.string(host)])] + registry.members)
            } + [
                entry(
                    "paths",
                    [
                        ("data", .string(paths.data?.string ?? "")),
                        ("stage1-images", .string(paths.stage1Images?.string ?? "")),
                    ]),
                entry(
                    "stage1",
                    [
                        ("name", .string(stage1.image?.name ?? "")), ("version", .string(stage1.image?.version ?? "")),
                        ("location", .string(stage1.location ?? "")),
                    ]),
            ] + limits.entries
    }

    package var json: JSONValue { ["stage0": .array(entries)] }
}

private func entry(_ kind: String, _ members: [(String, JSONValue)]) -> JSONValue {
    var object = JSONObject()
    object["rktVersion"] = "v1"
    object["rktKind"] = .string(kind)
    for (key, value) in members { object[key] = value }
    return .object(object)
}

private func object(_ members: [(String, String)]) -> JSONValue {
    var object = JSONObject()
    for (key, value) in members { object[key] = .string(value) }
    return .object(object)
}

extension DockerAuthConfig.Registry {
    fileprivate var members: [(String, JSONValue)] {
        var members: [(String, JSONValue)] = []
        if let credentials {
            members.append(
                ("credentials", object([("user", credentials.user), ("password", credentials.password)])))
        }
        if !realms.isEmpty { members.append(("realms", .array(realms.map { .string($0) }))) }
        return members
    }
}

extension LimitsConfig {
    /// One entry with what is configured, none if nothing is.
    fileprivate var entries: [JSONValue] {
        let members = Limit.allCases.compactMap { limit in
            self[limit].map { (limit.rawValue, JSONValue.number(JSONNumber($0))) }
        }
        return members.isEmpty ? [] : [entry("limits", members)]
    }
}

extension AuthConfig.Credentials {
    fileprivate var type: String {
        switch self {
        case .basic: "basic"
        case .oauth: "oauth"
        case .aws: "aws"
        }
    }

    fileprivate var json: JSONValue {
        switch self {
        case .basic(let user, let password): object([("user", user), ("password", password)])
        case .oauth(let token): object([("token", token)])
        case .aws(let id, let secret, let region):
            object([("accessKeyID", id), ("secretAccessKey", secret), ("awsRegion", region ?? "")])
        }
    }
}
