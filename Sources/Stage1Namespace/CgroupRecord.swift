import LinuxSystem
import Stage1Interface
import SystemPackage

/// The list of a pod's cgroup directories, one a line, in the pod directory.
enum CgroupRecord {
    private static let file: FilePath = "cgroups"

    /// The first one is the pod's; others may be ours.
    static func save(_ directories: [FilePath]) throws {
        let lines = directories.map { "\($0)\n" }.joined()
        try writeFile(Array(lines.utf8), to: file, mode: 0o644, durable: false)
        if let first = directories.first {
            let name = first.string.split(separator: "/").dropFirst(3).joined(separator: "/")
            try writeFile(Array(name.utf8), to: Stage1ABI.Path.cgroup, mode: 0o644, durable: false)
        }
    }

    /// Empty when the pod never got that far.
    static func load() throws -> [FilePath] {
        guard exists(file) else { return [] }
        return try readTextFile(file).split(separator: "\n").map { FilePath(String($0)) }
    }
}
