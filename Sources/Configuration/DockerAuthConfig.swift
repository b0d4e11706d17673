package import FetchInterface
import JSON
package import SystemPackage

/// Kind `dockerAuth`: who we are for registries, by the host of their index, and who may ask us for them.
///
/// The list `realms` is ours: rkt gave user and password to every host that a registry named.
package struct DockerAuthConfig: Equatable, Sendable {
    package struct Credentials: Equatable, Sendable {
        package let user: String
        package let password: String

        package init(user: String, password: String) {
            self.user = user
            self.password = password
        }
    }

    package struct Registry: Equatable, Sendable {
        package let credentials: Credentials?
        /// Hosts besides the registry that may issue tokens for it, and see the credentials.
        package let realms: [String]

        package init(credentials: Credentials?, realms: [String] = []) {
            self.credentials = credentials
            self.realms = realms
        }
    }

    /// By host in lower case, with port where one is given.
    package private(set) var registries: [String: Registry] = [:]
    /// Files whose secrets everybody on this machine can read.
    package private(set) var exposedFiles: [FilePath] = []

    package init(registries: [String: Registry] = [:]) { self.registries = registries }

    /// Reads the `dockerAuth` files in `auth.d` of all directories; a later directory replaces single registries of
    /// earlier ones.
    package init(from directories: ConfigDirectories) throws {
        self.init()
        for directory in directories.inOrder {
            var own: [String: Registry] = [:]
            try ConfigSubdirectory.auth.read(in: directory) { file, fields in
                guard file.kind == "dockerAuth" else { return }
                let names: [String] = try fields.list("registries")
                if names.isEmpty { throw ConfigError.noRegistries }
                let registry = try Registry(fields)
                for name in names {
                    let host = try hostName(name, or: ConfigError.badRegistry)
                    if own.updateValue(registry, forKey: host) != nil { throw ConfigError.registryRepeated(name) }
                }
                if registry.credentials != nil, file.isReadableByOthers { exposedFiles.append(file.path) }
            }
            registries.merge(own) { $1 }
        }
    }

    /// Who issues tokens for registries that are set up so for everybody; a configured list replaces it.
    ///
    /// Source: docs.docker.com, "Registry authentication": the realm that Docker Hub names.
    package static let knownRealms = ["registry-1.docker.io": ["auth.docker.io"]]

    /// What a registry, given by the host of its index, may be told about us, and the hosts besides it that may be asked
    /// for a token.
    package func credentials(
        forRegistry host: String
    ) -> (credentials: FetchInterface.Credentials?, tokenHosts: [String]) {
        let host = host.lowercased()
        let registry = registries[host]
        let realms = registry?.realms ?? []
        return (
            (registry?.credentials).map { .basic(user: $0.user, password: $0.password) },
            realms.isEmpty ? Self.knownRealms[host] ?? [] : realms
        )
    }
}

extension DockerAuthConfig.Registry {
    /// Credentials may be missing where realms are given: a registry that is open to everybody may want a token, too.
    fileprivate init(_ fields: JSONFields) throws {
        let realms: [String] = try fields.list("realms")
        let member = fields.object["credentials"] ?? .null
        var credentials: DockerAuthConfig.Credentials?
        if realms.isEmpty || !member.isNull {
            let values = try JSONFields(member.isNull ? .object(JSONObject()) : member, at: fields.path)
            let (user, password) = try userAndPassword(values)
            guard isPrintable(user), isPrintable(password) else { throw ConfigError.controlCharacter }
            credentials = DockerAuthConfig.Credentials(user: user, password: password)
        }
        self.init(credentials: credentials, realms: try realms.map { try hostName($0, or: ConfigError.badRealm) })
    }
}
