import AppContainer
import Glibc
import ImageRender
import ImageStore
import ImageTrust
import LinuxSystem
import Pods
import SystemPackage
import TestSupport
import Testing

@testable import Stage0

@Suite(.enabled(if: getuid() == 0, "rendered trees keep their owners only as root"))
struct PrepareTests {
    let scratch: TemporaryDirectory
    let data: DataDirectory
    var options: PodOptions

    init() throws {
        scratch = try TemporaryDirectory("stage0")
        data = DataDirectory(scratch.path.appending("data"))
        let image = scratch.path.appending("app.aci")
        try ACIBuilder(name: "example.com/app").file("/etc/x", "x").app(exec: ["/x"]).write(to: image)
        let stage1 = scratch.path.appending("stage1.aci")
        try Self.stage1("example.com/stage1").write(to: stage1)
        options = PodOptions(
            .apps([AppOptions(image: .file(image))]), stage1Locations: Stage1Locations(directories: []))
        options.stage1 = .path(stage1)
    }

    private static func stage1(_ name: String) -> ACIBuilder {
        ["run", "enter", "gc"].reduce(ACIBuilder(name: name).file("/run", mode: 0o755)) {
            $0.annotation("coreos.com/rkt/stage1/\($1)", "/run")
        }
    }

    private func prepare(
        insecure: InsecureFetching = .image, _ change: (inout PodOptions) -> Void = { _ in }
    ) throws -> Pod {
        var options = options
        change(&options)
        return try preparePod(options, in: data, fetcher: fetcher(insecure), durable: false, report: { _ in })
    }

    private func fetcher(_ insecure: InsecureFetching) throws -> ImageFetcher {
        var options = FetchOptions(policy: .new, keys: KeyStore(system: scratch.path, local: scratch.path))
        options.insecure = insecure
        return try ImageFetcher(data, options, FetchConfiguration(), .silent)
    }

    @Test func `a prepared pod holds all that stage1 has to know`() throws {
        let pod = try prepare()
        #expect(pod.state == .preparing)
        #expect(try pod.manifest().apps.map(\.name.rawValue) == ["app"])
        #expect(try pod.imageManifest(of: ACName("app")).name.rawValue == "example.com/app")
        #expect(try pod.creationTime() != nil)
        let tree = try pod.stage1TreeID()
        #expect(exists(data.path.appending("cas/tree/\(tree)/rootfs/run")))
        #expect(exists(pod.path.appending("stage1/manifest")))
        try pod.finishPreparing()
        #expect(try data.pods.pod(pod.id).state == .prepared)
    }

    @Test func `an overlay pod has directories for what it writes, with the image's modes`() throws {
        let pod = try prepare()
        try #require(pod.usesOverlay(), "the build directory is on a file system that overlayfs can use")
        let app = try ACName("app")
        let upper = pod.path.appending("overlay/\(try pod.treeID(of: app))/upper/app")
        #expect(try FileStatus(of: upper).permissions == 0o755)
        let stage1 = pod.path.appending("overlay/\(try pod.stage1TreeID())/upper")
        #expect(exists(stage1.appending("rkt/status")))
        #expect(exists(stage1.appending("opt/stage2/app/rootfs")))
        #expect(exists(stage1.appending("opt/stage2/app/manifest")))
    }

    @Test func `without overlay the trees are copied`() throws {
        let pod = try prepare { $0.usesOverlay = false }
        #expect(!pod.usesOverlay())
        #expect(exists(pod.path.appending("stage1/rootfs/run")))
        #expect(exists(pod.path.appending("stage1/rootfs/opt/stage2/app/rootfs/etc/x")))
    }

    @Test func `a file without a signature needs the option`() throws {
        let error = #expect(throws: Failure.self) { try prepare(insecure: []) }
        #expect(error?.message == "error opening signature file")
        #expect(try data.images().list().isEmpty)
    }

    @Test func `a stage1 image without entry points is refused before there is a pod`() throws {
        let file = scratch.path.appending("bare.aci")
        try ACIBuilder(name: "example.com/bare").write(to: file)
        #expect(throws: Failure.self) { try prepare { $0.stage1 = .path(file) } }
        #expect(try data.pods.identifiers(in: PodDirectory.allCases) { _ in }.isEmpty)
    }

    @Test func `a stage1 image in a trusted directory needs no option, and is imported anew when it changes`() throws {
        let directory = scratch.path.appending("images")
        try LinuxSystem.makeDirectory(directory, mode: 0o755)
        let file = directory.appending("stage1-x.aci")
        try Self.stage1("coreos.com/rkt/stage1-x").write(to: file)
        let locations = Stage1Locations(directories: [directory])
        let strict = try fetcher([])
        let first = try strict.stage1Image(.fromDirectory("stage1-x.aci"), at: locations)
        #expect(try strict.stage1Image(.path(file), at: locations) == first)
        #expect(
            try strict.stage1Image(.name("coreos.com/rkt/stage1-x"), at: locations) == first)

        try Self.stage1("coreos.com/rkt/stage1-x").file("/new").write(to: file)
        let second = try strict.stage1Image(.fromDirectory("stage1-x.aci"), at: locations)
        #expect(second != first)

        chmod(directory.string, 0o777)
        #expect(throws: Failure.self) {
            try strict.stage1Image(.path(file), at: locations)
        }
        #expect(try fetcher(.image).stage1Image(.path(file), at: locations) == second)
    }

    @Test func `gc clears prepared pods that have waited too long, and only those`() throws {
        let pod = try prepare()
        try pod.finishPreparing()
        var options = GCOptions()
        var events: [GCEvent] = []
        #expect(try collectPods(options, in: data) { events.append($0) } == 0)
        #expect(events == [])
        options.expirePrepared = .zero
        #expect(try collectPods(options, in: data) { events.append($0) } == 0)
        #expect(events == [.discardingPrepared(pod.id), .collecting(pod.id)])
        #expect(try data.pods.identifiers(in: PodDirectory.allCases) { _ in }.isEmpty)
    }

    @Test func `gc only marks where it is told so, and keeps what is within the grace period`() throws {
        let id = try prepare().id
        var options = GCOptions()
        options.markOnly = true
        var events: [GCEvent] = []
        _ = try collectPods(options, in: data) { events.append($0) }
        #expect(events == [.discardingFailedPrepare(id)])
        #expect(try data.pods.pod(id).state == .garbage)
    }

    @Test func `image gc keeps what a prepared pod needs`() throws {
        let pod = try prepare()
        try pod.finishPreparing()
        var removed: [ImageID] = []
        func collect() throws {
            try collectImages(olderThan: .zero, in: data) { event in
                if case .removedImage(let id) = event { removed.append(id) }
            }
        }
        try collect()
        #expect(removed.isEmpty)
        #expect(try data.trees().list().count == 2)
        try removePod(data.pods.pod(pod.id), in: data) { _ in }
        try collect()
        #expect(removed.count == 2)
        #expect(try data.trees().list().isEmpty)
    }
}
