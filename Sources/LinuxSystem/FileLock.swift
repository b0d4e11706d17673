import CLinux
import Glibc
package import SystemPackage

/// The two kinds of `flock(2)`.
package enum LockKind: Sendable {
    case shared, exclusive

    var operation: CInt { self == .shared ? LOCK_SH : LOCK_EX }
}

extension Descriptor {
    /// Locks the open file, waiting for others; the lock goes with the last copy of the descriptor.
    package borrowing func lock(_ kind: LockKind) throws(SystemCallError) {
        let number = raw
        try check("flock", "descriptor \(number)") { clinux_flock(number, kind.operation) }
    }

    /// Locks the open file unless somebody else holds it: `false` then.
    package borrowing func tryLock(_ kind: LockKind) throws(SystemCallError) -> Bool {
        let number = raw
        do {
            try check("flock", "descriptor \(number)") { clinux_flock(number, kind.operation | LOCK_NB) }
            return true
        } catch  where error.errno == .wouldBlock {
            return false
        }
    }

    package borrowing func unlock() throws(SystemCallError) {
        let number = raw
        try check("flock", "descriptor \(number)") { clinux_flock(number, LOCK_UN) }
    }
}

/// A lock on a file made for the purpose; given back when it goes away.
package struct FileLock: ~Copyable, Sendable {
    private let descriptor: Descriptor

    /// Opens or makes the lock file and waits for the lock.
    package init(_ path: FilePath, _ kind: LockKind, mode: UInt32 = 0o600) throws(SystemCallError) {
        let file = try Descriptor.open(path, [.readWrite, .create], mode: mode)
        try file.lock(kind)
        descriptor = file
    }
}
