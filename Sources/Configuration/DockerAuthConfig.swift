import JSON
import SystemPackage

/// Kind `dockerAuth`: user and password for registries, by the host of their index.
package struct DockerAuthConfig: Equatable, Sendable {
    package struct Credentials: Equatable, Sendable {
        package let user: String
        package let password: String

        package init(user: String, password: String) {
            self.user = user
            self.password = password
        }
    }

    package var credentials: [String: Credentials] = [:]

    package init(credentials: [String: Credentials] = [:]) { self.credentials = credentials }

    /// Reads the `dockerAuth` files in `auth.d` of all directories; a later directory replaces single registries of
    /// earlier ones.
    package init(from directories: ConfigDirectories) throws {
        self.init()
        for directory in directories.inOrder {
            var own: [String: Credentials] = [:]
            try ConfigSubdirectory.auth.read(in: directory) { kind, fields in
                guard kind == "dockerAuth" else { return }
                let registries: [String] = try fields.list("registries")
                if registries.isEmpty { throw ConfigError.noRegistries }
                let values = try JSONFields(fields.object["credentials"] ?? .object(JSONObject()), at: fields.path)
                let (user, password) = try userAndPassword(values)
                for registry in registries {
                    let previous = own.updateValue(Credentials(user: user, password: password), forKey: registry)
                    if previous != nil { throw ConfigError.registryRepeated(registry) }
                }
            }
            credentials.merge(own) { $1 }
        }
    }
}
