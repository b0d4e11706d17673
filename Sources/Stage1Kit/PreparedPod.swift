package import AppContainer
import JSON
import LinuxSystem
import Stage1Interface
package import SystemPackage

/// What stage0 prepared: read from the pod directory, which is the working directory.
package struct PreparedPod: Sendable {
    package let id: PodID
    package let manifest: PodManifest
    package let apps: [PreparedApp]

    /// Reads the pod manifest and the image manifest of each app.
    package init(id: PodID) throws {
        let podManifest: PodManifest
        do {
            podManifest = try PodManifest(json: readManifest(Stage1ABI.Path.podManifest))
        } catch {
            throw Failure("failed to load pod", cause: error)
        }
        self.id = id
        manifest = podManifest
        apps = try podManifest.apps.map { try PreparedApp($0) }
    }
}

/// One app of a prepared pod and the image it came from.
package struct PreparedApp: Sendable {
    package let name: ACName
    /// From the pod manifest; where that has none, what the image wants, as far as an image may.
    package let app: App
    package let runtime: RuntimeApp
    package let image: ImageManifest

    init(_ runtime: RuntimeApp) throws {
        let imageManifest: ImageManifest
        do {
            imageManifest = try ImageManifest(json: readManifest(Stage1ABI.Path.appManifest(runtime.name.rawValue)))
        } catch {
            throw Failure("failed to load the image manifest of app '\(runtime.name)'", cause: error)
        }
        name = runtime.name
        self.runtime = runtime
        image = imageManifest
        if let app = runtime.app {
            self.app = app
        } else if let app = imageManifest.app {
            self.app = narrowed(app).0
        } else {
            throw Failure("no app section in the pod manifest or the image manifest of app '\(runtime.name)'")
        }
        if app.exec.isEmpty {
            throw Failure("image \"\(imageManifest.name)\" has an empty \"exec\" (try --exec=BINARY)")
        }
    }

    /// An app whose parts are known already.
    init(_ runtime: RuntimeApp, app: App, image: ImageManifest) {
        name = runtime.name
        self.app = app
        self.runtime = runtime
        self.image = image
    }

    /// Where the app's files are, seen from the pod directory.
    package var root: FilePath { Stage1ABI.Path.appRoot(name.rawValue) }
}

private func readManifest(_ path: FilePath) throws -> JSONValue {
    try JSONValue(parsing: readFile(path, limit: JSONLimits.manifest.maximumBytes))
}
