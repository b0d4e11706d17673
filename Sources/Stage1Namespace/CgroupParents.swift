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
    /// With `isMutable` apps may come later: all controllers that can be had without more ado belong to the pod.
    init(_ layout: CgroupLayout, plans: [AppPlan], devices: Bool, isMutable: Bool) throws {
        let isUnified = layout.version == .v2
        self.isUnified = isUnified
        let levels = isUnified ? try UnifiedLevel.all(layout) : []
        let existing = isUnified ? levels.last?.controllers ?? [] : Set(layout.own.keys)
        let needs = plans.flatMap { $0.resources.needs(isUnified: isUnified) }
        for isolator in Set(needs.filter { !existing.contains($0.controller) }.map(\.isolator)).sorted() {
            writeDiagnostic("warning: \(isolator) isolator set but support disabled in the kernel, skipping")
        }
        let needed = existing.intersection(needs.map(\.controller))
        let possible: Set = isMutable ? ["memory", "cpu", "pids", "io", "blkio"] : []
        let wanted = needed.union(existing.intersection(possible))
        if isUnified {
            var given = wanted
            var parent: UnifiedParent?
            do {
                parent = try UnifiedParent(levels, wanted: wanted, process: getpid())
            } catch {
                if needed == wanted { throw error }
                given = needed
                parent = try UnifiedParent(levels, wanted: needed, process: getpid())
            }
            unified = parent
            controllers = given.sorted()
            directories = parent.map { [$0.directory] } ?? []
            restrictsDevices = devices && parent != nil
        } else {
            unified = nil
            restrictsDevices = devices && layout.own["devices"] != nil
            controllers = wanted.sorted() + (restrictsDevices ? ["devices"] : [])
            directories = controllers.compactMap { layout.own[$0] }
        }
    }

    func index(of controller: String) -> Int? {
        isUnified ? (controllers.contains(controller) ? 0 : nil) : controllers.firstIndex(of: controller)
    }
}
