package import AppContainer
import LinuxSystem
package import SystemPackage

/// The pods below a data directory.
///
/// Looking needs no right to write: directories that are not there are empty.
package struct PodStore: Sendable {
    package let dataDirectory: FilePath

    package init(dataDirectory: FilePath) {
        self.dataDirectory = dataDirectory
    }

    /// How often a new pod is tried again when gc takes its directory away before it is locked.
    private static let creationAttempts = 16

    /// Makes a pod in the state preparing, under the exclusive lock of this process.
    ///
    /// Killed at any point, what it leaves is a directory that the next `rkt gc` removes.
    package func create() throws -> Pod {
        try makeDirectories()
        let embryo = try open(.embryo)
        let prepare = try open(.prepare)
        let mode = PodDirectories.podMode | (try FileStatus(of: embryo).permissions & PodDirectories.keepsGroup)
        for _ in 0..<Self.creationAttempts {
            if let pod = try create(PodID(random: randomBytes(16)), mode, embryo, prepare) { return pod }
        }
        throw Failure("cannot create a pod below '\(dataDirectory)': its directory was removed again and again")
    }

    /// Makes the directories that pods and locks live in; what is there is left as it is.
    package func makeDirectories() throws { try PodDirectories.make(below: dataDirectory) }

    /// nil when the UUID is taken, or gc was faster than our lock.
    private func create(
        _ id: PodID, _ mode: UInt32, _ embryo: borrowing Descriptor, _ prepare: borrowing Descriptor
    ) throws(SystemCallError) -> Pod? {
        do {
            try embryo.makeDirectory("\(id)", mode: mode)
            let descriptor = try embryo.open("\(id)", [.readOnly, .directory, .noFollow])
            try descriptor.lock(.exclusive)
            try embryo.rename("\(id)", to: prepare, as: "\(id)")
            let inode = try FileStatus(of: descriptor).inode
            return Pod(id, descriptor, inode: inode, in: .prepare, of: dataDirectory, holdsLock: true)
        } catch  where error.errno == .noSuchFileOrDirectory || error.errno == .fileExists {
            return nil
        }
    }

    private func open(_ directory: PodDirectory) throws(SystemCallError) -> Descriptor {
        try Descriptor.open(path(of: directory), [.readOnly, .directory])
    }

    func path(of directory: PodDirectory) -> FilePath {
        FilePath("\(dataDirectory)/pods/\(directory.rawValue)")
    }

    /// Calls `body` with each pod that is in one of the directories, in the order of their UUIDs.
    ///
    /// One pod is open at a time, so their number does not matter. A pod that is gone when its turn comes is left out; one
    /// that moves is visited where it is then. What cannot be a pod is reported and left out, and so is a pod for which
    /// `body` fails: one broken pod never hides the others.
    package func forEach(
        in directories: [PodDirectory], report: (String) -> Void, _ body: (Pod) throws -> Void
    ) throws {
        for (id, directory) in try entries(in: directories, report: report) {
            do {
                guard let pod = try Pod.open(id, of: dataDirectory, from: directory) else { continue }
                try body(pod)
            } catch {
                report("skipping \"\(id)\": \(error)")
            }
        }
    }

    /// The UUIDs of the pods in these directories, sorted.
    package func identifiers(in directories: [PodDirectory], report: (String) -> Void) throws -> [PodID] {
        try entries(in: directories, report: report).map(\.id)
    }

    /// The pods in these directories by their UUIDs, each with the earliest directory it was seen in.
    private func entries(
        in directories: [PodDirectory], report: (String) -> Void
    ) throws -> [(id: PodID, directory: PodDirectory)] {
        var found: [PodID: PodDirectory] = [:]
        for directory in PodDirectory.allCases where directories.contains(directory) {
            for name in try listDirectory(path(of: directory)) {
                do {
                    let id = try PodID(parsing: name)
                    if found[id] == nil { found[id] = directory }
                } catch {
                    report("unrecognized entry: \"\(name)\", ignoring")
                }
            }
        }
        return found.map { (id: $0.key, directory: $0.value) }.sorted { $0.id < $1.id }
    }

    /// The pod with this UUID, in whatever state.
    ///
    /// Throws ``PodError/notPresent(_:)``.
    package func pod(_ id: PodID) throws -> Pod {
        guard let pod = try Pod.open(id, of: dataDirectory) else { throw PodError.notPresent(id) }
        return pod
    }

    /// The pod whose UUID begins with these characters, upper or lower case, among those that `rkt list` shows.
    ///
    /// Throws ``PodError/emptyIdentifier``, ``PodError/noMatch(_:)``, ``PodError/ambiguous(_:)``,
    ///   ``PodError/notPresent(_:)``.
    package func pod(matching prefix: String) throws -> Pod {
        try pod(identifier(matching: prefix))
    }

    /// The UUID that begins with these characters.
    package func identifier(matching prefix: String) throws -> PodID {
        let wanted = prefix.lowercased()
        if wanted.isEmpty { throw PodError.emptyIdentifier }
        if let whole = try? PodID(parsing: wanted), wanted == "\(whole)" {  // anything else is a prefix
            let isThere = PodDirectory.listed.contains { exists(Pod.path(of: wanted, $0, dataDirectory)) }
            guard isThere else { throw PodError.noMatch(prefix) }
            return whole
        }
        let matches = try identifiers(in: PodDirectory.listed) { _ in }.filter { "\($0)".hasPrefix(wanted) }
        guard let match = matches.first else { throw PodError.noMatch(prefix) }
        guard matches.count == 1 else { throw PodError.ambiguous(matches.count) }
        return match
    }
}
