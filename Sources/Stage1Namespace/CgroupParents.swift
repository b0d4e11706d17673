import AppContainer
import Glibc
import LinuxSystem
import Stage1Kit
import SystemPackage

/// The cgroups that a pod's hang below.
struct CgroupParents {
    /// One per hierarchy.
    let directories: [FilePath]
    /// The controllers found, in the order of ``directories`` for version 1; for version 2 all belong to the only one.
    let controllers: [String]
    let restrictsDevices: Bool
    /// What to do before the pod's cgroups can be made; only with version 2.
    let unified: UnifiedParent?
    private let isUnified: Bool

    /// Finds the hierarchies that apps need; a controller that this kernel does not have is told on stderr, done without.
    ///
    /// `isMutable`: other apps may come later, so everything there is belongs to the pod.
    init(_ layout: CgroupLayout, plans: [AppPlan], devices: Bool, isMutable: Bool) throws {
        isUnified = layout.version == .v2
        var needs = plans.flatMap { $0.resources.needs(isUnified: layout.version == .v2) }
        let levels = isUnified ? try UnifiedLevel.all(layout) : []
        let existing = isUnified ? levels.last?.controllers ?? [] : Set(layout.own.keys)
        for isolator in Set(needs.filter { !existing.contains($0.controller) }.map(\.isolator)).sorted() {
            writeDiagnostic("warning: \(isolator) isolator set but support disabled in the kernel, skipping")
        }
        needs.removeAll { !existing.contains($0.controller) }
        let possible: Set = isMutable ? ["memory", "cpu", "pids", isUnified ? "io" : "blkio"] : []
        let names = Set(needs.map(\.controller)).union(possible.intersection(existing)).sorted()
        if isUnified {
            let parent = try UnifiedParent(levels, wanted: Set(names), process: getpid())
            unified = parent
            controllers = names
            directories = parent.map { [$0.directory] } ?? []
            restrictsDevices = devices && parent != nil
        } else {
            unified = nil
            restrictsDevices = devices && layout.own["devices"] != nil
            controllers = names + (restrictsDevices ? ["devices"] : [])
            directories = controllers.compactMap { layout.own[$0] }
        }
    }

    func index(of controller: String) -> Int? {
        isUnified ? (controllers.contains(controller) ? 0 : nil) : controllers.firstIndex(of: controller)
    }
}
