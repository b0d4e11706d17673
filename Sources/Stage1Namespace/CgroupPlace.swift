import Glibc
import LinuxSystem
import SystemPackage

/// Cgroups for a process to be in, one per hierarchy, open so that they can be reached from any root.
///
/// The descriptors are never closed: the first process hands them to the apps.
///
/// Moving a process takes the kernel many milliseconds, because it waits until no process is starting or ending anywhere.
/// Both ways here avoid that: with version 2 a process is born where it belongs, with version 1 a process with one thread
/// moves itself through `tasks`.
///
/// Source: clone3(2), CLONE_INTO_CGROUP; cgroups(7), "Creating cgroups and moving processes".
struct CgroupPlace {
    static let none = CgroupPlace(birthplace: -1, entrances: [])

    /// The directory of a cgroup of version 2 for ``forkProcess(into:cgroup:running:)``, or -1.
    let birthplace: CInt
    private let entrances: [CInt]

    /// All of them.
    var descriptors: [CInt] { (birthplace < 0 ? [] : [birthplace]) + entrances }

    func closeAll() {
        for number in descriptors { close(number) }
    }

    init(birthplace: CInt, entrances: [CInt]) {
        self.birthplace = birthplace
        self.entrances = entrances
    }

    /// With `isEntered` no process is born here: that needs rights to the directory, which a user namespace takes away,
    /// while an open file keeps those of whoever opened it.
    init(_ directories: [FilePath], isUnified: Bool, isEntered: Bool = false) throws {
        guard isUnified, !isEntered else {
            let name = isUnified ? "cgroup.procs" : "tasks"
            self.init(birthplace: -1, entrances: try directories.map { try openEntrance($0.appending(name)) })
            return
        }
        guard let directory = directories.first else {
            self = .none
            return
        }
        self.init(birthplace: try Descriptor.open(directory, [.directory, .path]).release(), entrances: [])
    }

    /// Moves the calling process, unless it was born here.
    func enter() throws {
        for entrance in entrances { try check("write", "the processes of a cgroup") { write(entrance, "0", 1) } }
    }
}

private func openEntrance(_ file: FilePath) throws(SystemCallError) -> CInt {
    try Descriptor.open(file, [.writeOnly]).release()
}
