import AppContainer
import CLinux
import Glibc
import LinuxSystem
import Stage1Interface
import Stage1Kit
import SystemPackage

/// The cgroups of a pod: one for the pod in each hierarchy it needs, one below for each app.
///
/// They hang below the cgroup that `rkt` was started in, so that the limits of a service apply to its pod. Their
/// directories are listed in `cgroups` in the pod directory before they are made, for `gc` after a kill.
struct PodCgroups {
    private let pods: [FilePath]
    private let first: CgroupPlace
    private let apps: [ACName: CgroupPlace]
    private let parents: CgroupParents
    private let isUnified: Bool
    /// Whether a controller keeps apps from devices that are not theirs.
    let restrictsDevices: Bool

    /// Whether apps are in cgroups of their own at all.
    var isolates: Bool { !pods.isEmpty }

    /// `isMutable`: apps may come later, so all controllers that there are belong to the pod.
    static func create(
        for plans: [AppPlan], pod: PodID, lifted: LiftedRestrictions, isMutable: Bool
    ) throws -> PodCgroups {
        let layout = try CgroupLayout.current()
        var wanted = Set(plans.flatMap(\.resources.controllers))
        if isMutable { wanted.formUnion(try CgroupParents.available(layout)) }
        let parents = try CgroupParents(layout, wanted: wanted, devices: !lifted.contains(.paths))
        let pods = parents.directories.map { $0.appending("rkt-\(pod)") }
        try CgroupRecord.save(pods)
        do {
            return try PodCgroups(making: pods, plans, parents, layout.version)
        } catch {
            for directory in pods { try? removeCgroup(directory) }  // the first failure is the one to tell
            throw Failure("cannot make the pod's cgroups", cause: error)
        }
    }

    private init(
        making pods: [FilePath], _ plans: [AppPlan], _ parents: CgroupParents, _ version: CgroupLayout.Version
    ) throws {
        self.pods = pods
        restrictsDevices = parents.restrictsDevices
        for directory in pods { try makeDirectory(directory, mode: 0o755, mayExist: true) }
        let isUnified = version == .v2
        if isUnified, let directory = pods.first {
            try makeDirectory(directory.appending("init"), mode: 0o755, mayExist: true)
            for controller in parents.controllers {
                try setCgroup(directory, "cgroup.subtree_control", "+\(controller)")
            }
        }
        first = try CgroupPlace(pods.map { isUnified ? $0.appending("init") : $0 }, isUnified: isUnified)
        self.parents = parents
        self.isUnified = isUnified
        var apps: [ACName: CgroupPlace] = [:]
        for plan in plans { apps[plan.name] = try Self.makePlace(for: plan, in: pods, parents, isUnified: isUnified) }
        self.apps = apps
    }

    private static func makePlace(
        for plan: AppPlan, in pods: [FilePath], _ parents: CgroupParents, isUnified: Bool
    ) throws -> CgroupPlace {
        let own = pods.map { directory(of: plan.name, in: $0, isUnified: isUnified) }
        for directory in own { try makeDirectory(directory, mode: 0o755, mayExist: true) }
        try applyLimits(of: plan, to: own, parents, isUnified: isUnified)
        if parents.restrictsDevices { try restrictDevices(of: plan, in: own, isUnified: isUnified) }
        return try CgroupPlace(own, isUnified: isUnified)
    }

    private static func directory(of app: ACName, in pod: FilePath, isUnified: Bool) -> FilePath {
        pod.appending(isUnified ? "app-\(app)" : app.rawValue)
    }

    /// Makes the cgroups of an app that comes later, or again; the caller closes the descriptors.
    func makePlace(for plan: AppPlan) throws -> CgroupPlace {
        for controller in plan.resources.controllers where parents.index(of: controller) == nil {
            writeDiagnostic("warning: resource/\(controller) isolator set but the pod has no such cgroup, skipping")
        }
        return try Self.makePlace(for: plan, in: pods, parents, isUnified: isUnified)
    }

    /// Removes the cgroups of an app that has ended.
    func remove(_ app: ACName) throws {
        for pod in pods { try removeCgroup(Self.directory(of: app, in: pod, isUnified: isUnified)) }
    }

    /// Where the pod's first process belongs.
    var placeOfFirstProcess: CgroupPlace { first }

    /// Where the programs of an app belong.
    func place(of app: ACName) -> CgroupPlace { apps[app] ?? .none }

