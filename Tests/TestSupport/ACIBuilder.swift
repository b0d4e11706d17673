package import SystemPackage

/// Builds app container images: `ACIBuilder(name: "example.com/a").file("/etc/x", "…").app(exec: ["/inspect"]).write(to:)`.
///
/// Starts as a valid image without an app; each call returns a copy with one thing more. Paths are as the app sees them.
package struct ACIBuilder {
    private var name: String
    private var labels: [(String, String)] = [("os", "linux"), ("arch", "amd64")]
    private var members: [(String, JSONText)] = []
    private var appMembers: [(String, JSONText)]?
    private var files: [TarEntry] = []
    private var rawManifest: String?
    private var hasRoot = true

    package init(name: String) { self.name = name }

    // The root file system

    package func file(_ path: String, _ text: String = "", mode: UInt32 = 0o644) -> ACIBuilder {
        entry(.file("rootfs\(path)", text, mode: mode))
    }

    /// A copy of a file of the host.
    package func file(_ path: String, from source: FilePath, mode: UInt32 = 0o755) -> ACIBuilder {
        entry(TarEntry("rootfs\(path)", type: "0", mode: mode).with { $0.content = .file(source) })
    }

    package func directory(_ path: String, mode: UInt32 = 0o755) -> ACIBuilder {
        entry(.directory("rootfs\(path)", mode: mode))
    }

    package func symlink(_ path: String, to target: String) -> ACIBuilder {
        entry(.symlink("rootfs\(path)", to: target))
    }

    package func hardLink(_ path: String, to target: String) -> ACIBuilder {
        entry(.hardLink("rootfs\(path)", to: "rootfs\(target)"))
    }

    /// Any entry, with its name as it stands in the archive.
    package func entry(_ entry: TarEntry) -> ACIBuilder { with { $0.files.append(entry) } }

    /// No `rootfs` directory entry of its own.
    package func withoutRoot() -> ACIBuilder { with { $0.hasRoot = false } }

    // The manifest

    package func label(_ name: String, _ value: String?) -> ACIBuilder {
        with { copy in
            copy.labels.removeAll { $0.0 == name }
            if let value { copy.labels.append((name, value)) }
        }
    }

    package func annotation(_ name: String, _ value: String) -> ACIBuilder {
        appending(.object([("name", .string(name)), ("value", .string(value))]), to: "annotations")
    }

    package func dependency(_ image: String, id: String? = nil, labels: [(String, String)] = []) -> ACIBuilder {
        var object: [(String, JSONText)] = [("imageName", .string(image))]
        if let id { object.append(("imageID", .string(id))) }
        if !labels.isEmpty { object.append(("labels", .pairs(labels))) }
        return appending(.object(object), to: "dependencies")
    }

    package func pathWhitelist(_ paths: [String]) -> ACIBuilder {
        with { $0.members.append(("pathWhitelist", .array(paths.map { .string($0) }))) }
    }

    package func app(exec: [String], user: String = "0", group: String = "0") -> ACIBuilder {
        with {
            $0.appMembers = [
                ("exec", .array(exec.map { .string($0) })), ("user", .string(user)), ("group", .string(group)),
            ]
        }
    }

    package func environment(_ name: String, _ value: String) -> ACIBuilder {
        appendingToApp(.object([("name", .string(name)), ("value", .string(value))]), to: "environment")
    }

    package func mountPoint(_ name: String, _ path: String, readOnly: Bool = false) -> ACIBuilder {
        let object: [(String, JSONText)] = [
            ("name", .string(name)), ("path", .string(path)), ("readOnly", .raw(String(readOnly))),
        ]
        return appendingToApp(.object(object), to: "mountPoints")
    }

    package func port(_ name: String, _ protocol: String, _ port: Int, socketActivated: Bool = false) -> ACIBuilder {
        let object: [(String, JSONText)] = [
            ("name", .string(name)), ("protocol", .string(`protocol`)), ("port", .raw(String(port))),
            ("socketActivated", .raw(String(socketActivated))),
        ]
        return appendingToApp(.object(object), to: "ports")
    }

    /// `value` is JSON text.
    package func isolator(_ name: String, _ value: String) -> ACIBuilder {
        appendingToApp(.object([("name", .string(name)), ("value", .raw(value))]), to: "isolators")
    }

    package func eventHandler(_ name: String, exec: [String]) -> ACIBuilder {
        let object: [(String, JSONText)] = [("name", .string(name)), ("exec", .array(exec.map { .string($0) }))]
        return appendingToApp(.object(object), to: "eventHandlers")
    }

    package func supplementaryGroups(_ groups: [UInt32]) -> ACIBuilder {
        with { $0.appMembers?.append(("supplementaryGIDs", .array(groups.map { .raw(String($0)) }))) }
    }

    package func userWords(annotations: [String: String], labels: [String: String]) -> ACIBuilder {
        func object(_ words: [String: String]) -> JSONText { .object(words.map { ($0.key, .string($0.value)) }) }
        return with { copy in
            copy.appMembers?.append(("userAnnotations", object(annotations)))
            copy.appMembers?.append(("userLabels", object(labels)))
        }
    }

    package func workingDirectory(_ path: String) -> ACIBuilder {
        with { $0.appMembers?.append(("workingDirectory", .string(path))) }
    }

    /// Replaces the whole manifest by this text, JSON or not.
    package func manifest(_ text: String) -> ACIBuilder { with { $0.rawManifest = text } }

    /// The manifest as it will be written.
    package var manifestText: String {
        if let rawManifest { return rawManifest }
        var all: [(String, JSONText)] = [
            ("acKind", .string("ImageManifest")), ("acVersion", .string("0.8.11")), ("name", .string(name)),
            ("labels", .pairs(labels)),
        ]
        if let appMembers { all.append(("app", .object(appMembers))) }
        return JSONText.object(all + members).text
    }

    // Out

    /// All entries in the order of the archive.
    package var entries: [TarEntry] {
        [.file("manifest", manifestText)] + (hasRoot ? [.directory("rootfs")] : []) + files
    }

    /// Writes the image and returns its path.
    @discardableResult
    package func write(to path: FilePath, _ packing: Packing = .plain, options: [String] = []) throws -> FilePath {
        try TarFile.write(entries, to: path)
        try packing.apply(to: path, options: options)
        return path
    }

    private func with(_ change: (inout ACIBuilder) -> Void) -> ACIBuilder {
        var copy = self
        change(&copy)
        return copy
    }

    private func appending(_ value: JSONText, to key: String) -> ACIBuilder {
        with { JSONText.append(value, to: key, in: &$0.members) }
    }

    private func appendingToApp(_ value: JSONText, to key: String) -> ACIBuilder {
        with { copy in
            var app = copy.appMembers ?? []
            JSONText.append(value, to: key, in: &app)
            copy.appMembers = app
        }
    }
}

/// JSON as the builder needs it, valid or not.
indirect enum JSONText {
    case string(String)
    case raw(String)
    case array([JSONText])
    case object([(String, JSONText)])

    static func pairs(_ pairs: [(String, String)]) -> JSONText {
        .array(pairs.map { .object([("name", .string($0.0)), ("value", .string($0.1))]) })
    }

    static func append(_ value: JSONText, to key: String, in members: inout [(String, JSONText)]) {
        if let index = members.firstIndex(where: { $0.0 == key }), case .array(let old) = members[index].1 {
            members[index].1 = .array(old + [value])
        } else {
            members.append((key, .array([value])))
        }
    }

    var text: String {
        switch self {
        case .string(let string): Self.quoted(string)
        case .raw(let text): text
        case .array(let values): "[" + values.map(\.text).joined(separator: ",") + "]"
        case .object(let members):
            "{" + members.map { "\(Self.quoted($0.0)):\($0.1.text)" }.joined(separator: ",") + "}"
        }
    }

    private static func quoted(_ string: String) -> String {
        var out = "\""
        for scalar in string.unicodeScalars {
            switch scalar {
            case "\"": out += "\\\""
            case "\\": out += "\\\\"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                out += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out + "\""
    }
}
