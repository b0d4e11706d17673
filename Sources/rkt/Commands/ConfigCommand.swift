import Configuration
import JSON

/// `rkt config`: the configuration as it results from all directories, credentials included.
let configCommand = Command(
    name: "config",
    summary: "Print configuration for each stage in JSON format",
    description:
        "Entries stand in the order auth, dockerAuth, paths, stage1; there is one for each domain and registry.",
    flags: { [prettyPrintFlag] },
    run: runConfig)

private func runConfig(_ context: CommandContext) throws {
    guard context.arguments.isEmpty else { throw Ending.usage }
    let config = try context.readingConfiguration { directories in
        try ConfigJSON(
            auth: AuthConfig(from: directories), dockerAuth: DockerAuthConfig(from: directories),
            paths: PathsConfig(from: directories), stage1: Stage1Config(from: directories))
    }
    context.print(config.json.serialized(context.options.prettyPrints ? .indented("\t") : .compact))
}
