import CLinux
import Glibc
import LinuxSystem
import Stage1Kit
import SystemPackage

/// A character device that apps may use.
struct Device: Equatable {
    let name: String
    let major: UInt32
    /// `nil` stands for every minor number.
    let minor: UInt32?
    /// Whether apps find a node in `/dev`; the others come with the terminals' file system.
    let hasNode: Bool

    /// Source: rkt 1.30.0 and systemd.resource-control(5), "DevicePolicy=closed".
    static let allowed = [
        Device(name: "null", major: 1, minor: 3, hasNode: true),
        Device(name: "zero", major: 1, minor: 5, hasNode: true),
        Device(name: "full", major: 1, minor: 7, hasNode: true),
        Device(name: "random", major: 1, minor: 8, hasNode: true),
        Device(name: "urandom", major: 1, minor: 9, hasNode: true),
        Device(name: "tty", major: 5, minor: 0, hasNode: true),
        Device(name: "ptmx", major: 5, minor: 2, hasNode: false),
        Device(name: "pts", major: 136, minor: nil, hasNode: false),
    ]
}

/// Mounts what the apps of a pod share below the pod's `/dev`: terminals, shared memory, message queues.
func mountSharedDevices(_ root: borrowing Descriptor, users: PrivateUsers?) throws {
    if let users {
        try users.attachDevices(at: openMountTarget("/dev", below: root, isDirectory: true))
    } else {
        try mountTemporary("tmpfs", at: "/dev", below: root, mode: "755", attributes: [.noSetUserID, .noExecute])
        try makeNodes(below: root.openBeneath("/dev", [.directory]))
    }
    let terminals = try DetachedMount(
        type: "devpts", options: [("newinstance", nil), ("ptmxmode", "0666"), ("mode", "0620"), ("gid", "5")],
        attributes: [.noSetUserID, .noExecute])
    try terminals.attach(at: openMountTarget("/dev/pts", below: root, isDirectory: true))
    try mountTemporary(
        "tmpfs", at: "/dev/shm", below: root, mode: "1777", attributes: [.noSetUserID, .noDevices, .noExecute])
    let queues = try openMountTarget("/dev/mqueue", below: root, isDirectory: true)
    if let made = users?.takeQueues() {
        try made.attach(at: queues)
    } else {
        try DetachedMount(type: "mqueue", attributes: queueAttributes).attach(at: queues)
    }
}

/// Of the file system that message queues are in.
let queueAttributes: MountAttributes = [.noSetUserID, .noDevices, .noExecute]

/// Gives an app a `/dev` of its own over whatever its image has there.
///
/// With `mountsNodes` the nodes are mounts of the pod's, and nothing else in it can be one.
func buildDevices(below root: borrowing Descriptor, mountsNodes: Bool) throws {
    let tree = try DetachedMount(
        type: "tmpfs", options: [("mode", "755"), ("size", "64k")],
        attributes: mountsNodes ? [.noSetUserID, .noExecute, .noDevices] : [.noSetUserID, .noExecute])
    do {
        try tree.attach(at: openMountTarget("/dev", below: root, isDirectory: true))
    } catch {
        throw Failure("cannot mount on '/dev' in the app", cause: error)
    }
    let devices = try root.openBeneath("/dev", [.directory])
    for device in Device.allowed where device.hasNode {
        if mountsNodes {
            try devices.createFile([], name: device.name, mode: 0o666)
            try DetachedMount(copying: FilePath("/dev").appending(device.name), recursive: false).attach(
                at: devices.openBeneath(device.name, [.path]))
        } else {
            try makeNode(device, below: devices)
        }
    }
    for shared in ["pts", "shm", "mqueue"] {
        try devices.makeDirectory(shared, mode: 0o755)
        try DetachedMount(copying: FilePath("/dev").appending(shared)).attach(
            at: devices.openBeneath(shared, [.path, .directory]))
    }
    try link("/proc/self/fd", as: "fd", in: devices)
    try link("/proc/self/fd/0", as: "stdin", in: devices)
    try link("/proc/self/fd/1", as: "stdout", in: devices)
    try link("/proc/self/fd/2", as: "stderr", in: devices)
    try link("pts/ptmx", as: "ptmx", in: devices)
}

/// Makes a node for everything that apps find in `/dev`.
func makeNodes(below directory: borrowing Descriptor, owner: UInt32 = 0) throws(SystemCallError) {
    let number = directory.raw
    for device in Device.allowed where device.hasNode {
        try makeNode(device, below: directory)
        if owner == 0 { continue }
        try check("fchownat", "'\(device.name)'") { fchownat(number, device.name, owner, owner, 0) }
    }
}

private func makeNode(_ device: Device, below directory: borrowing Descriptor) throws(SystemCallError) {
    let number = directory.raw
    let node = clinux_makedev(device.major, device.minor ?? 0)
    try check("mknodat", "'\(device.name)'") { clinux_mknodat(number, device.name, mode_t(0o020666), node) }
    try check("fchmodat", "'\(device.name)'") { fchmodat(number, device.name, 0o666, 0) }
}

private func link(
    _ target: String, as name: String, in directory: borrowing Descriptor
) throws(SystemCallError) {
    let number = directory.raw
    try check("symlinkat", "'\(name)'") { symlinkat(target, number, name) }
}
