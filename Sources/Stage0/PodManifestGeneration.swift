import AppContainer
import JSON
import Stage1Interface

/// Makes the pod manifest of images and options.
///
/// Returns the manifest, and a sentence for everything an image asked for that images may not have.
///
/// Source: rkt 1.30.0, stage0/run.go, `generatePodManifest`.
func podManifest(of apps: [RequestedApp], _ options: PodOptions) throws -> (PodManifest, refused: [String]) {
    var manifest = PodManifest(acVersion: try SemVer(rktVersion))
    var refused: [String] = []
    for app in apps {
        guard !manifest.apps.contains(where: { $0.name == app.name }) else {
            throw PreparationError.duplicateApp(app.name)
        }
        let (runtime, sentences) = try app.runtimeApp(in: options)
        manifest.apps.append(runtime)
        refused += sentences
    }
    for volume in options.volumes {
        guard !manifest.volumes.contains(where: { $0.name == volume.name }) else {
            throw PreparationError.duplicateVolume(volume.name)
        }
        manifest.volumes.append(volume)
    }
    for port in options.ports {
        guard manifest.apps.contains(where: { $0.app?.ports.contains { $0.name == port.name } ?? false }) else {
            throw PreparationError.unknownPort(port.name)
        }
        manifest.ports.append(port)
    }
    for (name, value) in options.annotations { try manifest.annotations.set(name, value) }
    try manifest.annotations.set(try ACIdentifier(Stage1ABI.mutableAnnotation), "\(options.isMutable)")
    for (name, value) in options.userAnnotations { manifest.userAnnotations[name] = value }
    for (name, value) in options.userLabels { manifest.userLabels[name] = value }
    return (manifest, refused)
}

/// Checks a manifest that somebody else made: every app has an image, a name of its own and a command.
///
/// `imageManifest`: of an image in the store.
///
/// Source: rkt 1.30.0, stage0/run.go, `validatePodManifest`.
func checkPodManifest(
    _ manifest: PodManifest, _ imageManifest: (ImageID) throws -> ImageManifest
) throws -> [(name: ACName, imageID: ImageID)] {
    guard !manifest.apps.isEmpty else { throw PreparationError.noApps }
    var apps: [(name: ACName, imageID: ImageID)] = []
    for app in manifest.apps {
        guard !apps.contains(where: { $0.name == app.name }) else {
            throw PreparationError.duplicateAppInManifest(app.name)
        }
        let image = try imageManifest(app.image.id)
        try image.checkRunnable()
        guard app.app != nil || image.app != nil else { throw PreparationError.noAppSectionInManifest }
        apps.append((app.name, app.image.id))
    }
    return apps
}
