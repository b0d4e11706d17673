import Configuration
import Glibc
import JSON
import LinuxSystem
import SystemPackage

/// All that a command may touch of the world outside its libraries: its words, the data directory, configuration,
/// output, error output and the clock.
final class CommandContext {
    /// The command's own name, the prefix of its messages.
    let name: String
    let options: Options
    /// The words that are neither flags nor their values.
    let arguments: [String]
    /// The flags of the command, for those that read more of them between images.
    let flags: GoFlags
    private let output: (String) -> Void
    private let errorOutput: (String) -> Void
    private var configuredPaths: PathsConfig?

    static let defaultDataDirectory: FilePath = "/var/lib/rkt"

    init(
        name: String, options: Options, arguments: [String], flags: GoFlags, output: @escaping (String) -> Void,
        errorOutput: @escaping (String) -> Void
    ) {
        self.name = name
        self.options = options
        self.arguments = arguments
        self.flags = flags
        self.output = output
        self.errorOutput = errorOutput
    }

    /// The same command after more of its words were read.
    func with(_ options: Options) -> CommandContext {
        CommandContext(
            name: name, options: options, arguments: arguments, flags: flags, output: output, errorOutput: errorOutput)
    }

    /// Where configuration is read.
    var configDirectories: ConfigDirectories {
        ConfigDirectories(system: options.systemConfig, local: options.localConfig, user: options.userConfig)
    }

    /// The data directory: `--dir`, else from the configuration, else the default; without symlinks in its name.
    ///
    /// Need not exist yet.
    func dataDirectory() throws -> FilePath {
        let path =
            try options.dataDirectory ?? paths().data ?? Self.defaultDataDirectory
        return try resolved(path)
    }

    /// The directories that the configuration names, read once.
    func paths() throws -> PathsConfig {
        if let configuredPaths { return configuredPaths }
        let paths = try readingConfiguration { try PathsConfig(from: $0) }
        configuredPaths = paths
        return paths
    }

    /// Reads some kind of configuration.
    func readingConfiguration<Kind>(_ read: (ConfigDirectories) throws -> Kind) throws -> Kind {
        try explaining("cannot get configuration") { try read(configDirectories) }
    }

    private func resolved(_ path: FilePath) throws -> FilePath {
        guard let real = realpath(path.string, nil) else {
            if errno == ENOENT { return path }
            throw Failure(
                "cannot evaluate dataDir \(quoted(path.string)) real path",
                cause: SystemCallError(call: "realpath", subject: "'\(path)'", errno: Errno(rawValue: errno)))
        }
        defer { free(real) }
        let result = FilePath(platformString: real)
        guard try FileStatus(of: result).kind == .directory else {
            throw Failure("data directory \(quoted(path.string)) is not a directory")
        }
        return result
    }

    /// The time, in nanoseconds since 1970.
    func now() -> Int64 { LinuxSystem.now() }

    /// Does what the original ends with a status of its own for when it fails, as opposed to ``Ending/usage``.
    func softly<Result>(_ body: () throws -> Result) throws -> Result {
        do {
            return try body()
        } catch let ending as Ending {
            throw ending
        } catch {
            report(error)
            throw Ending.failedSoftly
        }
    }

    // MARK: Output

    /// Prints a result, with exactly one newline at its end.
    func print(_ text: String) { output(text.hasSuffix("\n") ? text : text + "\n") }

    /// Prints a JSON value on one line, or indented with tabs.
    func print(_ json: JSONValue, as format: OutputFormat) {
        print(json.serialized(format == .prettyJSON ? .indented("\t") : .compact))
    }

    /// Prints a result as it is.
    func printRaw(_ text: String) { output(text) }

    /// Prints a message to the user on standard error, after the command's name.
    func log(_ message: String) { errorOutput(message.isEmpty ? "\n" : "\(name): \(message)\n") }

    /// Prints text on standard error as it is.
    func logWithoutNewline(_ text: String) { errorOutput(text) }

    /// Prints a line on standard error as it is.
    func logRaw(_ line: String) { errorOutput(line + "\n") }

    /// Prints an error that does not end the command.
    func report(_ error: any Error, while action: String? = nil) {
        let failure = action.map { Failure($0, cause: error) } ?? error
        log(errorText(failure, showsChain: options.isDebugging))
    }

    /// Tells the user, once, which restrictions are lifted.
    func warnAboutInsecureOptions(_ relevant: InsecureOptions) {
        for warning in options.insecure.intersection(relevant).warnings { log(warning) }
    }
}

/// The text for an error: its first message and the innermost cause, or with `showsChain` all that lies between.
func errorText(_ error: any Error, showsChain: Bool) -> String {
    guard let failure = error as? Failure else { return "\(error)" }
    let chain = failure.chain
    guard showsChain else { return failure.description }
    var text = chain[0]
    for (depth, cause) in chain.dropFirst().enumerated() {
        text += "\n" + String(repeating: "  ", count: depth + 1) + "└─" + cause
    }
    return text
}
