import AppContainer
import Glibc
import LinuxSystem
import Stage1Interface
import SystemPackage

/// Why a pod cannot have users of its own.
enum PrivateUsersError: Error, Equatable, CustomStringConvertible {
    case noUserNamespaces
    case switchedOff
    case stage1(String)

    var description: String {
        switch self {
        case .noUserNamespaces:
            "--private-users is not supported, kernel compiled without user namespace support"
        case .switchedOff:
            "--private-users is not supported, user namespaces are switched off (sysctl user.max_user_namespaces is 0)"
        case .stage1(let name):
            "flag --private-users not supported by stage1 image '\(name)'; coreos.com/rkt/stage1-ns has user namespaces"
        }
    }
}

/// Refuses a stage1 that is known to have no user namespaces, before a pod is made for it.
func checkHasUserNamespaces(_ stage1: ImageManifest) throws(PrivateUsersError) {
    if stage1.name.rawValue == "coreos.com/rkt/stage1-fly" { throw .stage1(stage1.name.rawValue) }
}

/// A user namespace to try things with; refuses where the kernel has none, or gives none.
///
/// Source: rkt 1.30.0, common/common.go, `SupportsUserNS`.
func userNamespaceForTrial() throws -> UserNamespace {
    guard exists("/proc/self/uid_map") else { throw PrivateUsersError.noUserNamespaces }
    do {
        return try UserNamespace(UserRange(shift: 65536, count: 65536))
    } catch {
        let limit = try? readTextFile("/proc/sys/user/max_user_namespaces", limit: 64)  // not in every kernel
        if limit == "0\n" { throw PrivateUsersError.switchedOff }
        throw Failure("--private-users is not supported here", cause: error)
    }
}

/// Why trees below a data directory cannot be shared between pods with different users; nil when they can.
///
/// Tried out: the kernel must know idmapped layers (Linux 5.19), and the file system idmapped mounts. A layer must be a
/// mount of its mount namespace (before Linux 6.15), so a process with one of its own tries.
func ownersObstacle(_ dataDirectory: FilePath, _ users: UserNamespace) throws -> String? {
    let data = try absolute(dataDirectory)
    let trial = try forkProcess {
        do {
            try Namespaces.mount.unshare()
            try setPropagation(.private, of: "/", recursive: true)
            try layOver(data, users)
            _exit(0)
        } catch {
            _exit(1)
        }
    }
    if try trial.wait() == .exited(0) { return nil }
    return "what is below '\(data)' cannot be mounted with the owners of private users"
}

/// Lays two directories with other owners over each other, for this moment.
private func layOver(_ data: FilePath, _ users: UserNamespace) throws {
    let store = data.appending("cas")
    let layer = try DetachedMount(copying: store, recursive: false)
    try layer.shiftOwners(by: users)
    try layer.attach(at: store)
    let first = try Descriptor.open(store, [.path, .directory])
    let second = try Descriptor.open(data.appending("pods"), [.path, .directory])
    _ = try DetachedMount(
        type: "overlay", options: [("source", "overlay"), ("lowerdir", "\(first.procPath):\(second.procPath)")],
        attributes: .readOnly
    ).descriptor.raw
}
