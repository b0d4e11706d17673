import AppContainer
import CLinux
import Glibc
import ImageRender
import LinuxSystem
package import Pods
import Stage1Interface
import SystemPackage

/// Runs a pod that this process prepared: this process becomes its stage1.
///
/// Returns only by throwing. The pod changes its state when its trees have been checked.
///
/// `report`: called with each sentence that the user should see.
package func runPod(
    _ pod: Pod, _ options: RunOptions, in data: DataDirectory, report: (String) -> Void
) throws -> Never {
    let start = try PodStart(pod, options, data, report: report)
    if options.isInteractive, start.apps.count > 1 {
        throw Failure("interactive option only supports pods with one app")
    }
    try pod.startRunning()
    try start.becomeStage1()
}

/// Runs a pod that `rkt prepare` left: this process becomes its stage1.
///
/// Of two processes that try, one gets an error. Restrictions are lifted as this call says, not as the preparation did.
package func runPreparedPod(
    _ pod: Pod, _ options: RunOptions, in data: DataDirectory, report: (String) -> Void
) throws -> Never {
    guard pod.state == .prepared else { throw Failure("pod \"\(pod.id)\" is not prepared") }
    if pod.usesOverlay(), let obstacle = overlayObstacle(data.path) {
        throw Failure("unable to run prepared overlay-enabled pod: overlay not supported: \(obstacle)")
    }
    let start = try PodStart(pod, options, data, report: report)
    if options.isInteractive, start.apps.count > 1 {
        throw Failure("interactive option only supports pods with one app")
    }
    try pod.startRunningPrepared()
    try start.becomeStage1()
}

/// Everything that is known, and checked, before the pod's state changes.
private struct PodStart {
    let apps: [ACName]
    private let pod: Pod
    private let options: RunOptions
    private let trees: [(tree: PodTree, root: FilePath)]
    private let users: UserRange?
    private let program: FilePath
    private let arguments: [String]

    init(_ pod: Pod, _ options: RunOptions, _ data: DataDirectory, report: (String) -> Void) throws {
        self.pod = pod
        self.options = options
        let manifest = try pod.manifest()
        apps = manifest.apps.map(\.name)
        let isMutable = try manifest.isMutable()
        guard !apps.isEmpty || isMutable else { throw PreparationError.noApps }
        let stage1 = try PodStage1(of: pod)
        if isMutable, !stage1.supportsMutablePods { throw AppError.noMutablePods }
        program = try stage1.path(of: .run)
        users = try pod.users()
        var arguments = runArguments(pod, options, users)
        arguments.isMutable = isMutable
        for sentence in arguments.unsupported(byInterface: stage1.interfaceVersion) { report("warning: \(sentence)") }
        self.arguments = arguments.words(forInterface: stage1.interfaceVersion)
        guard pod.usesOverlay() else {
            trees = []
            return
        }
        let store = try data.trees()
        trees = try pod.mountedTrees(apps: apps).map { tree in
            if !options.skipsTreeCheck { try store.verifySeal(of: tree.tree) }
            return (tree, try absolute(store.rootFileSystem(of: tree.tree)))
        }
    }

    /// What fails here leaves an exited pod.
    ///
    /// Source: rkt 1.30.0, stage0/run.go, `Run`.
    func becomeStage1() throws -> Never {
        try record(options, in: pod)
        let directory = try absolute(pod.path)
        // Made now, because its presence tells stage1 that somebody has mounted the host's tree there.
        try pod.descriptor.makeDirectory(PodFile.host, mode: 0o750)
        try enterPodMountNamespace(hostTree: directory.appending(PodFile.host))
        let namespace =
            try trees.isEmpty
            ? nil
            : users.map { users in
                try explaining("cannot make a user namespace") { try UserNamespace(users) }
            }
        for (tree, root) in trees { try tree.mount(root, in: directory, users: namespace) }
        try options.nameFiles.write(to: directory)
        for app in apps {
            try linkMountTable(inApp: directory.pushing(Stage1ABI.Path.appRoot(app.rawValue)), owner: users?.shift)
        }

        try changeDirectory(to: directory)
        let executable = directory.pushing(Stage1ABI.Path.stage1Root).pushing(program)
        try pod.descriptor.setInheritable(true)
        PassedSockets.setInheritable(true)
        try explaining("cannot start stage1") {
            try replaceProcess(
                executable, [executable.string] + arguments, environment: stage1Environment(lock: pod.descriptor.raw))
        }
    }
}

private func runArguments(_ pod: Pod, _ options: RunOptions, _ users: UserRange?) -> RunArguments {
    var arguments = RunArguments(pod: pod.id)
    arguments.privateUsers = users?.description
    arguments.debug = options.debug
    arguments.networks = options.networks
    arguments.isInteractive = options.isInteractive
    arguments.hostname = options.hostname
    arguments.localConfiguration = options.localConfiguration?.string
    arguments.lifted = options.lifted
    arguments.nameFiles = options.nameFiles.modes
    arguments.ipc = options.ipc
    return arguments
}

/// The caller's environment, with what stage1 has to know in place of what an outer rkt may have left.
private func stage1Environment(lock: CInt) -> [String] {
    let own = [
        (Stage1ABI.lockDescriptorVariable, "\(lock)"), (Stage1ABI.selinuxContextVariable, ""),
        (Stage1ABI.selinuxMountContextVariable, ""),
    ]
    let inherited = processEnvironment().filter { variable in !own.contains { variable.hasPrefix("\($0.0)=") } }
    return inherited + own.map { "\($0.0)=\($0.1)" }
}

/// Writes down which process holds the pod's mounts, and which restrictions this run lifts.
private func record(_ options: RunOptions, in pod: Pod) throws {
    try pod.descriptor.createFile(Array("\(getpid())\n".utf8), name: PodFile.supervisorPID, mode: 0o640)
    var names: [String] = []
    if options.lifted.contains(.capabilities) { names.append("capabilities") }
    if options.lifted.contains(.paths) { names.append("paths") }
    if options.lifted.contains(.seccomp) { names.append("seccomp") }
    if options.skipsTreeCheck { names.append("ondisk") }
    if names.isEmpty { return }
    let text = names.map { $0 + "\n" }.joined()
    try pod.descriptor.createFile(Array(text.utf8), name: PodFile.insecureOptions, mode: 0o640)
}

/// Makes `/etc/mtab` where an app's image has a directory `/etc` without it.
///
/// Everything is looked up inside the app's root: where `/etc` is a link, nothing is made. `owner` is whom it belongs to
/// unless that is the host's root.
func linkMountTable(inApp root: FilePath, owner: UInt32?) throws(SystemCallError) {
    do {
        let directory = try Descriptor.open(root, [.path, .directory])
            .openBeneath("etc", [.directory, .noFollow], confinement: .inRootWithoutSymlinks)
        let number = directory.raw
        if (try? FileStatus(of: "mtab", below: directory)) != nil { return }  // it cannot be looked at: not there
        try check("symlinkat", "'etc/mtab' in the app") { symlinkat("../proc/self/mounts", number, "mtab") }
        if let owner {
            try check("fchownat", "'etc/mtab' in the app") {
                fchownat(number, "mtab", owner, owner, CInt(CLINUX_AT_SYMLINK_NOFOLLOW))
            }
        }
    } catch
        where [.noSuchFileOrDirectory, .notDirectory, .tooManySymbolicLinkLevels, .fileExists].contains(error.errno)
    {
        return
    }
}
