import AppContainer
import LinuxSystem
import Stage0
import SystemPackage

/// The flags of `run` and `prepare` that are about the whole pod.
func podFlags() -> [Flag] {
    stage1Flags() + environmentFlags() + [
        .value("volume", "volumes to make available in the pod") { options, text in
            do {
                options.volumes.append(try Volume(parsingFlag: text))
            } catch {
                throw GoValueError(description: "invalid value in --volume flag \(quoted(text)): \(error)")
            }
        },
        noOverlayFlag,
        .string(
            "pod-manifest",
            "the path to the pod manifest. If it's non-empty, then no images, volumes, global mounts and environment "
                + "flags may be given"
        ) { $0.podManifest = absolutePath($1) },
        .notAvailable("port"),
        privateUsersFlag,
    ] + fetchFlags(standard: .new)
}

let privateUsersFlag = Flag.boolean(
    "private-users", "run the pod within user namespaces: its root is nobody on the host"
) { $0.usesPrivateUsers = $1 }

let noOverlayFlag = Flag.boolean("no-overlay", "disable overlay filesystem") { $0.usesOverlay = !$1 }

let uuidFileSaveFlag = Flag.string("uuid-file-save", "write out pod UUID to specified file") {
    $0.uuidFileSave = absolutePath($1)
}

/// The five ways to name a stage1 image.
func stage1Flags() -> [Flag] {
    let flags: [(Stage1Flag.Source, String)] = [
        (.url, "URL to an image to use as stage1"),
        (.path, "absolute or relative path to an image to use as stage1"),
        (.name, "name of an image to use as stage1"),
        (.hash, "hash of an image in the store to use as stage1"),
        (.fromDirectory, "file name of an image in the stage1 images directory to use as stage1"),
    ]
    return flags.map { source, usage in
        .value(source.rawValue, usage) { $0.stage1 = try Stage1Flag(source, $1, after: $0.stage1) }
    }
}

/// The flags that set variables for every app.
func environmentFlags() -> [Flag] {
    [
        .boolean("inherit-env", "inherit all environment variables not set by apps") { $0.inheritsEnvironment = $1 },
        .value("set-env", "environment variable to set for all the apps in the form key=value") { options, text in
            guard let (key, value) = keyAndValue(text) else {
                throw GoValueError(description: "must be specified as key=value")
            }
            if options.environment.contains(where: { $0.name == key }) {
                throw GoValueError(description: "key \(quoted(key)) already set")
            }
            options.environment.append((key, value))
        },
        .value(
            "set-env-file",
            "path to an environment variables file with lines NAME=VALUE; blank lines and comments are skipped"
        ) { options, path in
            for (name, value) in try environmentFile(path) {
                if options.environmentFiles.contains(where: { $0.name == name }) {
                    throw GoValueError(
                        description: "environment variable \(quoted(name)) already set (file \(quoted(path)))")
                }
                options.environmentFiles.append((name, value))
            }
        },
    ]
}

/// The flags of `run` and `run-prepared` that are about how the pod starts.
func startFlags() -> [Flag] {
    [
        .value(
            "net", "configure the pod's networking: 'none' or 'host'", default: "default", bare: "default"
        ) { options, text in
            for name in text.split(separator: ",", omittingEmptySubsequences: false).map(String.init) {
                try options.add(network: name)
            }
        },
        .boolean("interactive", "run the pod interactively: its one app has your terminal") { $0.isInteractive = $1 },
        .notAvailable("mds-register", bare: "true"),
    ] + nameFlags()
}

extension Options {
    /// Adds an entry of `--net`, `NAME[:ARGUMENTS]`.
    fileprivate mutating func add(network entry: String) throws(GoValueError) {
        func name(_ entry: String) -> Substring { entry.prefix { $0 != ":" } }
        let own = name(entry)
        if own.isEmpty { throw GoValueError(description: "netname must not be empty") }
        if networks.contains(where: { name($0) == own }) {
            throw GoValueError(description: "found duplicate netname \(quoted(own))")
        }
        if own == "all" || own == "host", own.endIndex < entry.endIndex {
            throw GoValueError(description: "arguments are not supported by special netname \(quoted(own))")
        }
        networks.append(entry)
    }
}

/// Splits `KEY=VALUE` at the first `=`.
func keyAndValue(_ text: String) -> (String, String)? {
    guard let separator = text.firstIndex(of: "=") else { return nil }
    return (String(text[..<separator]), String(text[separator...].dropFirst()))
}

private func environmentFile(_ path: String) throws -> [(String, String)] {
    let text = String(decoding: try readFile(FilePath(path)), as: UTF8.self)
    var variables: [(String, String)] = []
    for line in text.split(whereSeparator: { $0 == "\n" || $0 == "\r\n" }) {
        if line.hasPrefix("#") || line.hasPrefix(";") || line.allSatisfy(\.isWhitespace) { continue }
        guard let (name, value) = keyAndValue(String(line)), !name.isEmpty else {
            throw GoValueError(
                description: "environment variable must be specified as name=value (file \(quoted(path)))")
        }
        variables.append((name, value))
    }
    return variables
}
