import AppContainer
import Glibc
import LinuxSystem
import Stage1Interface
import Stage1Kit
import SystemPackage

/// The cgroups of a pod: one for the pod in each hierarchy it needs, one below each app.
///
/// They hang below the cgroup that `rkt` was started in, so that the limits of a service apply to its pod. Their
/// directories are listed in `cgroups` in the pod directory before they are made, for `gc` after a kill.
struct PodCgroups {
    private let pod: String
    private let pods: [FilePath]
    private let unified: UnifiedParent?
    private let first: CgroupPlace
    private let apps: [ACName: CgroupPlace]
    private let parents: CgroupParents
    private let isUnified: Bool
    private let appsEnter: Bool
    /// Whether a controller keeps apps from devices that are not theirs.
    let restrictsDevices: Bool

    /// Whether apps are in cgroups of their own at all.
    var isolates: Bool { !pods.isEmpty }

    /// Makes them.
    ///
    /// `isMutable`: apps may come later, so all controllers that there are belong to the pod. `appsEnter`: the first process
    /// may not let an app be born in its cgroup, so apps enter it themselves.
    static func create(
        for plans: [AppPlan], pod: PodID, lifted: LiftedRestrictions, isMutable: Bool, appsEnter: Bool = false
    ) throws -> PodCgroups {
        let layout = try CgroupLayout.current()
        let parents = try CgroupParents(
            layout, plans: plans, devices: !lifted.contains(.paths), isMutable: isMutable)
        let pods = parents.directories.map { $0.appending("rkt-\(pod)") }
        let refuge = parents.unified?.refuge(for: pod.description)
        try CgroupRecord.save(pods + (refuge.map { [$0] } ?? []))
        do {
            return try PodCgroups(
                making: pods, of: pod.description, plans, parents, layout.version, appsEnter: appsEnter)
        } catch {
            for directory in pods { try? removeCgroup(directory) }  // the first failure is the one to tell
            try? parents.unified?.leave(for: pod.description)  // the same
            throw Failure("cannot make the pod's cgroups", cause: error)
        }
    }

    private init(
        making pods: [FilePath], of pod: String, _ plans: [AppPlan], _ parents: CgroupParents,
        _ version: CgroupLayout.Version, appsEnter: Bool
    ) throws {
        self.pod = pod
        self.pods = pods
        unified = parents.unified
        restrictsDevices = parents.restrictsDevices
        let isUnified = version == .v2
        try parents.unified?.prepare(for: pod)
        for directory in pods { try makeDirectory(directory, mode: 0o755, mayExist: true) }
        if isUnified, let directory = pods.first {
            try makeDirectory(directory.appending("init"), mode: 0o755, mayExist: true)
            for controller in parents.controllers {
                try setCgroup(directory, "cgroup.subtree_control", "+\(controller)")
            }
        }
        first = try CgroupPlace(pods.map { isUnified ? $0.appending("init") : $0 }, isUnified: isUnified)
        self.parents = parents
        self.isUnified = isUnified
        self.appsEnter = appsEnter
        var apps: [ACName: CgroupPlace] = [:]
        for plan in plans {
            apps[plan.name] = try Self.makePlace(
                for: plan, in: pods, parents, isUnified: isUnified, isEntered: appsEnter)
        }
        self.apps = apps
    }

    private static func makePlace(
        for plan: AppPlan, in pods: [FilePath], _ parents: CgroupParents, isUnified: Bool, isEntered: Bool
    ) throws -> CgroupPlace {
        let own = pods.map { directory(of: plan.name, in: $0, isUnified: isUnified) }
        for directory in own { try makeDirectory(directory, mode: 0o755, mayExist: true) }
        try applyLimits(of: plan, to: own, parents, isUnified: isUnified)
        if parents.restrictsDevices { try restrictDevices(of: plan, in: own, isUnified: isUnified) }
        return try CgroupPlace(own, isUnified: isUnified, isEntered: isEntered)
    }

    private static func directory(of app: ACName, in pod: FilePath, isUnified: Bool) -> FilePath {
        pod.appending(isUnified ? "app-\(app)" : app.rawValue)
    }

    /// Makes the cgroups of an app that comes later, or again; the caller closes the descriptors.
    func makePlace(for plan: AppPlan) throws -> CgroupPlace {
        for (isolator, controller) in plan.resources.needs(isUnified: isUnified)
        where parents.index(of: controller) == nil {
            writeDiagnostic("warning: \(isolator) isolator set but the pod has no such cgroup, skipping")
        }
        return try Self.makePlace(for: plan, in: pods, parents, isUnified: isUnified, isEntered: appsEnter)
    }

    /// Kills the processes in the cgroups of an app, and waits until they have ended.
    func endProcesses(of app: ACName) throws {
        for pod in pods { try waitForProcesses(in: Self.directory(of: app, in: pod, isUnified: isUnified)) }
    }

    /// Removes the cgroups of an app that has ended.
    func remove(_ app: ACName) throws {
        reportKills(of: app)
        for pod in pods { try removeCgroup(Self.directory(of: app, in: pod, isUnified: isUnified)) }
    }

    /// Where the pod's first process belongs.
    var placeOfFirstProcess: CgroupPlace { first }

    /// Where the programs of an app belong.
    func place(of app: ACName) -> CgroupPlace { apps[app] ?? .none }

    /// Removes them all, when the pod's processes have ended; what cannot be removed is left to `gc`.
    ///
    /// Tells of processes that the kernel ended because memory ran out for them.
    func removeAll() {
        for app in apps.keys.sorted(by: { $0.rawValue < $1.rawValue }) { reportKills(of: app) }
        for directory in pods {
            do {
                try removeCgroup(directory)
            } catch {
                writeDiagnostic("run: cannot remove cgroup, leaving it to 'rkt gc': \(error)")
                return
            }
        }
        try? unified?.leave(for: pod)  // its own rules say what is left to gc
    }
}

private func applyLimits(
    of plan: AppPlan, to directories: [FilePath], _ parents: CgroupParents, isUnified: Bool
) throws {
    let limitsDisks = plan.resources.blockBytes != nil || plan.resources.blockOperations != nil
    let disks = limitsDisks ? try wholeDisks() : []
    var isTold = false
    for setting in cgroupSettings(plan.resources, isUnified: isUnified, disks: disks) {
        guard let index = parents.index(of: setting.controller) else { continue }
        do {
            try setCgroup(directories[index], setting.file, setting.value)
        } catch {
            switch setting.importance {
            case .required: throw Failure("cannot limit app '\(plan.name)'", cause: error)
            case .optional: continue
            case .perDisk:
                if exists(directories[index].appending(setting.file)) { continue }
                if !isTold {
                    writeDiagnostic("warning: limits on disks set but support disabled in the kernel, skipping")
                }
                isTold = true
            }
        }
    }
}

extension PodCgroups {
    /// Says so when the kernel ended processes of an app because memory ran out for them.
    private func reportKills(of app: ACName) {
        for pod in pods {
            let directory = Self.directory(of: app, in: pod, isUnified: isUnified)
            let files = isUnified ? ("memory.events", "memory.max") : ("memory.oom_control", "memory.limit_in_bytes")
            guard let events = try? readTextFile(directory.appending(files.0)),
                let limit = try? readTextFile(directory.appending(files.1)),
                let sentence = MemoryKills(events, isUnified: isUnified)?.sentence(
                    of: app, limit: String(limit.prefix { $0 != "\n" }))
            else { continue }  // none, or no controller for memory
            writeDiagnostic("run: \(sentence)")
        }
    }
}
