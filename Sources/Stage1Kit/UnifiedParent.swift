package import LinuxSystem
package import SystemPackage

/// A cgroup of version 2 on the way from our own to the top.
package struct UnifiedLevel: Equatable, Sendable {
    package let directory: FilePath
    /// Whether it is the top of the whole machine, which may hold processes and give controllers at once.
    package let isMachine: Bool
    /// What it may give to its children, and what it gives already.
    package let controllers: Set<String>
    package let given: Set<String>
    /// 0 for processes that have no number here.
    package let processes: [Int32]
    /// Files with a limit in them.
    package let limits: [String]

    /// From our own cgroup to the top of what is visible.
    package static func all(_ layout: CgroupLayout) throws -> [UnifiedLevel] {
        guard var directory = layout.own[CgroupLayout.unified], let top = layout.unifiedRoot else { return [] }
        var levels: [UnifiedLevel] = []
        while true {
            levels.append(try UnifiedLevel(directory))
            if directory == top || directory.components.count <= top.components.count { return levels }
            directory = directory.removingLastComponent()
        }
    }

    private init(_ directory: FilePath) throws {
        self.directory = directory
        isMachine = !exists(directory.appending("cgroup.type"))
        controllers = Set(try words(in: directory.appending("cgroup.controllers")))
        given = Set(try words(in: directory.appending("cgroup.subtree_control")))
        processes = try words(in: directory.appending("cgroup.procs")).compactMap(Int32.init)
        var limits: [String] = []
        for file in ["memory.max", "memory.high", "cpu.max", "pids.max", "io.max"] {
            let path = directory.appending(file)
            guard exists(path), let first = try words(in: path).first, first != "max" else { continue }
            limits.append(file)
        }
        self.limits = limits
    }

    package init(
        _ directory: FilePath, isMachine: Bool = false, controllers: Set<String>, given: Set<String> = [],
        processes: [Int32] = [], limits: [String] = []
    ) {
        self.directory = directory
        self.isMachine = isMachine
        self.controllers = controllers
        self.given = given
        self.processes = processes
        self.limits = limits
    }
}

private func words(in file: FilePath) throws -> [String] {
    try readTextFile(file).split(whereSeparator: \.isWhitespace).map(String.init)
}

/// The cgroup of version 2 that a pod's hang below, and what it takes to get controllers there.
///
/// A cgroup that holds processes cannot give controllers to its children. So this process, if it is the only one in its
/// cgroup, moves to a child of its own; else the pod goes to the nearest cgroup above that can have it, as long as it
/// escapes no limit on the way.
///
/// Source: cgroup-v2.rst of the kernel's documentation, "No Internal Process Constraint"; systemd's
/// CGROUP_DELEGATION.md.
package struct UnifiedParent: Equatable, Sendable {
    package let directory: FilePath
    /// Controllers that its children do not have yet.
    package let missing: [String]
    /// Whether this process has to leave it first.
    package let isOccupied: Bool

    /// `nil` where there are no cgroups.
    package init?(_ levels: [UnifiedLevel], wanted: Set<String>, process: Int32) throws {
        guard let own = levels.first else { return nil }
        if wanted.isEmpty {
            self.init(own.directory)
            return
        }
        for level in levels {
            if wanted.isSubset(of: level.controllers) {
                let missing = wanted.subtracting(level.given).sorted()
                if missing.isEmpty || level.isMachine || level.processes.isEmpty {
                    self.init(level.directory, missing: missing)
                    return
                }
                if level.processes == [process] {
                    self.init(level.directory, missing: missing, isOccupied: true)
                    return
                }
            }
            guard level.limits.isEmpty else {
                let lacking = wanted.subtracting(level.controllers).sorted().joined(separator: ", ")
                let (reason, advice) =
                    lacking.isEmpty
                    ? ("other processes are in it", "start rkt as the only process of its service or scope")
                    : ("it was not given \(lacking)", "start rkt in a service or scope with Delegate=yes")
                throw Failure(
                    "cannot give apps limits of their own below cgroup '\(level.directory)': \(reason), and elsewhere "
                        + "its \(level.limits.joined(separator: ", ")) would not count; \(advice)")
            }
        }
        throw Failure(
            "cannot give apps limits of their own below cgroup '\(own.directory)': neither it nor a cgroup above can "
                + "give \(wanted.sorted().joined(separator: ", ")) to children; start rkt as the only process of a "
                + "service or scope with Delegate=yes")
    }

    private init(_ directory: FilePath, missing: [String] = [], isOccupied: Bool = false) {
        self.directory = directory
        self.missing = missing
        self.isOccupied = isOccupied
    }

    /// Where this process goes when it has to leave.
    package func refuge(for pod: String) -> FilePath? {
        isOccupied ? directory.appending("rkt-\(pod)-supervisor") : nil
    }

    /// Gives the children their controllers.
    package func prepare(for pod: String) throws {
        if let refuge = refuge(for: pod) {
            try makeDirectory(refuge, mode: 0o755, mayExist: true)
            try setCgroup(refuge, "cgroup.procs", "0")
        }
        for controller in missing { try setCgroup(directory, "cgroup.subtree_control", "+\(controller)") }
    }

    /// Goes back to where it came from, when the pod's cgroups are gone.
    ///
    /// Where somebody else has come to need the controllers meanwhile, all stays as it is, for `gc`.
    package func leave(for pod: String) throws {
        guard let refuge = refuge(for: pod) else { return }
        for controller in missing { try setCgroup(directory, "cgroup.subtree_control", "-\(controller)") }
        try setCgroup(directory, "cgroup.procs", "0")
        try removeCgroup(refuge)
    }
}
