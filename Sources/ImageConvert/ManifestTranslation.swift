import AppContainer
import JSON
import OCIImage

/// The image manifest that says what an image's config says.
///
/// Nothing of it can widen the sandbox: labels of the image become `userLabels`, annotations only say where the image
/// comes from.
///
/// Source: rkt 1.30.0 and docker2aci 0.17; unlike them, labels are kept, a system that has no name among app container
/// images is an error, and volumes have the same names each time.
func manifest(for config: ImageConfig, of image: LayeredImage) throws -> ImageManifest {
    let name = image.name
    let identifier: ACIdentifier
    do {
        identifier = try ACIdentifier(sanitizing: "\(name.host)/\(name.repository)")
    } catch {
        throw ConversionError.invalidName("\(name.host)/\(name.repository)".prefix(80).description)
    }
    do {
        var manifest = ImageManifest(identifier, labels: try labels(config, tag: name.tag))
        manifest.annotations = try annotations(config, image)
        manifest.app = try app(config)
        return manifest
    } catch let error as ConversionError {
        throw error
    } catch {
        throw ConversionError.invalidConfig("\(error)")
    }
}

private func labels(_ config: ImageConfig, tag: String?) throws -> Labels {
    let (os, architecture) = try platform(of: config)
    var labels: [Label] = []
    if let tag { labels.append(Label(ACIdentifier(constant: "version"), tag)) }
    labels.append(Label(ACIdentifier(constant: "os"), os))
    labels.append(Label(ACIdentifier(constant: "arch"), architecture))
    return try Labels(labels)
}

/// System and architecture in appc's words.
///
/// Source: appc spec 0.8.11, aci.md, labels "os" and "arch".
private func platform(of config: ImageConfig) throws(ConversionError) -> (os: String, architecture: String) {
    let architecture: String? =
        switch (config.os, config.architecture, config.variant) {
        case ("linux", "amd64", _): "amd64"
        case ("linux", "386", _): "i386"
        case ("linux", "arm64", _): "aarch64"
        case ("linux", "arm", "v7"): "armv7l"
        case ("linux", "arm", ""), ("linux", "arm", "v6"), ("linux", "arm", "v5"): "armv6l"
        case ("linux", "ppc64", _), ("linux", "ppc64le", _), ("linux", "s390x", _): config.architecture
        case ("freebsd", "amd64", _), ("freebsd", "arm", _): config.architecture
        case ("freebsd", "386", _), ("darwin", "386", _): "i386"
        case ("darwin", "amd64", _): "x86_64"
        default: nil
        }
    guard let architecture else {
        let variant = config.variant.isEmpty ? "" : "/\(config.variant)"
        throw .unknownPlatform(
            os: shown(config.os), architecture: shown(config.architecture + variant))
    }
    return (config.os, architecture)
}

private func annotations(_ config: ImageConfig, _ image: LayeredImage) throws -> Annotations {
    let docker = "appc.io/docker/"
    var pairs = [
        ("author", config.author), ("created", config.created), (docker + "registryurl", image.name.host),
        (docker + "repository", image.name.repository), (docker + "originalname", image.name.reference),
        (docker + "imageid", OCIDigest(of: image.config).description),
        (docker + "manifesthash", image.manifestDigest), (docker + "stopsignal", config.stopSignal),
    ]
    if !config.entrypoint.isEmpty { pairs.append((docker + "entrypoint", config.entrypoint.json.serialized())) }
    if !config.command.isEmpty { pairs.append((docker + "cmd", config.command.json.serialized())) }
    var annotations = Annotations()
    for (name, value) in pairs where !value.isEmpty {
        try checkNoNUL(value, in: name)
        annotations.set(try Annotation(ACIdentifier(name), value))
    }
    return annotations
}

