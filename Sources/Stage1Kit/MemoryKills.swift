package import AppContainer

/// Processes of an app that the kernel ended because memory ran out for them.
///
/// Source: cgroup-v2.rst, "memory.events"; cgroup-v1/memory.rst, "memory.oom_control".
package struct MemoryKills: Equatable, Sendable {
    package let count: UInt64
    /// Whether it was the app's own limit; else that of a cgroup above or of the machine.
    package let isOwnLimit: Bool

    /// From what the kernel counted in the app's cgroup; `nil` when it ended none.
    ///
    /// Version 1 does not tell whose limit it was.
    package init?(_ events: String, isUnified: Bool) {
        var counts: [Substring: UInt64] = [:]
        for line in events.split(separator: "\n") {
            let words = line.split(separator: " ")
            if words.count == 2 { counts[words[0]] = UInt64(words[1]) }
        }
        guard let count = counts["oom_kill"], count > 0 else { return nil }
        self.count = count
        isOwnLimit = !isUnified || counts["oom", default: 0] > 0
    }

    /// What the user is told.
    package func sentence(of app: ACName, limit: String) -> String {
        let processes = count == 1 ? "a process" : "\(count) processes"
        return isOwnLimit
            ? "app '\(app)' reached its memory limit of \(limit) bytes, and the kernel ended \(processes) of it"
            : "memory ran out outside of the limit of app '\(app)', and the kernel ended \(processes) of it"
    }
}
