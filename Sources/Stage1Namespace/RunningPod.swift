import AppContainer
import Glibc
import LinuxSystem
import Stage1Interface
import Stage1Kit
import SystemPackage

/// A running mutable pod as the entry points for one of its apps see it: from outside, in the pod directory.
struct RunningPod: ~Copyable {
    let id: PodID
    /// The pod's first process.
    let process: Descriptor
    private let pid: CInt
    /// What the user lifted who started the pod.
    let lifted: LiftedRestrictions
    /// Those of the pod, when they are not the host's.
    let users: UserRange?

    init() throws {
        let directory = try readLink("/proc/self/cwd")
        let id = try explaining("the current directory is no pod's") {
            try PodID(parsing: FilePath(directory).lastComponent?.string ?? "")
        }
        let configuration = try RuntimeConfiguration.load()
        guard configuration.isMutable else { throw Failure("immutable pod") }
        let pid = try readPIDFile(Stage1ABI.Path.pid)
        let process = try openProcess(pid)
        self.id = id
        self.pid = pid
        self.process = process
        lifted = configuration.lifted
        users = configuration.users
    }

    /// Moves the calling process into the pod's mount namespace, for good; a pod with users of its own is changed by their
    /// root, for whom nothing there belongs to the host.
    func join() throws {
        let namespaces: Namespaces = users == nil ? .mount : [.mount, .user]
        try namespaces.join(process)
        if users != nil { try becomeRootOfUserNamespace() }
    }

    /// What is to be done for one of its apps.
    func plan(_ name: ACName) throws -> (plan: AppPlan, app: PreparedApp) {
        let pod = try PreparedPod(id: id)
        guard let app = pod.apps.first(where: { $0.name == name }) else {
            throw Failure("the pod has no app '\(name)'")
        }
        return try explaining("cannot prepare app '\(name)'") {
            let filters = FilterCache()
            return (
                try planApp(app, of: pod, lifted: lifted, limits: .current(), users: users, filter: filters.filter), app
            )
        }
    }

    /// Whether a controller keeps its apps from devices that are not theirs.
    ///
    /// The first process is in the pod's cgroups; which those are does not change.
    func restrictsDevices() throws -> Bool {
        if lifted.contains(.paths) { return false }
        let layout = try CgroupLayout.current(of: pid)
        let own = layout.own[layout.version == .v2 ? CgroupLayout.unified : "devices"]
        return own?.components.contains { $0.string == "rkt-\(id)" } ?? false
    }
}
