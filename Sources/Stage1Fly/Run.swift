import AppContainer
import Glibc
import LinuxSystem
import Stage1Interface
import Stage1Kit
import Stage2Interface
import SystemPackage

/// Becomes the app: mounts what it needs in its root, changes into it, takes on its user and executes it.
///
/// The pod's lock stays open in the app, so the pod runs for as long as any of its processes does.
///
/// Source: rkt 1.30.0, stage1_fly/run/main.go.
func run(_ words: [String]) throws -> CInt {
    let arguments = try RunArguments(parsing: words)
    if arguments.isMutable { throw Failure("fly does not support mutable pods") }
    if arguments.privateUsers != nil {
        throw Failure("flag --private-users not supported by fly, which gives an app no namespaces; stage1-ns does")
    }
    try checkNames(arguments)
    try takeLockDescriptor(inheritable: true)
    closePassedSockets()

    let pod = try PreparedPod(id: arguments.pod)
    guard let app = pod.apps.first, pod.apps.count == 1 else {
        throw Failure("fly only supports 1 application per Pod for now")
    }
    if !exists(Stage1ABI.Path.hostTree) {
        try makeDirectory(Stage1ABI.Path.hostTree, mode: 0o755)
        try enterPodMountNamespace(hostTree: Stage1ABI.Path.hostTree)
    }
    let spec = try launchSpec(for: app)
    try collectNameFiles(arguments.nameFiles, hostname: nil)
    try checkLimitations(of: app)
    try addHostsFile(to: app)
    try mountEverything(for: app, of: pod)
    try record(spec, for: app)
    try become(spec, in: app)
}

/// The app has the host's name and the host's IPC namespace, whatever was asked for.
private func checkNames(_ arguments: RunArguments) throws(Failure) {
    switch arguments.ipc ?? "auto" {
    case "auto", "parent": break
    case "private": throw Failure("stage1-fly has the host's IPC namespace; --ipc=private needs stage1-ns")
    case let other: throw Failure("unknown value for --ipc parameter: \(other)")
    }
    if arguments.hostname != nil {
        writeDiagnostic("warning: --hostname is not supported by stage1-fly, the app has the host's name, ignoring")
    }
}

/// The app's environment says nothing of them, so it is not to have them.
///
/// Source: rkt 1.30.0, stage1_fly/run/main.go.
private func closePassedSockets() {
    let numbers = PassedSockets.numbers()
    for number in numbers { close(number) }
    if !numbers.isEmpty {
        writeDiagnostic("run: warning: stage1-fly hands no sockets to apps, closing \(numbers.count); stage1-ns does")
    }
}

private func launchSpec(for app: PreparedApp) throws -> LaunchSpec {
    let identity = try resolveIdentity(of: app, in: AppFiles(root: Descriptor.open(app.root, [.directory, .path])))
    var spec = LaunchSpec(
        arguments: app.app.exec, environment: try environment(of: app, named: false), user: identity.user,
        group: identity.group)
    spec.supplementaryGroups = [identity.group] + identity.supplementaryGroups
    spec.workingDirectory = app.app.workingDirectory ?? "/"
    spec.searchPath = searchPath(of: app)
    spec.limits = try InheritedLimits.current().limits(of: app.app)
    return spec
}

/// A name for this machine where the image brings none.
private func addHostsFile(to app: PreparedApp) throws {
    let root = try Descriptor.open(app.root, [.directory, .path])
    if let directory = try? root.openBeneath("/etc", [.directory]) {  // an image may do without /etc
        try directory.createMissingFile(Array("127.0.0.1 localhost localdomain\n".utf8), name: "hosts", mode: 0o644)
    }
}

/// Leaves for `enter` and `stop` what they need to know.
private func record(_ spec: LaunchSpec, for app: PreparedApp) throws {
    try makeDirectories(Stage1ABI.Path.environmentDirectory, mode: 0o755)
    let file = Stage1ABI.Path.environmentDirectory.appending(app.name.rawValue)
    try writeFile(environmentFile(spec.environment), to: file, mode: 0o644, durable: false)
    try LaunchRecord.save(spec, for: app.name)
    try MountNamespaceRecord.saveOwn()
    try writePIDFile(Stage1ABI.Path.processGroup, getpgrp())
    try writePIDFile(Stage1ABI.Path.pid, getpid())
}

private func become(_ spec: LaunchSpec, in app: PreparedApp) throws -> Never {
    try changeRoot(to: app.root)
    try assume(spec)
    do {
        // Links of /proc that lead to what is open here, the pod's directory for one, are not followed.
        let root = try Descriptor.open("/", [.directory, .path])
        try changeDirectory(to: root.openBeneath(spec.workingDirectory, [.directory, .path]))
    } catch {
        throw Failure("can't change to working directory \"\(spec.workingDirectory)\"", cause: error)
    }
    let program = try spec.locateProgram()
    do {
        try execute(program, spec)
    } catch {
        throw Failure("failed to execute \"\(program)\"", cause: error)
    }
}
