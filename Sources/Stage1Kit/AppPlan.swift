package import AppContainer
package import LinuxSystem
package import Stage1Interface
package import Stage2Interface
package import SystemPackage

/// All that a flavor with isolation does for one app.
package struct AppPlan: Sendable {
    package let name: ACName
    /// Started one after the other: `pre-start`, the app itself, `post-stop`.
    package let beforeStart: LaunchSpec?
    package internal(set) var main: LaunchSpec
    package let afterStop: LaunchSpec?
    package internal(set) var volumes: [VolumeMount]
    package let resources: ResourcePlan
    package let sysctls: [Sysctl]
    package let isRootReadOnly: Bool
    package let stop: StopPlan
    /// Whether the app says itself when it is ready; its image promises that.
    package let saysReady: Bool
    /// Open sockets that the app is started with.
    package internal(set) var sockets: [AppSocket] = []
    /// Sentences for stderr.
    package let warnings: [String]
}

/// Decides everything about an app from its manifests and the files of its root.
///
/// `root` is where the app's files are now, if not in their place in the pod directory. `users` are those of the pod when
/// they are not the host's.
/// `filter` compiles a policy; a policy that two apps share is compiled twice unless it remembers.
package func planApp(
    _ app: PreparedApp, of pod: PreparedPod, lifted: LiftedRestrictions, limits: InheritedLimits,
    root: FilePath? = nil, users: UserRange? = nil, filter: (SeccompPolicy) throws -> [UInt8]
) throws -> AppPlan {
    let files = AppFiles(root: try Descriptor.open(root ?? app.root, [.directory, .path]), users: users)
    let identity = try resolveIdentity(of: app, in: files)
    if let users { try identity.check(isIn: users) }
    let volumes = try volumePlan(for: app, of: pod.manifest)
    _ = try KubernetesLogPlan(app, of: pod.manifest)  // an app that can never start is not to be added

    var spec = LaunchSpec(
        arguments: app.app.exec, environment: try environment(of: app, named: true), user: identity.user,
        group: identity.group)
    spec.supplementaryGroups = identity.supplementaryGroups
    spec.workingDirectory = app.app.workingDirectory ?? "/"
    spec.searchPath = searchPath(of: app)
    spec.limits = try limits.limits(of: app.app)
    spec.noNewPrivileges = app.app.isolators.contains { $0 == .noNewPrivileges(true) }
    // What is wrong is wrong also where nothing is restricted.
    let capabilities = try capabilityMask(of: app.app)
    let policy = try seccompPolicy(of: app.app)
    if !lifted.contains(.capabilities) { spec.capabilities = capabilities }
    if !lifted.contains(.seccomp) { spec.seccompFilter = try filter(policy) }
    spec.ambientCapabilities = try ambientMask(of: app.app, within: spec.capabilities)

    func handler(_ event: EventHandler.Event) -> LaunchSpec? {
        guard let handler = app.app.eventHandlers.first(where: { $0.event == event }) else { return nil }
        var hook = spec
        hook.arguments = handler.exec
        hook.user = 0
        hook.group = 0
        hook.supplementaryGroups = []
        hook.ambientCapabilities = 0
        return hook
    }
    return AppPlan(
        name: app.name, beforeStart: handler(.preStart), main: spec, afterStop: handler(.postStop),
        volumes: volumes.mounts, resources: try ResourcePlan(app.app), sysctls: try sysctls(of: app.app),
        isRootReadOnly: app.runtime.readOnlyRootFS, stop: try StopPlan(app),
        saysReady: app.image.annotations["appc.io/executor/supports-systemd-notify"] == "true",
        warnings: volumes.warnings + warnings(about: app))
}

/// What an app asks for and does not get.
private func warnings(about app: PreparedApp) -> [String] {
    app.app.isolators.compactMap { isolator in
        let reason: String
        switch isolator {
        case .networkBandwidth: reason = "needs a network of the pod's own, which stage1-ns cannot give yet"
        case .selinuxContext: reason = "asks for a label of SELinux, which stage1-ns does not set"
        default: return nil
        }
        return "warning: \(isolator.name) isolator of app '\(app.name)' \(reason), ignoring"
    }
}

extension AppPlan {
    /// Shows the app the socket where it is to say that it is ready.
    package mutating func hear(_ socket: FilePath, at pathInApp: String) {
        volumes.append(
            VolumeMount(source: .host(socket.string, recursive: false), targetInApp: pathInApp, readOnly: false))
        main.environment.removeAll { $0.hasPrefix("\(NotificationSocket.variable)=") }
        main.environment.append("\(NotificationSocket.variable)=\(pathInApp)")
    }

    /// Starts the app with these sockets open.
    package mutating func give(_ sockets: [AppSocket]) {
        self.sockets = sockets
        main.socketNames = sockets.map(\.name.rawValue)
    }
}
