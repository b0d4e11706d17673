import CLinux
import Glibc
import SystemPackage

/// What of the host a pod could have changed: mounts, cgroups, the processes below this one.
struct HostState {
    let mounts: Set<String>
    let cgroups: Set<String>
    let processes: Set<pid_t>

    /// Makes orphans of the programs under test come to this process, where they can be counted.
    static func adoptOrphans() { _ = clinux_set_child_subreaper(1) }

    static func now() -> HostState {
        let mounts = ((try? readText("/proc/self/mountinfo")) ?? "").split(separator: "\n").map(String.init)
        return HostState(
            mounts: Set(mounts), cgroups: Set(cgroupDirectories()), processes: Set(descendants().map(\.pid)))
    }

    /// What is there now and was not there before, in words; waits a moment for what is just going away.
    ///
    /// `marks` are the pods of the test: of cgroups only those count that carry one, or the name of the runtime without
    /// being another pod's.
    func leftovers(marks: [String]) -> [String] {
        var found: [String] = []
        for _ in 0..<100 {
            found = differences(from: HostState.now(), marks: marks)
            if found.isEmpty { break }
            usleep(20_000)
        }
        return found
    }

    private func differences(from later: HostState, marks: [String]) -> [String] {
        var found = later.mounts.subtracting(mounts).sorted().map { "mount left: \($0)" }
        found += mounts.subtracting(later.mounts).sorted().map { "mount gone: \($0)" }
        let ours = later.cgroups.subtracting(cgroups).filter { path in
            marks.contains { path.contains($0) } || path.contains("rkt") && !carriesUUID(path)
        }
        found += ours.sorted().map { "cgroup left: \($0)" }
        for process in HostState.descendants() {
            if processes.contains(process.pid) || KnownChildren.contains(process.pid) { continue }
            found.append("process left: \(process.pid) \(process.words)")
        }
        return found
    }

    /// Whether a path names a pod, perhaps somebody else's.
    private func carriesUUID(_ path: String) -> Bool {
        path.split(separator: "/").contains { name in
            let groups = name.split(separator: "-").suffix(5)
            return groups.map(\.count) == [8, 4, 4, 4, 12] && groups.joined().allSatisfy(\.isHexDigit)
        }
    }

    /// Kills what was found, so that one bad test does not spoil the next.
    func killNewProcesses() {
        for process in HostState.descendants()
        where !processes.contains(process.pid) && !KnownChildren.contains(process.pid) {
            kill(process.pid, SIGKILL)
        }
    }

    struct ProcessEntry {
        let pid: pid_t
        let parent: pid_t
        let words: String
    }

    /// Every live process below this one.
    ///
    /// Reaps the orphans that ended here on the way.
    static func descendants() -> [ProcessEntry] {
        var children: [pid_t: [ProcessEntry]] = [:]
        let own = getpid()
        for name in (try? entries(of: "/proc")) ?? [] {
            guard let pid = pid_t(name), let stat = try? readText(FilePath("/proc/\(name)/stat")),
                let end = stat.lastIndex(of: ")")
            else { continue }
            let fields = stat[stat.index(after: end)...].split(separator: " ")
            guard fields.count > 1, let parent = pid_t(fields[1]) else { continue }
            if fields[0] == "Z" || fields[0] == "X" {
                if parent == own && !KnownChildren.contains(pid) && fields[0] == "Z" { reap(pid) }
                continue
            }
            let line = (try? readBytes(FilePath("/proc/\(name)/cmdline"))) ?? []  // gone meanwhile
            let words = String(decoding: line.map { $0 == 0 ? 32 : $0 }, as: UTF8.self)
            children[parent, default: []].append(ProcessEntry(pid: pid, parent: parent, words: words))
        }
        var found: [ProcessEntry] = []
        var pending = children[own] ?? []
        while let next = pending.popLast() {
            found.append(next)
            pending += children[next.pid] ?? []
        }
        return found
    }

    private static func reap(_ pid: pid_t) {
        var child = clinux_child()
        _ = clinux_wait(pid, 1, &child)
    }

    /// All cgroup directories of all hierarchies.
    private static func cgroupDirectories() -> [String] {
        var found: [String] = []
        var pending = ["/sys/fs/cgroup"]
        while let directory = pending.popLast() {
            guard let handle = opendir(directory) else { continue }
            while let entry = readdir(handle) {
                if entry.pointee.d_type != UInt8(DT_DIR) { continue }
                let name = withUnsafePointer(to: &entry.pointee.d_name) {
                    $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                }
                if name == "." || name == ".." { continue }
                found.append("\(directory)/\(name)")
                pending.append("\(directory)/\(name)")
            }
            closedir(handle)
        }
        return found
    }
}
