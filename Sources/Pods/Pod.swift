package import AppContainer
package import LinuxSystem
package import SystemPackage

/// A pod's directory, held open: what is read through it belongs to one pod even while the directory moves.
///
/// ``state`` is what was true when it was last looked at; ``refresh()`` looks again. Whoever got the pod from
/// ``PodStore/create()``, ``startRunningPrepared()`` or ``lockForDeletion()`` holds its exclusive lock until the object
/// goes away.
package final class Pod {
    package let id: PodID
    package let descriptor: Descriptor
    package let dataDirectory: FilePath
    package internal(set) var state: PodState
    /// Where the directory was when ``state`` was found out.
    package private(set) var directory: PodDirectory
    /// State is not tested while this is set: the test would turn our exclusive lock into a shared one.
    var holdsLock: Bool
    private let inode: UInt64
    /// The directory's own name, which every look at the pod needs.
    let name: String

    /// `holdsLock`: the descriptor's owner has the exclusive lock.
    init(
        _ id: PodID, _ descriptor: consuming Descriptor, inode: UInt64, in directory: PodDirectory,
        of dataDirectory: FilePath, holdsLock: Bool
    ) {
        self.id = id
        name = "\(id)"
        self.dataDirectory = dataDirectory
        self.directory = directory
        self.holdsLock = holdsLock
        self.inode = inode
        self.descriptor = descriptor
        state = PodState(in: directory, locked: holdsLock)
    }

    /// Opens the pod wherever it is; nil when it is nowhere.
    ///
    /// It is looked for in `first` and the later directories, because pods move forward only.
    static func open(
        _ id: PodID, of dataDirectory: FilePath, from first: PodDirectory = .embryo
    ) throws(SystemCallError) -> Pod? {
        let name = "\(id)"
        for directory in PodDirectory.allCases.drop(while: { $0 != first }) {
            do {
                let path = path(of: name, directory, dataDirectory)
                let descriptor = try Descriptor.open(path, [.readOnly, .directory, .noFollow])
                let inode = try FileStatus(of: descriptor).inode
                let pod = Pod(id, descriptor, inode: inode, in: directory, of: dataDirectory, holdsLock: false)
                if try pod.settle() { return pod }
                return try pod.refresh() ? pod : nil
            } catch  where error.errno == .noSuchFileOrDirectory {
                continue
            }
        }
        return nil
    }

    static func path(of name: String, _ directory: PodDirectory, _ dataDirectory: FilePath) -> FilePath {
        FilePath("\(dataDirectory)/pods/\(directory.rawValue)/\(name)")
    }

    package var path: FilePath { Pod.path(of: name, directory, dataDirectory) }

    /// Finds out where the pod is now and who holds its lock; false when it is gone.
    ///
    /// A pod that moves between the two looks is looked at again, so the answer was true at one moment.
    @discardableResult
    package func refresh() throws(SystemCallError) -> Bool {
        while try locate() {
            if try settle() { return true }
        }
        return false
    }

    /// Finds out the state from the directory the pod was just seen in; false when it has moved meanwhile.
    private func settle() throws(SystemCallError) -> Bool {
        guard directory.lockMatters, !holdsLock else {
            state = PodState(in: directory, locked: holdsLock)
            return true
        }
        var locked = try isLockedByAnother()
        if !locked { locked = try hasSurvivor() }
        guard try isIn(directory) else { return false }
        state = PodState(in: directory, locked: locked)
        return true
    }

    /// Finds out the directory the pod is in; false when it is in none.
    ///
    /// Pods move forward only, so one pass from where it was finds it.
    private func locate() throws(SystemCallError) -> Bool {
        for candidate in PodDirectory.allCases.drop(while: { $0 != directory }) where try isIn(candidate) {
            directory = candidate
            return true
        }
        return false
    }

    private func isIn(_ directory: PodDirectory) throws(SystemCallError) -> Bool {
        do {
            return try FileStatus(of: Pod.path(of: name, directory, dataDirectory), followSymlinks: false).inode
                == inode
        } catch  where error.errno == .noSuchFileOrDirectory {
            return false
        }
    }

    /// Renames the directory to another state directory.
    ///
    /// Throws ``PodError/moved(_:expected:)`` when somebody else was faster.
    func move(to target: PodDirectory, durable: Bool) throws {
        let to = try stateDirectory(target)
        guard try rename(to: to) else { throw PodError.moved(id, expected: state) }
        directory = target
        state = PodState(in: target, locked: holdsLock)
        if durable { try to.sync() }
    }

    private func rename(to target: borrowing Descriptor) throws(SystemCallError) -> Bool {
        do {
            try stateDirectory(directory).rename(name, to: target, as: name)
            return true
        } catch  where error.errno == .noSuchFileOrDirectory {
            return false
        }
    }

    func stateDirectory(_ directory: PodDirectory) throws(SystemCallError) -> Descriptor {
        try Descriptor.open(FilePath("\(dataDirectory)/pods/\(directory.rawValue)"), [.readOnly, .directory])
    }
}