    /// Removes them all, when the pod's processes have ended; what cannot be removed is left to `gc`.
    func removeAll() {
        for directory in pods {
            do {
                try removeCgroup(directory)
            } catch {
                writeDiagnostic("run: cannot remove cgroup, leaving it to 'rkt gc': \(error)")
            }
        }
    }
}

private func applyLimits(
    of plan: AppPlan, to directories: [FilePath], _ parents: CgroupParents, isUnified: Bool
) throws {
    for setting in cgroupSettings(plan.resources, isUnified: isUnified) {
        guard let index = parents.index(of: setting.controller) else { continue }
        do {
            try setCgroup(directories[index], setting.file, setting.value)
        } catch {
            if !setting.isOptional { throw Failure("cannot limit app '\(plan.name)'", cause: error) }
        }
    }
}

/// The cgroups that a pod's hang below.
struct CgroupParents {
    /// One per hierarchy.
    let directories: [FilePath]
    /// The controllers found, in the order of ``directories`` for version 1; for version 2 all belong to the only one.
    let controllers: [String]
    let restrictsDevices: Bool
    private let isUnified: Bool

    /// Finds the hierarchies for these controllers; a missing one is told on stderr and done without.
    init(_ layout: CgroupLayout, wanted: Set<String>, devices: Bool) throws {
        isUnified = layout.version == .v2
        let available: Set<String>
        var parent: FilePath?
        if isUnified {
            (parent, available) = try Self.unifiedParent(layout, wanted)
        } else {
            available = wanted.intersection(layout.own.keys)
        }
        for name in wanted.subtracting(available).sorted() {
            writeDiagnostic("warning: resource/\(name) isolator set but support disabled in the kernel, skipping")
        }
        if let parent {
            controllers = available.sorted()
            directories = [parent]
            restrictsDevices = devices
            return
        }
        restrictsDevices = devices && layout.own["devices"] != nil
        let names = available.sorted() + (restrictsDevices ? ["devices"] : [])
        controllers = names
        directories = names.compactMap { layout.own[$0] }
    }

    /// Of the controllers that isolators need, those that this machine offers.
    static func available(_ layout: CgroupLayout) throws -> Set<String> {
        let known: Set = ["memory", "cpu"]
        guard layout.version == .v2 else { return known.intersection(layout.own.keys) }
        guard let top = layout.unifiedRoot else { return [] }
        return try known.intersection(words(in: top.appending("cgroup.controllers")))
    }

    func index(of controller: String) -> Int? {
        isUnified ? (controllers.contains(controller) ? 0 : nil) : controllers.firstIndex(of: controller)
    }

    /// Our own cgroup where it may give children the controllers, else the top of the hierarchy.
    ///
    /// A cgroup that holds processes cannot give controllers to its children, the top can.
    ///
    /// Source: cgroup-v2.rst, "No Internal Process Constraint".
    private static func unifiedParent(
        _ layout: CgroupLayout, _ wanted: Set<String>
    ) throws -> (FilePath?, Set<String>) {
        guard let own = layout.own[CgroupLayout.unified], let top = layout.unifiedRoot else { return (nil, []) }
        for parent in [own, top] {
            let missing = try wanted.subtracting(words(in: parent.appending("cgroup.subtree_control")))
            guard try missing.isSubset(of: words(in: parent.appending("cgroup.controllers"))) else { continue }
            do {
                for controller in missing.sorted() {
                    try setCgroup(parent, "cgroup.subtree_control", "+\(controller)")
                }
                return (parent, wanted)
            } catch {
                if parent == top { throw error }
            }
        }
        return (own, [])
    }

    private static func words(in file: FilePath) throws -> Set<String> {
        Set(try readTextFile(file).split(whereSeparator: \.isWhitespace).map(String.init))
    }
}

/// The list of a pod's cgroup directories, one a line, in the pod directory.
enum CgroupRecord {
    private static let file: FilePath = "cgroups"

    static func save(_ directories: [FilePath]) throws {
        let lines = directories.map { "\($0)\n" }.joined()
        try writeFile(Array(lines.utf8), to: file, mode: 0o644, durable: false)
        if let first = directories.first {
            let name = first.string.split(separator: "/").dropFirst(3).joined(separator: "/")
            try writeFile(Array(name.utf8), to: Stage1ABI.Path.cgroup, mode: 0o644, durable: false)
        }
    }

    /// Empty when the pod never got that far.
    static func load() throws -> [FilePath] {
        guard exists(file) else { return [] }
        return try readTextFile(file).split(separator: "\n").map { FilePath(String($0)) }
    }
}
