import AppContainer
import LinuxSystem

/// An image that was found, and what is wanted of it.
struct RequestedApp {
    let name: ACName
    let imageID: ImageID
    let manifest: ImageManifest
    let options: AppOptions

    /// Throws ``PreparationError/invalidAppName(_:)``; an error of `ImageManifest.checkRunnable()`.
    init(_ options: AppOptions, imageID: ImageID, manifest: ImageManifest) throws {
        try manifest.checkRunnable()
        self.options = options
        self.imageID = imageID
        self.manifest = manifest
        if let name = options.name {
            do { self.name = try ACName(name) } catch { throw PreparationError.invalidAppName(name) }
        } else {
            name = try manifest.defaultAppName()
        }
    }

    /// The entry of the pod manifest, and a sentence for everything the image asked for that images may not have.
    ///
    /// `pod`: nil for an app that is added to a pod that is there already.
    ///
    /// Source: rkt 1.30.0, stage0/run.go, `generateRuntimeApp`.
    func runtimeApp(in pod: PodOptions?) throws -> (RuntimeApp, refused: [String]) {
        guard let imageApp = manifest.app ?? newAppSection() else { throw PreparationError.noAppSection(imageID) }
        var (app, refused) = narrowed(imageApp)
        if let exec = options.exec { app.exec = [exec] }
        if options.replacesArguments, !options.arguments.isEmpty { app.exec = Array(app.exec.prefix(1)) }
        app.exec += options.arguments
        if let workingDirectory = options.workingDirectory { app.workingDirectory = workingDirectory }
        if let user = options.user { app.user = user }
        if let group = options.group { app.group = group }
        if let groups = options.supplementaryGIDs { app.supplementaryGIDs = groups }
        app.environment = try environment(app.environment, in: pod)
        app.isolators = try isolators(app.isolators)
        if !options.userAnnotations.isEmpty { app.userAnnotations = StringMap(options.userAnnotations) }
        if !options.userLabels.isEmpty { app.userLabels = StringMap(options.userLabels) }
        try explaining("app '\(name)'") { try app.validate() }

        var runtime = RuntimeApp(
            name, image: RuntimeImage(name: manifest.name, id: imageID, labels: manifest.labels), app: app)
        runtime.readOnlyRootFS = options.readOnlyRootFS ?? false
        for (name, value) in options.annotations {
            try explaining("annotation '\(name)'") { try runtime.annotations.set(ACIdentifier(name), value) }
        }
        for (name, mode) in options.streams {
            try runtime.annotations.set(ACIdentifier("coreos.com/rkt/stage2/\(name)"), mode)
        }
        runtime.mounts = Self.firstOfEachPath(options.mounts + (pod?.mounts ?? []))
        return (runtime, refused.map { "image '\(manifest.name)': \($0)" })
    }

    /// For an image that says nothing about running, when the command line does.
    private func newAppSection() -> App? {
        options.exec == nil ? nil : App(exec: [], user: "0", group: "0")
    }

    private func environment(_ image: [EnvironmentVariable], in pod: PodOptions?) throws -> [EnvironmentVariable] {
        var merged = AppEnvironment()
        merged.set(image.map { ($0.name, $0.value) })
        merged.set(options.environment)
        merged.set(pod?.environmentFromFiles ?? [])
        merged.set(pod?.environment ?? [])
        // What cannot stand in a manifest is left out, such as the functions that a shell exports.
        let inherited = pod?.inheritedEnvironment ?? []
        merged.setMissing(inherited.filter { (try? EnvironmentVariable($0.name, $0.value)) != nil })
        return try merged.variables.map { try EnvironmentVariable($0.name, $0.value) }
    }

    private static func firstOfEachPath(_ mounts: [Mount]) -> [Mount] {
        var seen: Set<String> = []
        return mounts.filter { seen.insert(cleanedPath($0.path)).inserted }
    }
}
