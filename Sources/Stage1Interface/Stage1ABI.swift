package import SystemPackage

/// Everything stage0 and a stage1 image agree on.
///
/// Stage0 writes it, every flavor reads it, and so do images made by others: a change here comes with a change of
/// Documentation/stage1-implementors-guide.md in the same commit.
///
/// Source: rkt 1.30.0, Documentation/devel/stage1-implementors-guide.md.
package enum Stage1ABI {
    /// The newest interface version this stage0 speaks; an image states its own in ``interfaceVersionAnnotation``.
    package static let interfaceVersion = 7
    package static let interfaceVersionAnnotation = "coreos.com/rkt/stage1/interface-version"
    /// What an image without the annotation speaks.
    package static let defaultInterfaceVersion = 1

    /// A program in the stage1 image that stage0 runs, found by its annotation in the stage1 manifest.
    ///
    /// The working directory is the pod directory.
    package enum EntryPoint: String, CaseIterable, Sendable {
        case run, enter, gc, stop, attach
        case appAdd = "app/add"
        case appRemove = "app/rm"
        case appStart = "app/start"
        case appStop = "app/stop"

        package var annotation: String { "coreos.com/rkt/stage1/\(rawValue)" }
    }

    /// Environment variable with the number of the open, locked descriptor of the pod directory.
    package static let lockDescriptorVariable = "RKT_LOCK_FD"
    /// Environment variables with SELinux labels; always set, possibly empty.
    package static let selinuxContextVariable = "RKT_SELINUX_CONTEXT"
    package static let selinuxMountContextVariable = "RKT_SELINUX_MOUNT_CONTEXT"

    /// Environment variables of the entry points for single apps: the `enter` program, the pod's first process, the app.
    package static let enterCommandVariable = "RKT_STAGE1_ENTERCMD"
    package static let enterPIDVariable = "RKT_STAGE1_ENTERPID"
    package static let enterAppVariable = "RKT_STAGE1_ENTERAPP"

    /// The annotation of a pod manifest that says whether apps can be added to the running pod.
    package static let mutableAnnotation = "coreos.com/rkt/stage1/mutable"

    /// Paths relative to the pod directory.
    package enum Path {
        package static let podManifest: FilePath = "pod"
        package static let stage1Manifest: FilePath = "stage1/manifest"
        package static let stage1Root: FilePath = "stage1/rootfs"
        package static let stage1TreeID: FilePath = "stage1TreeStoreID"
        package static let overlayMarker: FilePath = "overlay-prepared"
        package static let privateUsersMarker: FilePath = "private-users-prepared"
        package static let sharedVolumes: FilePath = "sharedVolumes"
        package static let runtimeConfiguration: FilePath = "runtime-config"
        /// Decimal pid of the pod's first process on the host; its presence means "can be entered".
        package static let pid: FilePath = "pid"
        /// Decimal pid of the process whose only child is the pod's first process.
        package static let parentPID: FilePath = "ppid"
        /// Decimal process group, for flavors without a first process of their own.
        package static let processGroup: FilePath = "pgid"
        /// The pod's cgroup below each hierarchy, without a leading slash.
        package static let cgroup: FilePath = "subcgroup"
        /// The host's mounts with the propagation they have there; beyond rkt, only while the pod runs.
        package static let hostTree: FilePath = "host"

        package static func app(_ name: String) -> FilePath {
            stage1Root.appending("opt/stage2").appending(name)
        }

        package static func appRoot(_ name: String) -> FilePath { app(name).appending("rootfs") }
        package static func appManifest(_ name: String) -> FilePath { app(name).appending("manifest") }

        /// The apps' `/etc/resolv.conf`: stage0 writes it for ``ResolvConfMode/stage0``.
        package static let resolvConf: FilePath = "stage1/rootfs/etc/rkt-resolv.conf"
        /// The apps' `/etc/hosts`: stage0 writes it for ``HostsMode/stage0``.
        package static let hosts: FilePath = "stage1/rootfs/etc/rkt-hosts"
        /// What an app without `/etc/hosts` gets, and what stage0 adds entries to; an image may do without.
        package static let hostsFallback: FilePath = "stage1/rootfs/etc/hosts-fallback"
        package static let hostname: FilePath = "stage1/rootfs/etc/hostname"
        package static let machineID: FilePath = "stage1/rootfs/etc/machine-id"

        package static let statusDirectory: FilePath = "stage1/rootfs/rkt/status"
        package static let environmentDirectory: FilePath = "stage1/rootfs/rkt/env"

        /// Sockets of an app's streams, and `endpoints`, which names them.
        package static func streams(of app: String) -> FilePath {
            stage1Root.appending("rkt/iottymux").appending(app)
        }

        /// Decimal exit status of an app that has ended, and a newline.
        package static func exitStatus(of app: String) -> FilePath { statusDirectory.appending(app) }

        /// Symlink that reads ``supervisorReady`` when the supervisor is up.
        package static let supervisorStatus: FilePath = "stage1/rootfs/rkt/supervisor-status"
        package static let supervisorReady = "ready"
    }
}
