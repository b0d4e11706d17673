import CLinux
import Glibc
package import SystemPackage

/// Which cgroup hierarchies this host has, and where the calling process is in them.
///
/// Only what is mounted and can be written to counts: containers often see the controllers of their host read-only. A host
/// with both versions counts as version 1, whose controllers do the work there.
///
/// Source: cgroups(7); rkt 1.30.0, common/cgroup: version 2 only where `/sys/fs/cgroup` itself is of that kind.
package struct CgroupLayout: Equatable, Sendable {
    package enum Version: Equatable, Sendable { case v1, v2, none }

    package let version: Version
    /// The cgroup of the calling process by controller, such as `memory`; of version 2 there is one, named `unified`.
    package let own: [String: FilePath]
    /// The top of the unified hierarchy.
    package let unifiedRoot: FilePath?

    package static let unified = "unified"

    /// From the texts of `/proc/self/cgroup` and `/proc/self/mountinfo`.
    package init(processCgroups: String, mountInfo: String, isUnified: Bool) {
        let mounts = mountInfo.utf8.split(separator: UInt8(ascii: "\n")).compactMap(CgroupMount.init)
            .filter { !$0.isReadOnly }
        var own: [String: FilePath] = [:]
        var unifiedRoot: FilePath?
        for line in processCgroups.split(separator: "\n") {
            let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard fields.count == 3 else { continue }
            let names = fields[1].split(separator: ",").map(String.init)
            if names.isEmpty {
                guard isUnified, let mount = mounts.first(where: { $0.type == "cgroup2" }) else { continue }
                own[Self.unified] = mount.directory(of: String(fields[2]))
                unifiedRoot = mount.path
            }
            for name in names where !isUnified {
                guard let mount = mounts.first(where: { $0.type == "cgroup" && $0.options.contains(name) }) else {
                    continue
                }
                own[name] = mount.directory(of: String(fields[2]))
            }
        }
        self.own = own
        self.unifiedRoot = unifiedRoot
        version = own.isEmpty ? .none : isUnified ? .v2 : .v1
    }

    /// Of the calling process, or another one.
    package static func current(of pid: CInt? = nil) throws(SystemCallError) -> CgroupLayout {
        var isUnified = false
        if let top = try? Descriptor.open("/sys/fs/cgroup", [.path]) {  // without the directory there are no cgroups
            isUnified = clinux_filesystem_type(top.raw) == Int(CLINUX_CGROUP2_SUPER_MAGIC)
        }
        return CgroupLayout(
            processCgroups: try readTextFile(FilePath("/proc/\(pid.map(String.init) ?? "self")/cgroup")),
            mountInfo: try readTextFile("/proc/self/mountinfo"), isUnified: isUnified)
    }
}

/// One line of mountinfo that is about cgroups.
private struct CgroupMount {
    let type: String
    let path: FilePath
    /// The cgroup that is visible at ``path``.
    let root: String
    let isReadOnly: Bool
    let options: Set<String>

    /// A host has many mounts; bytes are split several times faster than characters.
    init?(_ line: Substring.UTF8View) {
        let fields = line.split(separator: UInt8(ascii: " ")).map { Substring($0) }
        guard let dash = fields.firstIndex(of: "-"), dash >= 6, fields.count >= dash + 4,
            fields[dash + 1].hasPrefix("cgroup")
        else { return nil }
        type = String(fields[dash + 1])
        root = String(fields[3])
        isReadOnly = fields[5].split(separator: ",").contains("ro")
        path = FilePath(String(fields[4]))
        options = Set(fields[dash + 3].split(separator: ",").map(String.init))
    }

    func directory(of cgroup: String) -> FilePath {
        let relative = root != "/" && cgroup.hasPrefix(root) ? String(cgroup.dropFirst(root.utf8.count)) : cgroup
        let trimmed = String(relative.drop { $0 == "/" })
        return trimmed.isEmpty ? path : path.appending(trimmed)
    }
}

/// Removes a cgroup and those below it.
///
/// Nothing there is no error. Processes that are still in one make it `EBUSY`.
package func removeCgroup(_ path: FilePath) throws(SystemCallError) {
    let children: [DirectoryEntry]
    do {
        children = try directoryEntries(Descriptor.open(path, [.directory]))
    } catch  where error.errno == .noSuchFileOrDirectory {
        return
    }
    for child in children where child.kind == .directory { try removeCgroup(path.appending(child.name)) }
    do {
        try check("rmdir", "'\(path)'") { rmdir(path.string) }
    } catch  where error.errno == .noSuchFileOrDirectory {
        return
    }
}

/// Writes a control file of a cgroup.
package func setCgroup(_ cgroup: FilePath, _ file: String, _ value: String) throws(SystemCallError) {
    do {
        try Descriptor.open(cgroup.appending(file), [.writeOnly]).writeAll(value)
    } catch {
        throw SystemCallError(
            call: error.call, subject: "'\(value)' to '\(cgroup.appending(file))'", errno: error.errno)
    }
}
