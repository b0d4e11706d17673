package import AppContainer

/// Why a pod cannot be made of these images.
///
/// Source: rkt 1.30.0, stage0/run.go.
package enum PreparationError: Error, Equatable {
    case noApps
    case duplicateApp(ACName)
    case duplicateAppInManifest(ACName)
    case invalidAppName(String)
    case noAppSection(ImageID)
    case noAppSectionInManifest
    case duplicateVolume(ACName)
    case capabilitiesBothWays
    case invalidSeccompMode(String)
    case invalidSeccomp(String)
    case unknownPort(ACName)
}

extension PreparationError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .noApps: "pod must contain at least one application"
        case .duplicateApp(let name): "error: multiple apps with name \(name)"
        case .duplicateAppInManifest(let name): "multiple apps with same name \(name)"
        case .invalidAppName(let text): "invalid app name format: '\(text)'"
        case .noAppSection(let id): "error: image \(id) has no app section and --exec argument is not provided"
        case .noAppSectionInManifest: "no app section in the pod manifest or the image manifest"
        case .duplicateVolume(let name): "duplicate volume name \"\(name)\""
        case .capabilitiesBothWays: "error: cannot use both --caps-retain and --caps-remove on the same image"
        case .invalidSeccompMode(let text): "invalid seccomp mode command-line override: '\(text)'"
        case .invalidSeccomp(let text): "invalid seccomp command-line override: '\(text)'"
        case .unknownPort(let name): "no app has a port named '\(name)'"
        }
    }
}
