package import AppContainer
import LinuxSystem
package import Stage1Interface
package import Stage2Interface
package import SystemPackage

/// All that a flavor with isolation does for one app.
package struct AppPlan: Sendable {
    package let name: ACName
    /// Started one after the other: `pre-start`, the app itself, `post-stop`.
    package let beforeStart: LaunchSpec?
    package let main: LaunchSpec
    package let afterStop: LaunchSpec?
    package let volumes: [VolumeMount]
    package let resources: ResourcePlan
    package let isRootReadOnly: Bool
    package let stop: StopPlan
    /// Sentences for stderr.
    package let warnings: [String]
}

/// Decides everything about an app from its manifests and the files of its root.
///
/// `root` is where the app's files are now, if not in their place in the pod directory.
/// `filter` compiles a policy; a policy that two apps share is compiled twice unless it remembers.
package func planApp(
    _ app: PreparedApp, of pod: PreparedPod, lifted: LiftedRestrictions, limits: [LaunchSpec.ResourceLimit],
    root: FilePath? = nil, filter: (SeccompPolicy) throws -> [UInt8]
) throws -> AppPlan {
    let files = AppFiles(root: try Descriptor.open(root ?? app.root, [.directory, .path]))
    let identity = try resolveIdentity(of: app, in: files)
    let volumes = try volumePlan(for: app, of: pod.manifest)

    var spec = LaunchSpec(
        arguments: app.app.exec, environment: try environment(of: app, named: true), user: identity.user,
        group: identity.group)
    spec.supplementaryGroups = identity.supplementaryGroups
    spec.workingDirectory = app.app.workingDirectory ?? "/"
    spec.searchPath = searchPath(of: app)
    spec.limits = limits
    spec.noNewPrivileges = app.app.isolators.contains { $0 == .noNewPrivileges(true) }
    if !lifted.contains(.capabilities) { spec.capabilities = try capabilityMask(of: app.app) }
    if !lifted.contains(.seccomp) { spec.seccompFilter = try filter(seccompPolicy(of: app.app)) }

    func handler(_ event: EventHandler.Event) -> LaunchSpec? {
        guard let handler = app.app.eventHandlers.first(where: { $0.event == event }) else { return nil }
        var hook = spec
        hook.arguments = handler.exec
        hook.user = 0
        hook.group = 0
        hook.supplementaryGroups = []
        return hook
    }
    return AppPlan(
        name: app.name, beforeStart: handler(.preStart), main: spec, afterStop: handler(.postStop),
        volumes: volumes.mounts, resources: ResourcePlan(app.app), isRootReadOnly: app.runtime.readOnlyRootFS,
        stop: try StopPlan(app),
        warnings: volumes.warnings)
}
