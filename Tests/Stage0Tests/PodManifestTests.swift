import AppContainer
import Pods
import Testing

@testable import Stage0

@Suite struct PodManifestTests {
    let imageID: ImageID
    var image: ImageManifest

    init() throws {
        imageID = try ImageID(parsing: "sha512-" + String(repeating: "ab", count: 32))
        var app = App(exec: ["/bin/serve", "--all"], user: "www", group: "www")
        app.environment = [try EnvironmentVariable("A", "image"), try EnvironmentVariable("B", "image")]
        app.isolators = [.memory(ResourceLimits(limit: try Quantity("1G"))), .capabilitiesRetain(["CAP_CHOWN"])]
        image = try ImageManifest(
            ACIdentifier("example.com/web"),
            labels: Labels([
                Label(ACIdentifier("os"), "linux"), Label(ACIdentifier("arch"), "amd64"),
                Label(ACIdentifier("version"), "1.0"),
            ]), app: app)
    }

    private func pod(
        _ change: (inout AppOptions) throws -> Void = { _ in },
        _ changePod: (inout PodOptions) throws -> Void = { _ in }
    ) throws -> PodManifest {
        var app = AppOptions(image: .hash("sha512-ab"))
        try change(&app)
        var options = PodOptions(.apps([app]), stage1Locations: Stage1Locations(directories: []))
        try changePod(&options)
        return try podManifest(of: [RequestedApp(app, imageID: imageID, manifest: image)], options).0
    }

    @Test func `an app is what its image says`() throws {
        let manifest = try pod()
        let app = try #require(manifest.apps.first)
        #expect(app.name.rawValue == "web")
        #expect(app.image.id == imageID)
        #expect(app.image.labels["version"] == "1.0")
        #expect(app.app?.exec == ["/bin/serve", "--all"])
        #expect(app.app?.user == "www")
        #expect(manifest.annotations["coreos.com/rkt/stage1/mutable"] == "false")
    }

    @Test func `arguments come after the image's, and exec replaces all of them`() throws {
        let appended = try pod { $0.arguments = ["-v"] }
        #expect(appended.apps.first?.app?.exec == ["/bin/serve", "--all", "-v"])
        let replaced = try pod {
            $0.exec = "/bin/sh"
            $0.arguments = ["-c", "true"]
        }
        #expect(replaced.apps.first?.app?.exec == ["/bin/sh", "-c", "true"])
    }

    @Test func `arguments of an app that is added take the place of the image's`() throws {
        let replaced = try pod {
            $0.replacesArguments = true
            $0.arguments = ["-v"]
        }
        #expect(replaced.apps.first?.app?.exec == ["/bin/serve", "-v"])
        #expect(try pod { $0.replacesArguments = true }.apps.first?.app?.exec == ["/bin/serve", "--all"])
    }

    @Test func `a mutable pod says that it is, whatever else is said of it`() throws {
        let manifest = try pod { _ in
        } _: {
            $0.isMutable = true
            $0.annotations = [(try ACIdentifier("coreos.com/rkt/stage1/mutable"), "false")]
            $0.userLabels = [("tier", "web")]
        }
        #expect(try manifest.isMutable())
        #expect(manifest.userLabels["tier"] == "web")
        #expect(try !pod().isMutable())
    }

    @Test func `later sources of the environment win over earlier ones`() throws {
        let manifest = try pod {
            $0.environment = [("A", "app"), ("C", "app")]
        } _: {
            $0.environmentFromFiles = [("C", "file"), ("D", "file")]
            $0.environment = [("D", "set")]
            $0.inheritedEnvironment = [("B", "host"), ("E", "host")]
        }
        let environment = try #require(manifest.apps.first?.app?.environment)
        #expect(environment.map { "\($0.name)=\($0.value)" } == ["A=app", "B=image", "C=file", "D=set", "E=host"])
    }

    @Test func `an app's own mount wins over one for all at the same place`() throws {
        let mine = try Mount(ACName("mine"), path: "/data")
        let all = [try Mount(ACName("all"), path: "/data/../data/"), try Mount(ACName("all"), path: "/other")]
        let manifest = try pod {
            $0.mounts = [mine]
        } _: {
            $0.mounts = all
        }
        #expect(manifest.apps.first?.mounts == [mine, all[1]])
    }

    @Test func `limits of the command line replace the image's`() throws {
        let quantity = try Quantity("64M")
        let manifest = try pod {
            $0.memory = quantity
            $0.removedCapabilities = ["CAP_KILL"]
            $0.seccomp = "mode=retain,errno=EPERM,read,write"
        }
        #expect(
            manifest.apps.first?.app?.isolators == [
                .memory(ResourceLimits(limit: quantity)), .capabilitiesRemove(["CAP_KILL"]),
                .seccompRetain(try SeccompSet(["read", "write"], errno: "EPERM")),
            ])
    }

    @Test func `what contradicts itself is refused`() throws {
        #expect(throws: PreparationError.capabilitiesBothWays) {
            try pod {
                $0.retainedCapabilities = ["CAP_KILL"]
                $0.removedCapabilities = ["CAP_KILL"]
            }
        }
        #expect(throws: PreparationError.invalidAppName("No Name")) { try pod { $0.name = "No Name" } }
        #expect(throws: PreparationError.duplicateVolume(try ACName("v"))) {
            try pod { _ in
            } _: {
                let volume = try Volume(ACName("v"), .host(source: "/srv"))
                $0.volumes = [volume, volume]
            }
        }
    }

    @Test(arguments: [
        ("mode=all,read", PreparationError.invalidSeccompMode("all")), ("", .invalidSeccomp("")),
        ("mode=retain", .invalidSeccomp("mode=retain")), ("read,x=y", .invalidSeccomp("read,x=y")),
    ])
    func `a seccomp list that makes no sense is refused`(text: String, expected: PreparationError) {
        #expect(throws: expected) { try pod { $0.seccomp = text } }
    }

    @Test func `two apps cannot have one name`() throws {
        let app = AppOptions(image: .hash("sha512-ab"))
        let requested = try RequestedApp(app, imageID: imageID, manifest: image)
        let options = PodOptions(.apps([app, app]), stage1Locations: Stage1Locations(directories: []))
        #expect(throws: PreparationError.duplicateApp(try ACName("web"))) {
            try podManifest(of: [requested, requested], options)
        }
    }

    @Test func `an image without an app needs a command`() throws {
        var empty = image
        empty.app = nil
        var app = AppOptions(image: .hash("sha512-ab"))
        let options = PodOptions(.apps([app]), stage1Locations: Stage1Locations(directories: []))
        #expect(throws: PreparationError.noAppSection(imageID)) {
            try podManifest(of: [RequestedApp(app, imageID: imageID, manifest: empty)], options)
        }
        app.exec = "/bin/true"
        let (manifest, _) = try podManifest(of: [RequestedApp(app, imageID: imageID, manifest: empty)], options)
        #expect(manifest.apps.first?.app?.exec == ["/bin/true"])
    }

    @Test func `a made manifest needs apps with names of their own and images in the store`() throws {
        var manifest = PodManifest(acVersion: .appc)
        #expect(throws: PreparationError.noApps) { try checkPodManifest(manifest) { _ in image } }
        manifest.apps = [RuntimeApp(try ACName("a"), image: RuntimeImage(id: imageID))]
        #expect(try checkPodManifest(manifest) { _ in image }.map(\.name.rawValue) == ["a"])
        manifest.apps.append(manifest.apps[0])
        #expect(throws: PreparationError.duplicateAppInManifest(try ACName("a"))) {
            try checkPodManifest(manifest) { _ in image }
        }
    }
}
