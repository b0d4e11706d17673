import AppContainer
import CLinux
import Glibc
import LinuxSystem
import Stage1Interface
import Stage1Kit
import SystemPackage

/// A pod with users of its own, and what it gets from outside: mounts that only the host's root can make.
///
/// The supervisor makes them before the pod's first process, which inherits them and puts them in place. The descriptors
/// are never closed: both processes need them once, and the mounts end with the pod.
///
/// Source: user_namespaces(7); mount_namespaces(7), "Restrictions on mount namespaces".
struct PrivateUsers {
    let range: UserRange
    /// Tells that the supervisor has ended.
    private let supervisor: CInt
    private let devices: CInt
    /// Only where the network is the host's: then so is what `/sys` shows, and the pod's root cannot mount it.
    private let kernelObjects: CInt?
    /// Only where the queues are the host's.
    private let queues: CInt?
    /// In the order of the app's volumes; `nil` for a device, which is among ``devices``.
    private let volumes: [ACName: [CInt?]]

    init(_ range: UserRange, plans: [AppPlan], sharesNetwork: Bool, sharesIPC: Bool, masked: Bool) throws {
        let users = try explaining("cannot make a user namespace") { try UserNamespace(range) }
        self.range = range
        supervisor = try openProcess(getpid()).release()
        kernelObjects =
            try sharesNetwork
            ? DetachedMount(type: "sysfs", attributes: kernelTreeAttributes(masked: masked)).release() : nil
        queues = try sharesIPC ? DetachedMount(type: "mqueue", attributes: queueAttributes).release() : nil
        let devices = try range.makeDeviceTree()
        try makeNodes(below: devices.descriptor, owner: range.shift)
        var volumes: [ACName: [CInt?]] = [:]
        for plan in plans {
            var trees: [CInt?] = []
            for (index, volume) in plan.volumes.enumerated() {
                if let device = try volume.device() {
                    let directory = Self.deviceDirectory(of: plan.name)
                    for path in [Self.volumeDirectory, directory] {
                        try devices.descriptor.makeDirectory(path, mode: 0o755, mayExist: true)
                    }
                    try copyNode(device, as: "\(directory)/\(index)", below: devices.descriptor, for: range)
                    trees.append(nil)
                } else {
                    trees.append(try volumeTree(volume, users: users).release())
                }
            }
            volumes[plan.name] = trees
        }
        self.devices = devices.release()
        self.volumes = volumes
        try handOver(to: range)
    }

    private static let volumeDirectory = "volumes"
    private static func deviceDirectory(of app: ACName) -> String { "\(volumeDirectory)/\(app)" }

    // In the pod's first process

    /// Becomes the root of the pod's users, for good; paths of the host are out of reach afterwards.
    func enter() throws {
        try becomeRootOfUserNamespace()
        try check("prctl", "PR_SET_PDEATHSIG") { clinux_set_parent_death_signal(SIGKILL) }
        if try waitForInput([supervisor], milliseconds: 0)[0] { exit(entryPointFailure) }  // before the signal was set
    }

    /// What to mount on `/sys`, unless the pod can do that itself.
    func takeKernelObjects() -> DetachedMount? { kernelObjects.map { DetachedMount(owning: Descriptor(owning: $0)) } }

    /// What to mount on `/dev/mqueue`, unless the pod can do that itself.
    func takeQueues() -> DetachedMount? { queues.map { DetachedMount(owning: Descriptor(owning: $0)) } }

    func attachDevices(at target: borrowing Descriptor) throws(SystemCallError) {
        try DetachedMount(owning: Descriptor(owning: devices)).attach(at: target)
    }

    /// `root` is the pod's, its devices in place.
    func takeVolume(_ index: Int, of app: ACName, below root: borrowing Descriptor) throws -> DetachedMount {
        if let tree = volumes[app]?[index] ?? nil { return DetachedMount(owning: Descriptor(owning: tree)) }
        let node = try root.openBeneath("/dev/\(Self.deviceDirectory(of: app))/\(index)", [.path])
        return try DetachedMount(copying: node, recursive: false)
    }
}

/// Lets the pod's root write where the first process records what becomes of the apps; the rest stays the host's.
private func handOver(to users: UserRange) throws {
    for (directory, mode) in [(Stage1ABI.Path.statusDirectory, UInt32(0o755)), (AppProcessRecord.directory, 0o700)] {
        try makeDirectories(directory, mode: mode)
        try Descriptor.open(directory, [.directory]).setOwner(users.shift, users.shift, mode: mode)
    }
}

extension UserRange {
    /// Makes a file system for device nodes, which only the host's root can: it belongs to the root of these users.
    func makeDeviceTree() throws(SystemCallError) -> DetachedMount {
        try DetachedMount(
            type: "tmpfs", options: [("mode", "755"), ("uid", "\(shift)"), ("gid", "\(shift)")],
            attributes: [.noSetUserID, .noExecute])
    }
}

/// A node for the device of another, with its mode and the owner it has for the pod's users: the file systems that
/// devices are on cannot be mounted with other owners.
func copyNode(
    _ device: FileStatus, as name: String, below directory: borrowing Descriptor, for users: UserRange
) throws(SystemCallError) {
    let number = directory.raw
    let type = mode_t(device.mode & 0o170000)
    let node = clinux_makedev(device.specialMajor, device.specialMinor)
    let (user, group) = (users.outsideOrNobody(device.user), users.outsideOrNobody(device.group))
    try check("mknodat", "'\(name)'") { clinux_mknodat(number, name, type | 0o600, node) }
    try check("fchownat", "'\(name)'") { fchownat(number, name, user, group, 0) }
    try check("fchmodat", "'\(name)'") { fchmodat(number, name, mode_t(device.permissions), 0) }
}

extension VolumeMount {
    /// What the source is when it is a device of the host.
    func device() throws -> FileStatus? {
        guard case .host(let path, _) = source else { return nil }
        guard let status = try? FileStatus(of: FilePath(path)) else { return nil }  // told when it is mounted
        return status.kind == .characterDevice || status.kind == .blockDevice ? status : nil
    }
}
