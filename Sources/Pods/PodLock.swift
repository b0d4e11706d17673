package import LinuxSystem

/// The lock of a pod is flock(2) on its directory; see ``PodState`` for what it means where.
///
/// Source: rkt 1.30.0, pkg/lock/dir.go.
extension Pod {
    /// Waits until nobody else has the lock.
    func lockExclusively() throws(SystemCallError) {
        try descriptor.lock(.exclusive)
        holdsLock = true
    }

    /// False when somebody has the exclusive lock; waits for those who only have a shared one, which is short.
    func lockExclusivelyUnlessOwned() throws(SystemCallError) -> Bool {
        if holdsLock { return true }
        if try descriptor.tryLock(.exclusive) {
            holdsLock = true
            return true
        }
        if try isLockedByAnother() { return false }
        try lockExclusively()
        return true
    }

    /// Whether somebody has the exclusive lock, whatever that means in the pod's state.
    package func isHeld() throws(SystemCallError) -> Bool { holdsLock ? false : try isLockedByAnother() }

    func isLockedByAnother() throws(SystemCallError) -> Bool {
        guard try descriptor.tryLock(.shared) else { return true }
        try descriptor.unlock()
        return false
    }

    /// Gives the lock back, here and in every process that has inherited it.
    func unlock() throws(SystemCallError) {
        try descriptor.unlock()
        holdsLock = false
    }
}
