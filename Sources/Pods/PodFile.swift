/// Names in a pod's directory that stage0 writes and stage1 need not know.
///
/// Source: rkt 1.30.0, common/common.go.
package enum PodFile {
    package static let manifest = "pod"
    /// Locked by whoever edits the manifest.
    package static let manifestLock = "pod.lck"
    /// Empty; its modification time is when the pod was created.
    package static let created = "pod-created"
    package static let stage1TreeID = "stage1TreeStoreID"
    package static let appsInfo = "appsinfo"
    /// Its presence means that the pod's trees are shared through overlayfs.
    package static let overlayPrepared = "overlay-prepared"
    /// Inode number of the mount namespace of a pod without a supervisor.
    static let mountNamespace = "mount-namespace"
    /// `SHIFT:COUNT`, the users of a pod that has its own; written before anything else of the pod.
    package static let privateUsers = "private-users-prepared"
    package static let overlay = "overlay"
    package static let stage1 = "stage1"
    /// The names of the restrictions that `--insecure-options` lifted, one per line.
    package static let insecureOptions = "insecure-options"
    package static let pid = "pid"
    package static let parentPID = "ppid"
    /// Decimal pid of the process that became stage1's `run`; it holds the pod's mounts.
    package static let supervisorPID = "supervisor-pid"
    /// Where the host's tree hangs in the pod's mount namespace.
    package static let host = "host"

    package static func treeID(of app: String) -> String { "\(appsInfo)/\(app)/treeStoreID" }
    package static func imageManifest(of app: String) -> String { "\(appsInfo)/\(app)/manifest" }
}
