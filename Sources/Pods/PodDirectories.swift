import Glibc
import LinuxSystem
import SystemPackage

/// The directories that pods live in.
///
/// Members of the group `rkt` may look at pods: where that group exists, new directories belong to it and hand it down.
///
/// Source: rkt 1.30.0, dist/init/systemd/tmpfiles.d/rkt.conf.
enum PodDirectories {
    /// Of a pod's directory and of directories in it.
    static let podMode: UInt32 = 0o750
    /// The set-group-id bit: what is made inside gets the directory's group.
    static let keepsGroup: UInt32 = 0o2000

    /// Makes what is missing; what is there is left as it is.
    static func make(below dataDirectory: FilePath) throws {
        let pods = dataDirectory.appending("pods")
        if exists(pods.appending(PodDirectory.garbage.rawValue)) { return }  // made last
        let groups = geteuid() == 0 ? try? readTextFile("/etc/group", limit: 16 << 20) : nil  // no group is needed
        let group = groups.flatMap { groupNumber("rkt", in: $0) }
        if dataDirectory.components.count > 1 {
            try makeDirectories(dataDirectory.removingLastComponent(), mode: 0o755)
        }
        try make(dataDirectory, group)
        try make(dataDirectory.appending("locks"), group)
        try make(pods, group)
        for directory in PodDirectory.allCases { try make(pods.appending(directory.rawValue), group) }
    }

    private static func make(_ path: FilePath, _ group: UInt32?) throws {
        if exists(path) { return }
        try makeDirectory(path, mode: podMode, mayExist: true)
        guard let group else { return }
        let directory = try Descriptor.open(path, [.readOnly, .directory])
        try directory.setOwner(FileStatus(of: directory).user, group, mode: podMode | keepsGroup)
    }
}

/// The number of a group in the text of `/etc/group`.
///
/// Static programs cannot ask the name service, and need not: system groups are in the file.
func groupNumber(_ name: String, in text: String) -> UInt32? {
    for line in text.split(separator: "\n") {
        let fields = line.split(separator: ":", omittingEmptySubsequences: false)
        if fields.count >= 3, fields[0] == name { return UInt32(fields[2]) }
    }
    return nil
}
