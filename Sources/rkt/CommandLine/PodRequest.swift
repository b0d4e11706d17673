import Configuration
import LinuxSystem
import Stage0
import Stage1Interface
import SystemPackage

/// What the command line and the configuration ask of a pod that is to be made.
func podOptions(_ context: CommandContext) throws -> PodOptions {
    let options = context.options
    if let file = options.podManifest {
        try checkNoConflict(options)
        return try podOptions(
            context,
            .manifest(try explaining("cannot read the pod manifest") { try readFile(file, limit: 4 << 20) }))
    }
    guard !options.apps.images.isEmpty else {
        throw Failure("must provide at least one image or specify the pod manifest")
    }
    if options.isInteractive, options.apps.images.count > 1 {
        throw Failure("interactive option only supports one image")
    }
    return try podOptions(context, .apps(options.apps.apps))
}

/// The same for a pod of this content, whatever images were named.
func podOptions(_ context: CommandContext, _ content: PodOptions.Content) throws -> PodOptions {
    let options = context.options
    let choice = options.stage1?.choice ?? .standard
    var pod = PodOptions(content, stage1Locations: try stage1Locations(context, needsStandard: choice == .standard))
    pod.stage1 = choice
    pod.skipsTreeCheck = options.insecure.contains(.onDisk)
    pod.usesOverlay = options.usesOverlay
    pod.usesPrivateUsers = options.usesPrivateUsers
    pod.volumes = options.volumes
    pod.mounts = options.apps.globalMounts
    pod.environmentFromFiles = options.environmentFiles
    pod.environment = options.environment
    if options.inheritsEnvironment {
        pod.inheritedEnvironment = processEnvironment().compactMap { keyAndValue($0) }
    }
    return pod
}

/// A manifest that somebody made leaves no room for flags that would change it.
private func checkNoConflict(_ options: Options) throws {
    let conflicts =
        try !options.apps.images.isEmpty || !options.apps.globalMounts.isEmpty || !options.volumes.isEmpty
        || (try options.requestedPullPolicy() ?? .new) != .new || options.inheritsEnvironment
        || !options.environment.isEmpty || !options.environmentFiles.isEmpty
    if conflicts { throw Failure("conflicting flags set with --pod-manifest (see --help)") }
}

/// Where stage1 images are; the default one is looked up in the configuration only where it counts.
private func stage1Locations(_ context: CommandContext, needsStandard: Bool) throws -> Stage1Locations {
    var locations = try Stage1Locations(configured: context.paths().stage1Images)
    guard needsStandard else { return locations }
    let config = try context.readingConfiguration { try Stage1Config(from: $0) }
    if let image = config.image {
        locations.standardName = image.name
        locations.standardVersion = image.version
    }
    if let location = config.location {
        if let path = localPath(location) { locations.standardFile = path } else { locations.standardURL = location }
    }
    return locations
}

private func localPath(_ location: String) -> FilePath? {
    if location.hasPrefix("/") { return FilePath(location) }
    guard location.hasPrefix("file:///") else { return nil }
    return FilePath(String(location.dropFirst("file://".count)))
}

extension Stage1Flag {
    fileprivate var choice: Stage1Choice {
        switch source {
        case .url: .url(value)
        case .path: .path(FilePath(value))
        case .name: .name(value)
        case .hash: .hash(value)
        case .fromDirectory: .fromDirectory(value)
        }
    }
}

/// How the command line wants a prepared pod to run.
///
/// Its networks depend on the stage1 and are up to ``networkArgument(_:stage1:log:)``.
func runOptions(_ options: Options) throws -> RunOptions {
    var run = RunOptions()
    run.nameFiles = try options.names.nameFiles()
    run.ipc = options.ipc
    run.debug = options.isDebugging
    run.hostname = options.hostname
    run.isInteractive = options.isInteractive
    run.localConfiguration = options.localConfig
    run.skipsTreeCheck = options.insecure.contains(.onDisk)
    if options.insecure.contains(.capabilities) { run.lifted.insert(.capabilities) }
    if options.insecure.contains(.paths) { run.lifted.insert(.paths) }
    if options.insecure.contains(.seccomp) { run.lifted.insert(.seccomp) }
    return run
}

extension InsecureOptions {
    /// What matters when a pod runs.
    static let forRunning: InsecureOptions = [.onDisk, .capabilities, .paths, .seccomp]
}
