package import AppContainer
import Glibc
import ImageRender
import ImageStore
import JSON
import LinuxSystem
package import Pods
import Stage1Interface
import SystemPackage

/// Adds an app to a running mutable pod; it is not started.
///
/// What fails leaves the pod as it was, unlike in the original.
///
/// `fetcher` gets the image, which should come from the store.
/// `report`: called with each sentence that the user should see.
///
/// Source: rkt 1.30.0, stage0/app_add.go.
package func addApp(
    _ request: AppOptions, to pod: Pod, _ options: AppChangeOptions, in data: DataDirectory, fetcher: ImageFetcher,
    report: (String) -> Void
) throws {
    guard pod.state == .running else { throw AppError.podNotRunning(pod.id) }
    guard try pod.isReady() else { throw AppError.podNotReady(pod.id) }
    let lock = try data.lockPreparation(.shared)
    defer { withExtendedLifetime(lock) {} }
    let images = try explaining("error finding images") { try fetcher.fetch([ImageRequest(request.image)]).map(\.id) }
    try explaining("error adding app to pod") {
        for image in images { try AppAddition(request, image, pod, options, data).perform(report: report) }
    }
}

/// How an app of a running pod is to be changed.
package struct AppChangeOptions: Sendable {
    package var debug = false
    /// As ``PodOptions/skipsTreeCheck``.
    package var skipsTreeCheck = false

    package init() {}
}

private struct AppAddition {
    let place: AppPlace
    let app: RequestedApp
    let image: ImageManifest
    let imageManifest: [UInt8]
    let tree: TreeID
    let control: AppControl
    private let data: DataDirectory

    init(
        _ request: AppOptions, _ imageID: ImageID, _ pod: Pod, _ options: AppChangeOptions, _ data: DataDirectory
    ) throws {
        let store = try data.images()
        image = try store.manifest(of: imageID)
        app = try RequestedApp(request, imageID: imageID, manifest: image)
        place = try AppPlace(pod: pod, app: app.name, data: data)
        control = AppControl(pod: pod, app: app.name, debug: options.debug, data: data)
        try control.require([.appAdd])
        imageManifest = try store.manifestBytes(of: imageID)
        store.touch(imageID)
        self.data = data
        tree = try data.trees().render(imageID)
        if !options.skipsTreeCheck { try data.trees().verifySeal(of: tree) }
    }

    func perform(report: (String) -> Void) throws {
        let edit = try ManifestEdit(place.pod)
        var manifest = edit.manifest
        guard try manifest.isMutable() else { throw Failure("cannot add application", cause: AppError.immutablePod) }
        guard manifest[app: app.name] == nil else { throw PreparationError.duplicateApp(app.name) }
        try refuseNameOfMarker()
        let (runtime, refused) = try app.runtimeApp(in: nil)
        refused.forEach(report)
        manifest.apps.append(runtime)
        try withdraw()  // what an addition left that was killed
        do {
            try fillImplicitVolumes(
                manifest.volumesToFill(of: app.name, image), from: data.trees().rootFileSystem(of: tree), to: place.pod,
                users: place.users, report: report)
            try place.make(tree, imageManifest: imageManifest)
            try control.inView { _ in
                try place.appear(tree, imageManifest: imageManifest, environment: environmentFile(of: runtime))
            }
            try edit.save(manifest)
            let end = try control.call(.appAdd)
            guard end == .exited(0) else { throw Failure(sentence(end)) }
        } catch {
            try? edit.save(edit.manifest)  // the first error is the one to tell
            try? withdraw()
            throw error
        }
    }

    /// The status of such an app would be in the file that tells when another one was added or started.
    private func refuseNameOfMarker() throws {
        for suffix in ["-created", "-started"] where app.name.rawValue.hasSuffix(suffix) {
            throw AppError.nameOfMarker(app.name, suffix: suffix)
        }
    }

    private func withdraw() throws {
        try control.inView { _ in try place.disappear(from: Stage1ABI.Path.stage1Root) }
        try place.remove()
    }

    private func environmentFile(of runtime: RuntimeApp) -> [UInt8] {
        var variables = AppEnvironment()
        variables.set((runtime.app?.environment ?? []).map { ($0.name, $0.value) })
        variables.set([("AC_APP_NAME", app.name.rawValue)])
        let lines = variables.variables.filter { !$0.value.contains("\n") }.map { "\($0.name)=\($0.value)\n" }
        return Array(lines.joined().utf8)
    }
}

