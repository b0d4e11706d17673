import Configuration
import JSON

/// `rkt config`: the configuration as it results from all directories, credentials included.
let configCommand = Command(
    name: "config",
    summary: "Print configuration for each stage in JSON format",
    description:
        "Entries stand in the order auth, dockerAuth, paths, stage1, limits; there is one for each domain and registry. "
        + "Credentials are shown as they are.",
    flags: { [prettyPrintFlag] },
    run: runConfig)

private func runConfig(_ context: CommandContext) throws {
    guard context.arguments.isEmpty else { throw Ending.usage }
    let config = try context.readingConfiguration { directories in
        let auth = try AuthConfig(from: directories)
        let dockerAuth = try DockerAuthConfig(from: directories)
        for file in auth.exposedFiles + dockerAuth.exposedFiles {
            context.log("warning: \"\(file)\" has credentials in it and can be read by everybody")
        }
        return try ConfigJSON(
            auth: auth, dockerAuth: dockerAuth, paths: PathsConfig(from: directories),
            stage1: Stage1Config(from: directories), limits: LimitsConfig(from: directories))
    }
    context.print(config.json.serialized(context.options.prettyPrints ? .indented("\t") : .compact))
}
