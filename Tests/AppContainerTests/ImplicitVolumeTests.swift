import AppContainer
import Testing

@Suite struct ImplicitVolumeTests {
    private let image: ImageID

    init() throws { image = try ImageID(parsing: "sha512-\(String(repeating: "0", count: 64))") }

    private func pod(_ apps: [String], volumes: [String] = []) throws -> PodManifest {
        var pod = PodManifest(acVersion: try SemVer("1.0.0"))
        pod.apps = try apps.map { RuntimeApp(try ACName($0), image: RuntimeImage(id: image)) }
        pod.volumes = try volumes.map { try Volume(ACName($0), .host(source: "/srv")) }
        return pod
    }

    private func app(_ points: (String, String)...) throws -> App {
        var app = App(exec: ["/x"])
        app.mountPoints = try points.map { try MountPoint(ACName($0.0), path: $0.1) }
        return app
    }

    @Test func `a mount point without volume and mount gets one, others do not`() throws {
        var pod = try pod(["web"], volumes: ["named"])
        pod.apps[0].mounts = [try Mount(ACName("named"), path: "/x/../mounted/")]
        let app = try app(("named", "/named"), ("mounted", "/mounted"), ("free", "/free"), ("again", "//free/."))
        let found = pod.implicitVolumes(of: pod.apps[0], app: app)
        #expect(found.map(\.point.name.rawValue) == ["free"])
        #expect(found.map(\.directoryName) == ["web-free"])
    }

    @Test func `a name that could be another's is another one`() throws {
        let both = try pod(["a", "a-b"])
        let one = both.implicitVolumes(of: both.apps[0], app: try app(("b-c", "/x")))
        let two = both.implicitVolumes(of: both.apps[1], app: try app(("c", "/x")))
        #expect(one.map(\.directoryName) == ["a..b-c"])
        #expect(two.map(\.directoryName) == ["a-b..c"])
        let named = try pod(["a"], volumes: ["a-b"])
        #expect(named.implicitVolumes(of: named.apps[0], app: try app(("b", "/x"))).map(\.directoryName) == ["a..b"])
    }

    @Test func `where apps come and go the name depends on no other app`() throws {
        var pod = try pod(["a"])
        try pod.annotations.set(ACIdentifier("coreos.com/rkt/stage1/mutable"), "true")
        #expect(pod.implicitVolumes(of: pod.apps[0], app: try app(("b", "/x"))).map(\.directoryName) == ["a..b"])
    }

    @Test(arguments: [
        ("/", "/"), ("", "/"), ("a", "/a"), ("/a//b/", "/a/b"), ("/a/./b/../c", "/a/c"), ("/../../a", "/a"),
    ])
    func `paths are compared cleaned`(text: String, clean: String) { #expect(cleanedPath(text) == clean) }

    @Test func `below is by whole names`() {
        #expect(isPath("/a/b", atOrBelow: "/a") && isPath("/a", atOrBelow: "/a") && isPath("/a", atOrBelow: "/"))
        #expect(!isPath("/ab", atOrBelow: "/a") && !isPath("/", atOrBelow: "/a"))
    }
}
