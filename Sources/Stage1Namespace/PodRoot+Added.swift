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
    /// `source`: the app's files, as seen from the pod directory, with the owners that the pod's users have outside.
    /// What fails leaves nothing in the pod.
    func add(_ plan: AppPlan, from source: FilePath, to pod: borrowing RunningPod) throws {
        let users = try pod.users.map { range in
            try explaining("cannot make a user namespace") { try UserNamespace(range) }
        }
        let tree = try DetachedMount(copying: source, recursive: false)
        try tree.setPropagation(.private)
        let volumes = try AddedVolumes(plan, users) { try open($0, users: users) }
        try pod.join()
        try Self.remove(plan.name)  // what an addition left that was killed
        do {
            try tree.attach(at: Self.appRoot(plan.name))
            try put(volumes, of: plan)
        } catch {
            try? Self.remove(plan.name)  // the first error is the one to tell
            throw error
        }
    }

    private func put(_ volumes: AddedVolumes, of plan: AppPlan) throws {
        let root = try Descriptor.open("/", [.directory, .path])
        let nodes = Self.waitingPlace(of: plan.name).appending("devices").string
        if let devices = volumes.takeDevices() {
            try devices.attach(at: openMountTarget(nodes, below: root, isDirectory: true))
        }
        for (index, volume) in plan.volumes.enumerated() {
            if let tree = volumes.takeTree(index) {
                try place(tree, index, of: plan, below: root)
            } else {
                let node = try root.openBeneath("\(nodes)/\(index)", [.path])
                let tree = try DetachedMount(copying: node, recursive: false)
                try restrict(tree, of: volume)
                try place(tree, index, of: plan, below: root)
            }
        }
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

/// The volumes of an app that is to be added, opened where the host can be seen.
///
/// The descriptors are never closed: the process that opens them ends when they are in place.
private struct AddedVolumes {
    /// `nil` for a device that is among ``devices``.
    private let trees: [CInt?]
    /// Nodes named by the index of their volume.
    private let devices: CInt?

    /// `users` are the pod's, when they are not the host's.
    init(
        _ plan: AppPlan, _ users: UserNamespace?, open: (VolumeMount) throws -> DetachedMount
    ) throws {
        let nodes = try users == nil ? [] : plan.volumes.map { try $0.device() }
        if let users, nodes.contains(where: { $0 != nil }) {
            let tree = try users.range.makeDeviceTree()
            for (index, node) in nodes.enumerated() {
                if let node { try copyNode(node, as: "\(index)", below: tree.descriptor, for: users.range) }
            }
            devices = tree.release()
        } else {
            devices = nil
        }
        trees = try plan.volumes.enumerated().map { index, volume in
            !nodes.isEmpty && nodes[index] != nil ? nil : try open(volume).release()
        }
    }

    func takeDevices() -> DetachedMount? { devices.map { DetachedMount(owning: Descriptor(owning: $0)) } }

    /// `nil` for a device.
    func takeTree(_ index: Int) -> DetachedMount? {
        trees[index].map { DetachedMount(owning: Descriptor(owning: $0)) }
    }
}
