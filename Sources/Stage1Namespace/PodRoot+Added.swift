import AppContainer
import Glibc
import LinuxSystem
import Stage1Interface
import Stage1Kit
import SystemPackage

extension PodRoot {
    /// Brings an app into a running pod: its files and its volumes are opened outside, as trees that hang nowhere; then this
    /// process joins the pod's mount namespace, for good, and moves them to the places where an app that starts finds them.
    ///
    /// Nothing of it is ever in a mount table of the host, and nothing of the host is propagated into the pod.
    /// `source`: the app's files, as seen from the pod directory. `process`: the pod's first process.
    /// What fails leaves nothing in the pod.
    func add(_ plan: AppPlan, from source: FilePath, to process: borrowing Descriptor) throws {
        let tree = try DetachedMount(copying: source, recursive: false)
        try tree.setPropagation(.private)
        var hasArrived = false
        do {
            try bring(plan, from: 0, to: process) {
                hasArrived = true
                try tree.attach(at: Self.appRoot(plan.name))
            }
        } catch {
            if hasArrived { try? Self.remove(plan.name) }  // the first error is the one to tell
            throw error
        }
    }

    /// Opens the volumes from `index` on, joins the pod, does `arrive`, and puts the volumes where they wait for the app.
    private func bring(
        _ plan: AppPlan, from index: Int, to process: borrowing Descriptor, arrive: () throws -> Void
    ) throws {
        guard index < plan.volumes.count else {
            try Namespaces.mount.join(process)
            try Self.remove(plan.name)  // what an addition left that was killed
            return try arrive()
        }
        let tree = try open(plan.volumes[index])
        try bring(plan, from: index + 1, to: process, arrive: arrive)
        try place(tree, index, of: plan, below: Descriptor.open("/", [.directory, .path]))
    }

    /// Takes away what ``add(_:from:to:)`` brought, for a process in the pod's mount namespace.
    ///
    /// Nothing there is no error.
    static func remove(_ app: ACName) throws {
        while try unmountIfMounted(appRoot(app)) {}
        try removeTree(FilePath("\(waitingRoom)/names/\(app)"))
        let volumes = waitingPlace(of: app)
        guard exists(volumes) else { return }
        for name in try listDirectory(volumes) { while try unmountIfMounted(volumes.appending(name)) {} }
        try removeTree(volumes)
    }
}
