import AppContainer
import LinuxSystem
import Pods
import SystemPackage
import Testing

@Suite struct PodFilesTests {
    let scratch: ScratchDirectory
    let pod: Pod
    let app: ACName

    init() throws {
        scratch = try ScratchDirectory()
        pod = try PodStore(dataDirectory: scratch.path).create()
        app = try ACName("web")
    }

    private func write(_ text: String, _ name: String) throws {
        var parts = name.split(separator: "/").map(String.init)
        let file = parts.removeLast()
        let directory = parts.reduce(pod.path) { $0.appending($1) }
        try makeDirectories(directory, mode: 0o750)
        try writeFile(Array(text.utf8), to: directory.appending(file), mode: 0o640, durable: false)
    }

    @Test func `times and pids are unknown until somebody writes them`() throws {
        #expect(try pod.creationTime() == nil)
        #expect(try pod.pid() == nil)
        try write("", PodFile.created)
        try write("4711\n", PodFile.parentPID)
        try pod.startRunning()
        #expect(try pod.creationTime() != nil)
        #expect(try pod.startTime() != nil)
        #expect(try pod.pid() == 4711)
        try write("4712", PodFile.pid)
        #expect(try pod.pid() == 4712)
        #expect(try pod.markedTime() == nil)
    }

    @Test func `a pid that is no number is an error`() throws {
        try write("-1", PodFile.pid)
        #expect(throws: PodError.unreadable(pod.id, file: "pid")) { try pod.pid() }
    }

    @Test func `an app's status is read from the copy of stage1`() throws {
        #expect(try pod.exitStatus(of: app) == nil)
        try write("42\n", "stage1/rootfs/rkt/status/web")
        #expect(try pod.exitStatus(of: app) == 42)
        #expect(try pod.exitTime(of: app) != nil)
    }

    @Test func `an app of a mutable pod is what its own files say`() throws {
        try write("", PodFile.created)
        try pod.startRunning()
        #expect(try pod.status(of: app, isMutable: true) == AppStatus(.unknown))
        #expect(try pod.status(of: app, isMutable: false).state == .running)
        try write("", "stage1/rootfs/rkt/status/web-created")
        let created = try pod.status(of: app, isMutable: true)
        #expect(created.state == .created && created.created != nil && created.started == nil)
        try write("", "stage1/rootfs/rkt/status/web-started")
        let running = try pod.status(of: app, isMutable: true)
        #expect(running.state == .running && running.started != nil && running.finished == nil)
        try write("3\n", "stage1/rootfs/rkt/status/web")
        let exited = try pod.status(of: app, isMutable: true)
        #expect(exited.state == .exited && exited.exitStatus == 3 && exited.finished != nil)
        try write("no number", "stage1/rootfs/rkt/status/web")
        #expect(try pod.status(of: app, isMutable: true).exitStatus == 1)
    }

    @Test func `a manifest is changed by one at a time and never half`() throws {
        try write("", PodFile.manifestLock)
        try write(#"{"acVersion":"1.30.0","acKind":"PodManifest","apps":[]}"#, PodFile.manifest)
        let edit = try ManifestEdit(pod)
        var manifest = edit.manifest
        manifest.userLabels["a"] = "b"
        try edit.save(manifest)
        #expect(try pod.manifest().userLabels["a"] == "b")
        let other = try Descriptor.open(pod.path.appending(PodFile.manifestLock), [.readWrite])
        #expect(try !other.tryLock(.exclusive))
        _ = consume edit
        #expect(try other.tryLock(.exclusive))
    }

    @Test func `an app's status is read from the upper directory of an overlay`() throws {
        try write("", PodFile.overlayPrepared)
        try write("deps-sha512-1234\n", PodFile.stage1TreeID)
        try write("7", "overlay/deps-sha512-1234/upper/rkt/status/web")
        #expect(try pod.exitStatus(of: app) == 7)
    }

    @Test(arguments: ["", "x", "99999999999"])
    func `a status that is no number is an error`(text: String) throws {
        try write(text, "stage1/rootfs/rkt/status/web")
        #expect(throws: PodError.unreadable(pod.id, file: "stage1/rootfs/rkt/status/web")) {
            try pod.exitStatus(of: app)
        }
    }

    @Test func `a status that is a link out of the pod is not read`() throws {
        try write("", "stage1/rootfs/rkt/status/other")
        let secret = scratch.path.appending("secret")
        try writeFile([0x31], to: secret, mode: 0o600, durable: false)
        try makeLink("stage1/rootfs/rkt/status/web", to: "\(secret)")
        #expect(throws: SystemCallError.self) { try pod.exitStatus(of: app) }
    }

    @Test(arguments: ["../../../etc", "/etc", ""])
    func `a tree ID cannot lead out of the pod`(text: String) throws {
        try write("", PodFile.overlayPrepared)
        try write(text, PodFile.stage1TreeID)
        #expect(throws: PodError.unreadable(pod.id, file: PodFile.stage1TreeID)) { try pod.exitStatus(of: app) }
    }

    @Test func `a pod is ready when its supervisor says so`() throws {
        #expect(try !pod.isReady())
        try write("", "stage1/rootfs/rkt/other")
        #expect(try !pod.isReady())
        try makeLink("stage1/rootfs/rkt/supervisor-status", to: "ready")
        #expect(try pod.isReady())
    }

    private func makeLink(_ name: String, to target: String) throws {
        try symbolicLink(at: pod.path.appending(name), to: target)
    }
}
