import Glibc
package import SystemPackage

/// Gives the calling process a mount namespace for a pod, where nothing it mounts reaches the host.
///
/// Mounts that the host makes later appear in it. Below `hostTree`, an empty directory, the host's tree hangs a second
/// time with the propagation it has on the host: what is mounted below a shared directory there appears on the host.
/// The host's own mount table does not change. Needs `CAP_SYS_ADMIN`.
///
/// Source: mount_namespaces(7), "shared subtrees".
package func enterPodMountNamespace(hostTree: FilePath) throws(SystemCallError) {
    try Namespaces.mount.unshare()
    let host = try DetachedMount(copying: "/")
    try setPropagation(.slave, of: "/", recursive: true)
    try host.attach(at: hostTree)
}
