import LinuxSystem

/// The moves of a pod's life, each one rename.
///
/// Source: rkt 1.30.0, pkg/pod/pods.go.
extension Pod {
    /// The end of `rkt prepare`: the pod waits for `rkt run-prepared`, and its lock is free.
    ///
    /// On return the move is on disk.
    package func finishPreparing() throws {
        try move(to: .prepared, durable: true)
        try unlock()
        state = .prepared
    }

    /// The move of `rkt run`, from prepare to run, under the lock that ``PodStore/create()`` took.
    ///
    /// Not synced: after a crash of the machine the pod is not running anyway, and gc clears it in either place.
    package func startRunning() throws {
        try move(to: .run, durable: false)
    }

    /// Takes the lock of a prepared pod and moves it to run; of two who try, one gets ``PodError/moved(_:expected:)``.
    package func startRunningPrepared() throws {
        guard state == .prepared else { throw PodError.moved(id, expected: .prepared) }
        try lockExclusively()
        try move(to: .run, durable: false)
    }

    /// Marks an exited pod as garbage; its grace period begins.
    package func markExited() throws {
        guard state == .exited else { throw PodError.moved(id, expected: .exited) }
        try move(to: .exitedGarbage, durable: false)
    }

    /// Marks a pod that never ran as garbage: half made, aborted in prepare, or prepared and no longer wanted.
    ///
    /// The pod's lock is taken for the move, so that it cannot come to run at the same time.
    ///
    /// Returns false when somebody else holds the lock, or has moved the pod.
    package func discard() throws -> Bool {
        guard [.embryo, .abortedPrepare, .prepared].contains(state) else { return false }
        let origin = directory
        guard try lockForDeletion() else { return false }
        guard directory == origin else {
            try unlock()
            return false
        }
        try move(to: .garbage, durable: false)
        try unlock()
        state = .garbage
        return true
    }

    /// Takes the exclusive lock, if no process of the pod and nobody who deletes it has it, and looks where the pod is.
    ///
    /// Somebody who only looks at the pod's state has the lock for a moment: that is waited for.
    ///
    /// Returns false when somebody has the lock, or the pod is gone.
    package func lockForDeletion() throws -> Bool {
        guard try lockExclusivelyUnlessOwned() else { return false }
        guard try refresh(), try !hasSurvivor() else {
            try unlock()
            return false
        }
        return true
    }

    /// Deletes everything in the pod's directory, and then the directory.
    ///
    /// The lock must be held. The files that say what the pod was go last, so that a deletion that was interrupted is
    /// taken up again by the next `rkt gc`.
    package func delete() throws {
        for name in ["stage1", "overlay", "sharedVolumes"] { try removeTree(name, below: descriptor) }
        try removeTree(name, below: stateDirectory(directory))
    }
}
