import AppContainer
import CLinux
import Glibc
import ImageRender
import LinuxSystem
import Pods
import Stage1Interface
import SystemPackage

/// What stage0 makes for one app of a pod that is running already, and takes away again.
///
/// Below the pod's directory as the host sees it: the image's manifest, and with overlayfs the directories that take what
/// the app writes. Below stage1's root, which only processes of the pod's view see: everything else. Two apps of one image
/// share its rendered tree and nothing more.
struct AppPlace {
    let pod: Pod
    let app: ACName
    let data: DataDirectory

    /// Those of the pod, when they are not the host's.
    let users: UserRange?

    init(pod: Pod, app: ACName, data: DataDirectory) throws {
        self.pod = pod
        self.app = app
        self.data = data
        users = try pod.users()
    }

    private var stage1Root: FilePath { Stage1ABI.Path.stage1Root }
    private var ownDirectory: String { "opt/stage2/\(app)" }

    /// Makes what the host sees; `tree` is the image's.
    func make(_ tree: TreeID, imageManifest: [UInt8]) throws {
        let mode = try FileStatus(of: pod.descriptor).permissions
        try pod.descriptor.makeDirectory("\(PodFile.appsInfo)/\(app)", mode: mode)
        try pod.descriptor.createFile(imageManifest, name: PodFile.imageManifest(of: app.rawValue), mode: 0o640)
        let root = try data.trees().rootFileSystem(of: tree)
        guard pod.usesOverlay() else {
            let stage1 = try pod.descriptor.open(stage1Root.string, .directory)
            try makeStage1Directories(below: stage1, apps: [app])
            try copyTree(
                from: Descriptor.open(root, .directory), to: stage1.open("\(ownDirectory)/rootfs", .directory),
                for: users)
            return
        }
        try PodTree(tree: tree, app: app).makeDirectories(in: pod, root: root, apps: [], users: users)
        try pod.descriptor.createFile(
            Array(tree.description.utf8), name: PodFile.treeID(of: app.rawValue), mode: 0o640)
    }

    /// Makes what the pod sees: for a process in the pod's view.
    func appear(_ tree: TreeID, imageManifest: [UInt8], environment: [UInt8]) throws {
        let stage1 = try Descriptor.open(stage1Root, .directory)
        try makeStage1Directories(below: stage1, apps: [app])
        try stage1.createFile(imageManifest, name: "\(ownDirectory)/manifest", mode: 0o640)
        let directory = try absolute(pod.path)
        if pod.usesOverlay() {
            let namespace = try users.map { users in
                try explaining("cannot make a user namespace") { try UserNamespace(users) }
            }
            try PodTree(tree: tree, app: app).mount(
                absolute(data.trees().rootFileSystem(of: tree)), in: directory, users: namespace)
        }
        try linkMountTable(
            inApp: directory.pushing(Stage1ABI.Path.appRoot(app.rawValue)), owner: users?.shift)
        try stage1.makeDirectory("rkt/env", mode: 0o755, mayExist: true)
        try stage1.createFile(environment, name: "rkt/env/\(app)", mode: 0o644)
        try stage1.createFile([], name: "rkt/status/\(app)-created", mode: 0o644)
    }

    /// Takes away what ``appear(_:imageManifest:environment:)`` made, and all that stage1 wrote about the app.
    ///
    /// `stage1`: stage1's root as the caller sees it. Nothing there is no error.
    func disappear(from stage1: FilePath) throws {
        try unmountIfMounted(stage1.appending("\(ownDirectory)/rootfs"))
        let directory = try Descriptor.open(stage1, .directory)
        try removeTree(ownDirectory, below: directory)
        for name in ["env/\(app)", "status/\(app)", "status/\(app)-created", "status/\(app)-started"] {
            try removeTree("rkt/\(name)", below: directory)
        }
    }

    /// Takes away what ``make(_:imageManifest:)`` made, and the volumes that no other app has.
    ///
    /// Nothing there is no error. The directories of another app of the same image stay.
    func remove() throws {
        try removeVolumes()
        if let tree = try? TreeID(parsing: pod.treeID(of: app)) {  // a copied app has none
            let own = PodTree(tree: tree, app: app)
            try removeTree(own.upper.string, below: pod.descriptor)
            try removeTree(own.work.string, below: pod.descriptor)
            for directory in [own.upper, own.work].map({ $0.removingLastComponent() }) {
                removeIfEmpty(directory)
            }
            removeIfEmpty(own.upper.removingLastComponent().removingLastComponent())
        }
        try removeTree("\(PodFile.appsInfo)/\(app)", below: pod.descriptor)
        if !pod.usesOverlay() { try removeTree("\(stage1Root)/\(ownDirectory)", below: pod.descriptor) }
    }

    /// In mutable pods the directories of such volumes begin with the app's name and a dot, which no other name has.
    private func removeVolumes() throws {
        let directory = try absolute(pod.path).pushing(Stage1ABI.Path.sharedVolumes)
        for name in try listDirectory(directory) where name.hasPrefix("\(app).") {
            try removeTree("\(Stage1ABI.Path.sharedVolumes)/\(name)", below: pod.descriptor)
        }
    }

    private func removeIfEmpty(_ directory: FilePath) {
        let number = pod.descriptor.raw
        unlinkat(number, directory.string, CInt(CLINUX_AT_REMOVEDIR))  // another app may use it
    }
}

/// The status files of an app that is about to start, and the way back.
///
/// For a process in the pod's view. What the app's last run left is kept beside until the start has succeeded.
struct AppStartFiles {
    private let app: ACName

    init(_ app: ACName) { self.app = app }

    private var names: [String] { ["\(app)", "\(app)-started"] }

    private func withDirectory(_ body: (borrowing Descriptor) throws -> Void) throws {
        try body(Descriptor.open(Stage1ABI.Path.statusDirectory, .directory))
    }

    private func kept(_ name: String) -> String { ".\(name)-before" }

    /// The app counts as running from here on.
    func begin() throws {
        try withDirectory { directory in
            for name in names where try isThere(name, directory) {
                try directory.rename(name, to: directory, as: kept(name))
            }
            try directory.createFile([], name: "\(app)-started", mode: 0o644)
        }
    }

    /// The start has succeeded.
    func finish() throws {
        try withDirectory { directory in
            for name in names { try removeTree(kept(name), below: directory) }
        }
    }

    /// The start has failed: everything is as it was.
    func undo() throws {
        try withDirectory { directory in
            for name in names {
                try removeTree(name, below: directory)
                if try isThere(kept(name), directory) { try directory.rename(kept(name), to: directory, as: name) }
            }
        }
    }

    private func isThere(_ name: String, _ directory: borrowing Descriptor) throws(SystemCallError) -> Bool {
        do {
            _ = try FileStatus(of: name, below: directory)
            return true
        } catch  where error.errno == .noSuchFileOrDirectory {
            return false
        }
    }
}
