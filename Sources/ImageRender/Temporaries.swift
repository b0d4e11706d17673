import LinuxSystem
import SystemPackage

/// How the names of directories begin that are being made.
let temporaryPrefix = ".tmp-"

/// A directory for something unfinished.
///
/// It is locked: a lock that nobody holds means that its maker is dead.
struct Temporary: ~Copyable {
    let name: String
    let directory: Descriptor

    init(in parent: borrowing Descriptor) throws(SystemCallError) {
        while true {
            let name = temporaryPrefix + hexadecimal(try randomBytes(8))
            try parent.makeDirectory(name, mode: 0o700)
            do throws(SystemCallError) {
                let made = try parent.open(name, [.directory, .noFollow])
                // Between the two calls somebody who looks for dead ones may have taken it for one.
                guard try made.tryLock(.exclusive), try FileStatus(of: made).links > 0 else { continue }
                self.name = name
                directory = made
                return
            } catch  where error.errno == .noSuchFileOrDirectory {
                continue
            }
        }
    }
}

/// Removes every ``Temporary`` of processes that have died.
func removeDeadTemporaries(in directory: FilePath) throws {
    let names = try listDirectory(directory).filter { $0.hasPrefix(temporaryPrefix) }
    if names.isEmpty { return }
    let parent = try Descriptor.open(directory, [.directory, .path])
    for name in names {
        if try isUnlocked(name, in: parent) { try removeTree(name, below: parent) }
    }
}

private func isUnlocked(_ name: String, in parent: borrowing Descriptor) throws(SystemCallError) -> Bool {
    do throws(SystemCallError) {
        return try parent.open(name, [.directory, .noFollow]).tryLock(.exclusive)
    } catch {
        if error.errno == .noSuchFileOrDirectory { return false }
        throw error
    }
}
