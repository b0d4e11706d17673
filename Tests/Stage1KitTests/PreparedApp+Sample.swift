import AppContainer

@testable import Stage1Kit

extension PreparedApp {
    /// An app as if it had been read from a pod directory.
    static func sample(
        _ app: App, mounts: [Mount] = [], isDocker: Bool = false
    ) throws -> PreparedApp {
        let id = try ImageID(parsing: "sha512-\(String(repeating: "0", count: 64))")
        let runtime = RuntimeApp(try ACName("app"), image: RuntimeImage(id: id), app: app, mounts: mounts)
        var image = try ImageManifest(ACIdentifier("example.com/app"))
        if isDocker { try image.annotations.set(ACIdentifier("appc.io/docker/repository"), "library/app") }
        return PreparedApp(runtime, app: app, image: image)
    }

    /// An app whose environment has just this.
    static func sample(setting name: String, _ value: String) throws -> PreparedApp {
        var app = App(exec: ["/x"])
        app.environment = [try EnvironmentVariable(name, value)]
        return try sample(app)
    }
}
