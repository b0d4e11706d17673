import JSON
import LinuxSystem
package import SystemPackage

/// The three directories that hold configuration.
///
/// Later ones override earlier ones: system, local, user.
///
/// Each kind of configuration is read only when something asks for it, so that a broken file of one kind does not
/// stop commands that have no use for it, and starting costs nothing. A directory that is not there counts as empty.
///
/// Source: rkt 1.30.0, rkt/config.
package struct ConfigDirectories: Equatable, Sendable {
    package var system: FilePath
    package var local: FilePath
    package var user: FilePath?

    package init(system: FilePath = "/usr/lib/rkt", local: FilePath = "/etc/rkt", user: FilePath? = nil) {
        self.system = system
        self.local = local
        self.user = user
    }

    /// In the order in which they are read.
    var inOrder: [FilePath] { [system, local] + (user.map { [$0] } ?? []) }
}

/// Files of one subdirectory, such as `auth.d`, and the kinds that may stand in them.
struct ConfigSubdirectory {
    let name: String
    let kinds: [String]

    static let auth = ConfigSubdirectory(name: "auth.d", kinds: ["auth", "dockerAuth"])
    static let paths = ConfigSubdirectory(name: "paths.d", kinds: ["paths"])
    static let stage1 = ConfigSubdirectory(name: "stage1.d", kinds: ["stage1"])
    static let limits = ConfigSubdirectory(name: "limits.d", kinds: ["limits"])

    /// Hands every file of one configuration directory to `parse`, in the order of their names.
    ///
    /// Only regular files called `*.json` count; symlinks, directories and others are passed over.
    ///
    /// - Throws: ``ConfigFileError`` for the first file that is refused; ``ConfigError/notDirectory(_:)``.
    func read(in directory: FilePath, parse: (ConfigFile, JSONFields) throws -> Void) throws {
        let path = directory.appending(name)
        guard let entries = try files(in: path) else { return }
        for name in entries {
            let file = path.appending(name)
            do {
                let fields = try JSONFields(JSONValue(parsing: readFile(file), limits: .configuration), at: .root)
                let kind = try checkedKind(fields, of: file)
                let isExposed = try FileStatus(of: file).mode & 0o004 != 0
                try parse(ConfigFile(path: file, kind: kind, isReadableByOthers: isExposed), fields)
            } catch {
                throw ConfigFileError(file: file, reason: "\(error)")
            }
        }
    }

    /// The names to read; `nil` when the directory does not exist.
    private func files(in path: FilePath) throws -> [String]? {
        guard let status = try status(of: path) else { return nil }
        guard status.kind == .directory else { throw ConfigError.notDirectory(path) }
        return try listDirectory(path).filter { name in
            guard name.hasSuffix(".json") else { return false }
            return try FileStatus(of: path.appending(name), followSymlinks: false).kind == .file
        }.sorted()
    }

    private func status(of path: FilePath) throws -> FileStatus? {
        do {
            return try FileStatus(of: path)
        } catch {
            switch error.errno {
            case .noSuchFileOrDirectory: return nil
            case .notDirectory: throw ConfigError.notDirectory(path.removingLastComponent())
            default: throw error
            }
        }
    }

    private func checkedKind(_ fields: JSONFields, of file: FilePath) throws -> String {
        let kind: String = try fields.optional("rktKind") ?? ""
        if kind.isEmpty { throw ConfigError.noKind(file) }
        let version: String = try fields.optional("rktVersion") ?? ""
        if version.isEmpty { throw ConfigError.noVersion(file) }
        guard kinds.contains(kind) else { throw ConfigError.unexpectedKind(kind, file: file, expected: kinds) }
        guard version == "v1" else { throw ConfigError.noParser(kind: kind, version: version) }
        return kind
    }
}

/// What is known of a file before its content is looked at.
struct ConfigFile {
    let path: FilePath
    let kind: String
    let isReadableByOthers: Bool
}

extension JSONLimits {
    /// A list of credentials is small; more than this was not written as one.
    static let configuration = JSONLimits(maximumBytes: 1 << 20, maximumDepth: 16)
}