private func app(_ config: ImageConfig) throws -> App {
    let (user, group) = userAndGroup(config.user)
    var app = App(exec: config.entrypoint + config.command, user: user, group: group)
    app.workingDirectory = config.workingDirectory.isEmpty ? nil : absolute(config.workingDirectory)
    app.environment = try environment(config.environment)
    app.ports = try ports(config.exposedPorts)
    app.mountPoints = try mountPoints(config.volumes)
    for (name, value) in config.labels { app.userLabels[name] = value }
    try app.validate()
    return app
}

/// Only a user: the group of that name is meant, which may be missing; stage1 knows.
private func userAndGroup(_ text: String) -> (user: String, group: String) {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    let user = parts.first.map(String.init) ?? ""
    let group = parts.count > 1 ? String(parts[1]) : ""
    let known = user.isEmpty ? "0" : user
    return (known, group.isEmpty ? known : group)
}

/// Later ones win and stand where the earlier one stood; what is no variable is left out.
private func environment(_ items: [String]) throws -> [EnvironmentVariable] {
    var variables: [EnvironmentVariable] = []
    var places: [String: Int] = [:]
    for item in items {
        try checkNoNUL(item, in: "Env")
        let parts = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, let variable = try? EnvironmentVariable(String(parts[0]), String(parts[1])) else {
            continue  // a name that no program could ask for
        }
        if let place = places[variable.name] {
            variables[place] = variable
        } else {
            places[variable.name] = variables.count
            variables.append(variable)
        }
    }
    return variables
}

/// `PORT`, or `PORT/PROTOCOL`.
private func ports(_ items: [String]) throws -> [Port] {
    var ports: [ACName: Port] = [:]
    for item in items {
        let parts = item.split(separator: "/", omittingEmptySubsequences: false)
        let kind = parts.count > 1 ? parts[1].lowercased() : "tcp"
        guard parts.count <= 2, parts[0].utf8.allSatisfy({ (48...57).contains($0) }), let number = UInt16(parts[0]),
            !kind.isEmpty, kind.utf8.allSatisfy({ (97...122).contains($0) || (48...57).contains($0) }),
            let name = try? ACName(sanitizing: item), let port = try? Port(name, protocol: kind, port: number)
        else { throw ConversionError.invalidPort(shown(item)) }
        ports[name] = port
    }
    return ports.values.sorted { $0.name < $1.name }
}

/// Named after their paths; where two paths give one name, the later ones in the order of paths get a number.
private func mountPoints(_ paths: [String]) throws -> [MountPoint] {
    var cleaned: [String] = []
    for path in paths.map(cleanedPath).sorted(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) })
    where cleaned.last.map({ $0.utf8.elementsEqual(path.utf8) }) != true { cleaned.append(path) }
    var points: [ACName: MountPoint] = [:]
    var numbers: [ACName: Int] = [:]
    // Names without a number first: a path may look like one with a number.
    let named = try cleaned.map { (path: $0, name: try ACName(sanitizing: "volume\($0)")) }
    let plain = Set(named.map(\.name))
    for (path, base) in named {
        var name = base
        while points[name] != nil || name != base && plain.contains(name) {
            let number = (numbers[base] ?? 0) + 1
            numbers[base] = number
            name = try ACName("\(base.rawValue)-\(number)")
        }
        points[name] = try MountPoint(name, path: path)
    }
    return points.values.sorted { $0.name < $1.name }
}

/// Absolute, and without `.`, `..` and doubled slashes.
private func cleanedPath(_ path: String) -> String {
    var components: [Substring] = []
    for component in path.split(separator: "/") where component != "." {
        if component == ".." { _ = components.popLast() } else { components.append(component) }
    }
    return "/" + components.joined(separator: "/")
}

private func absolute(_ path: String) -> String { path.hasPrefix("/") ? path : "/\(path)" }

private func checkNoNUL(_ text: String, in field: String) throws(ConversionError) {
    if text.utf8.contains(0) { throw .invalidConfig("\(field): contains a NUL character") }
}

/// A text of the image in a sentence.
func shown(_ text: String) -> String {
    String(text.unicodeScalars.prefix(80).map { (0x20..<0x7f).contains($0.value) ? Character($0) : "?" })
}