/// Starts an app of a running mutable pod that does not run; one that runs is left alone.
///
/// Source: rkt 1.30.0, stage0/app_start.go.
package func startApp(_ app: ACName, in pod: Pod, debug: Bool, data: DataDirectory) throws {
    guard pod.state == .running else { throw AppError.podNotRunning(pod.id) }
    try explaining("error starting app") {
        let control = AppControl(pod: pod, app: app, debug: debug, data: data)
        let files = AppStartFiles(app)
        let wasRunning = try beginStart(of: app, in: pod, files, control)
        let end = try control.call(.appStart)
        if !wasRunning { try control.inView { _ in try end == .exited(0) ? files.finish() : files.undo() } }
        guard end == .exited(0) else { throw Failure("\"\(app)\" failed to start: \(sentence(end))") }
    }
}

/// Makes an app count as running, unless it runs already: the result.
///
/// The lock on the manifest is held no longer than that: an app may say that it is ready when another one is there that is
/// yet to be added.
private func beginStart(
    of app: ACName, in pod: Pod, _ files: AppStartFiles, _ control: AppControl
) throws -> Bool {
    let edit = try ManifestEdit(pod)
    defer { withExtendedLifetime(edit.manifest) {} }
    try check(app, in: edit.manifest, action: "cannot start application")
    try control.require([.appStart])
    let wasRunning = try pod.status(of: app, isMutable: true).state == .running
    if !wasRunning { try control.inView { _ in try files.begin() } }
    return wasRunning
}

/// Stops an app of a mutable pod, and returns when it has ended.
///
/// Source: rkt 1.30.0, stage0/app_stop.go.
package func stopApp(_ app: ACName, in pod: Pod, debug: Bool, data: DataDirectory) throws -> StopOutcome {
    if pod.state.isAfterRun { return .alreadyStopped }
    guard pod.state == .running else { throw AppError.podNotRunning(pod.id) }
    try explaining("error stopping app") {
        try check(app, in: pod.manifest(), action: "cannot stop application")
        let control = AppControl(pod: pod, app: app, debug: debug, data: data)
        try control.require([.appStop])
        switch try control.call(.appStop) {
        case .exited(0): return
        case .exited(AppArguments.notRunning): throw AppError.notRunning(app)
        case let end: throw Failure(sentence(end))
        }
    }
    return .stopping
}

/// Removes an app from a mutable pod, stopping it before; the pod need not run.
///
/// Source: rkt 1.30.0, stage0/app_rm.go.
package func removeApp(_ app: ACName, from pod: Pod, debug: Bool, data: DataDirectory) throws {
    try explaining("error removing app") {
        try check(app, in: pod.manifest(), action: "cannot remove application")
        let place = try AppPlace(pod: pod, app: app, data: data)
        let control = AppControl(pod: pod, app: app, debug: debug, data: data)
        if pod.state == .running {
            try control.require([.appStop, .appRemove])
            let end = try control.call(.appStop)
            guard end == .exited(0) || end == .exited(AppArguments.notRunning) else { throw Failure(sentence(end)) }
        }
        let edit = try ManifestEdit(pod)
        if pod.state == .running {
            let end = try control.call(.appRemove)
            guard end == .exited(0) else { throw Failure(sentence(end)) }
            try control.inView { _ in try place.disappear(from: Stage1ABI.Path.stage1Root) }
        } else {
            try place.disappear(
                from: absolute(pod.path).pushing(FilePath(pod.supervisorDirectory())).removingLastComponent())
        }
        var manifest = edit.manifest
        manifest.apps.removeAll { $0.name == app }
        try edit.save(manifest)
        try place.remove()
    }
}

private func check(_ app: ACName, in manifest: PodManifest, action: String) throws {
    guard try manifest.isMutable() else { throw Failure(action, cause: AppError.immutablePod) }
    guard manifest[app: app] != nil else { throw AppError.unknownApp(app) }
}

private func sentence(_ end: ProcessEnd) -> String {
    switch end {
    case .exited(let status): "exit status \(status)"
    case .signaled(let signal): "signal \(signal)"
    }
}
