import AppContainer
import Stage0

/// The images on a command line.
///
/// A flag for one app applies to the image before it.
struct AppList: Sendable {
    /// The images with what the command line says about each.
    private(set) var apps: [AppOptions] = []
    /// The images as the user wrote them.
    private(set) var images: [String] = []
    /// Mounts given before the first image: they are for every app.
    private(set) var globalMounts: [Mount] = []

    /// Changes the last image on behalf of a flag.
    mutating func changeLast(for flag: String, _ change: (inout AppOptions) throws -> Void) throws {
        guard !apps.isEmpty else { throw AppListError.mustFollowImage(flag) }
        try change(&apps[apps.count - 1])
    }

    /// Adds a mount to the last image, or to all if none came yet.
    mutating func add(_ mount: Mount) {
        if apps.isEmpty {
            globalMounts.append(mount)
        } else {
            apps[apps.count - 1].mounts.append(mount)
        }
    }

    fileprivate mutating func add(image: String) throws {
        apps.append(AppOptions(image: try ImageReference(parsing: image)))
        images.append(image)
    }

    fileprivate mutating func add(argument: String) { apps[apps.count - 1].arguments.append(argument) }
}

/// What is wrong with a list of images and their flags.
enum AppListError: Error, Equatable, CustomStringConvertible {
    case mustFollowImage(String)
    case repeated(String)
    case argumentsBeforeImage
    case secondArguments
    case argumentsUnsupported
    case danglingMount(target: String, volume: String)

    var description: String {
        switch self {
        case .mustFollowImage(let flag): "--\(flag) must follow an image"
        case .repeated(let flag): "--\(flag) specified multiple times for the same image"
        case .argumentsBeforeImage: "an image is required before any app arguments"
        case .secondArguments: "only one set of app arguments allowed per image"
        case .argumentsUnsupported: "app arguments unsupported"
        case .danglingMount(let target, let volume):
            "dangling mount point \(quoted(target)): volume \(quoted(volume)) not found"
        }
    }
}

/// Reads images, the flags between them, and their arguments between `--` and `---`.
///
/// Source: rkt 1.30.0, rkt/cli_apps.go.
func parseApps(
    _ words: [String], flags: GoFlags, allowsArguments: Bool, into options: inout Options
) throws {
    var rest = words[...]
    var imagesAtLastArguments = 0
    while let word = rest.first {
        if word == "--" {
            rest.removeFirst()
            if !allowsArguments { throw AppListError.argumentsUnsupported }
            let count = options.apps.images.count
            if count == 0 { throw AppListError.argumentsBeforeImage }
            if count == imagesAtLastArguments { throw AppListError.secondArguments }
            imagesAtLastArguments = count
            while let argument = rest.popFirst(), argument != "---" { options.apps.add(argument: argument) }
        } else if word == "---" || word.isEmpty {
            rest.removeFirst()
        } else if flags.isFlag(word) {
            try flags.parseFlag(&rest, into: &options)
        } else {
            try options.apps.add(image: word)
            rest.removeFirst()
        }
    }
    try checkMounts(options)
}

/// Every mount names a volume that exists.
private func checkMounts(_ options: Options) throws {
    let mounts = options.apps.globalMounts + options.apps.apps.flatMap(\.mounts)
    for mount in mounts where mount.appVolume == nil {
        guard options.volumes.contains(where: { $0.name == mount.volume }) else {
            throw AppListError.danglingMount(target: mount.path, volume: "\(mount.volume)")
        }
    }
}
