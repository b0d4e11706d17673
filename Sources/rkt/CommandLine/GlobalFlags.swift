import Glibc
import SystemPackage

/// The flags that every command has.
func globalFlags() -> [Flag] {
    [
        .boolean("debug", "print out more debug information to stderr") { $0.isDebugging = $1 },
        .value("dir", "rkt data directory", default: "\(CommandContext.defaultDataDirectory)") {
            $0.dataDirectory = try absoluteDirectory($1)
        },
        .value("system-config", "system configuration directory", default: "/usr/lib/rkt") {
            $0.systemConfig = try absoluteDirectory($1)
        },
        .value("local-config", "local configuration directory", default: "/etc/rkt") {
            $0.localConfig = try absoluteDirectory($1)
        },
        .value("user-config", "user configuration directory") { $0.userConfig = try absoluteDirectory($1) },
        .value(
            "insecure-options",
            "comma-separated list of security features to disable. Allowed values: "
                + InsecureOptions.names.map { "\"\($0)\"" }.joined(separator: ", "),
            default: "none"
        ) { $0.insecure = try InsecureOptions($1) },
        .boolean("trust-keys-from-https", "automatically trust gpg keys fetched from https") {
            $0.trustsKeysFromHTTPS = $1
        },
        .notAvailable("cpuprofile", because: "profiles of Go are not written; use 'perf record' on rkt instead"),
        .notAvailable("memprofile", because: "profiles of Go are not written; use 'valgrind --tool=massif' instead"),
    ]
}

/// The flags of a command beside its own: for help, and those every command has.
func sharedFlags(of command: Command) -> [Flag] { [helpFlag(for: command)] + globalFlags() }

/// `-h`, `--help`.
func helpFlag(for command: Command) -> Flag {
    var flag = Flag.boolean("help", "help for \(command.name)") { $0.showsHelp = $1 }
    flag.shorthand = "h"
    return flag
}

/// A directory given on the command line; a relative one is below the working directory.
func absoluteDirectory(_ text: String) throws(GoValueError) -> FilePath {
    if text.isEmpty { throw GoValueError(description: "\"\" is not a valid directory") }
    return absolutePath(text)
}

/// A path given on the command line, made absolute and rid of `.` and `..` without looking at the file system.
func absolutePath(_ text: String) -> FilePath {
    let path = FilePath(text)
    if path.isAbsolute { return path.lexicallyNormalized() }
    return withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(PATH_MAX) + 1) { buffer in
        guard let start = buffer.baseAddress, getcwd(start, buffer.count) != nil else { return path }
        return FilePath(platformString: start).appending(path.components).lexicallyNormalized()
    }
}
