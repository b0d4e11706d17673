import AppContainer
import CLinux
import ImageRender
import LinuxSystem
import Pods
import Stage1Interface
import SystemPackage

/// Lets this process see a pod's trees at the places where its stage1 expects them.
///
/// The pod's directory becomes the current one. For a process that ends or becomes an entry point afterwards: there is no
/// way back.
struct PodView {
    let pod: Pod
    let data: DataDirectory

    /// Joins the mount namespace of a running pod.
    ///
    /// A pod whose first process is gone while others hold its lock has no namespace to join: then its directory is seen
    /// as the host sees it.
    func enterRunning() throws {
        let directory = try absolute(pod.path)
        if pod.usesOverlay(), let pid = try pod.supervisorPID(), let process = try? openProcess(pid),
            hasMounts(FilePath("/proc/\(pid)/root"), directory)  // a process that is gone has none
        {
            try Namespaces.mount.join(process)
        }
        try changeDirectory(to: directory)
    }

    /// Mounts the trees of a pod that does not run, read-only, in a mount namespace of this process's own.
    func enterExited() throws {
        let directory = try absolute(pod.path)
        if pod.usesOverlay() {
            try Namespaces.mount.unshare()
            try setPropagation(.slave, of: "/", recursive: true)
            let trees = try data.trees()
            let apps = (try? pod.manifest().apps.map(\.name)) ?? []  // without a manifest there are none
            for tree in try pod.mountedTrees(apps: apps) {
                try tree.mountForReading(absolute(trees.rootFileSystem(of: tree.tree)), in: directory)
            }
        }
        try changeDirectory(to: directory)
    }

    /// Whether the pod's stage1 is mounted, as a process with this root sees it.
    private func hasMounts(_ root: FilePath, _ directory: FilePath) -> Bool {
        let seen = FilePath("\(root)\(directory)")
        guard let outer = try? FileStatus(of: seen),
            let inner = try? FileStatus(of: seen.pushing(Stage1ABI.Path.stage1Root))
        else { return false }
        return outer.mountID != inner.mountID
    }

    /// The program behind an entry point: from the pod, or from the tree its stage1 came from where the pod shows none.
    func program(_ path: FilePath) throws -> FilePath {
        let own = try absolute(pod.path).pushing(Stage1ABI.Path.stage1Root).pushing(path)
        return exists(own) ? own : try programInTree(path)
    }

    /// The program as it was rendered, which no app of the pod can have changed.
    func programInTree(_ path: FilePath) throws -> FilePath {
        try absolute(data.trees().rootFileSystem(of: TreeID(parsing: pod.stage1TreeID()))).pushing(path)
    }
}
