import CLinux
import Glibc
import LinuxSystem
import SystemPackage

/// Waiting for a pod: the kernel wakes us when its lock is given back or its directory changes; nothing polls.
extension Pod {
    /// Waits until the pod has run, or will not run any more.
    ///
    /// `timeout`: nil waits for ever.
    /// Throws ``PodError/timedOut``.
    package func waitUntilExited(timeout: Duration?) throws {
        let deadline = timeout.map { ContinuousClock.now + $0 }
        while try refresh(), state.isBeforeExit || state == .deleting || state == .exitedDeleting {
            try waitForChange(until: deadline, alsoOf: nil)
        }
    }

    /// Waits until every app of the pod has started.
    ///
    /// `timeout`: nil waits for ever.
    /// Returns false when the pod ended without ever having been ready.
    /// Throws ``PodError/timedOut``.
    package func waitUntilReady(timeout: Duration?) throws -> Bool {
        let deadline = timeout.map { ContinuousClock.now + $0 }
        while try refresh() {
            if try isReady() { return true }
            guard state.isBeforeExit else { return false }
            try waitForChange(until: deadline, alsoOf: state == .running ? try supervisorDirectory() : nil) {
                try isReady()
            }
        }
        return false
    }

    /// The pid of the pod's first process, waiting until a pod that is just starting has one.
    ///
    /// Throws ``Failure`` when the pod ended in the meantime.
    package func waitForFirstProcess() throws -> Int32 {
        while try refresh(), state == .running {
            if let pid = try firstProcess() { return pid }
            if try parentPID() != nil {
                // The child of a foreign supervisor announces itself to nobody: look again every now and then.
                try waitForChange(until: ContinuousClock.now + .milliseconds(20), alsoOf: ".", tolerant: true) {
                    try firstProcess() != nil
                }
            } else {
                try waitForChange(until: nil, alsoOf: ".") { try ownPID() != nil || parentPID() != nil }
            }
        }
        throw Failure("pod \(id) is not running anymore")
    }

    private func firstProcess() throws -> Int32? {
        if let pid = try ownPID() { return pid }
        guard let parent = try parentPID() else { return nil }
        let children = try? readTextFile(FilePath("/proc/\(parent)/task/\(parent)/children"))  // it may just have ended
        let numbers = (children ?? "").split(separator: " ").compactMap { Int32($0) }
        return numbers.count == 1 ? numbers[0] : nil
    }

    /// Nothing there to watch is fine: the end of the pod is noticed all the same.
    private func addEntries(of name: String, to watch: borrowing DirectoryWatch) throws(SystemCallError) {
        do {
            try watch.addEntries(of: descriptor.openBeneath(name, [.directory, .path], confinement: .beneath))
        } catch  where error.errno == .noSuchFileOrDirectory {
            return
        }
    }

    /// Returns when the pod may have changed its state, or a name appeared in one of its directories.
    ///
    /// `name`: the directory to watch.
    /// `isDone`: asked once the watch is in place, so that nothing that happens before is missed.
    private func waitForChange(
        until deadline: ContinuousClock.Instant?, alsoOf name: String?, tolerant: Bool = false,
        unless isDone: () throws -> Bool = { false }
    ) throws {
        let seen = directory
        let watch = try DirectoryWatch()
        try watch.addMoves(of: descriptor)
        if let name {
            try addEntries(of: name, to: watch)
        }
        // The lock of an embryo is taken later, and that of a prepared pod when it runs.
        let isReady: Bool
        if seen.lockMatters {
            let waiter = try startEndWaiter(self)
            defer { end(waiter) }
            guard try refresh(), directory == seen, try !isDone() else { return }
            isReady = try poll([watch.descriptor.raw, waiter.descriptor.raw], until: deadline)
        } else {
            guard try refresh(), directory == seen, try !isDone() else { return }
            isReady = try poll([watch.descriptor.raw], until: deadline)
        }
        if !isReady, !tolerant { throw PodError.timedOut }
    }
}

/// False when the time was up first.
private func poll(
    _ descriptors: [CInt], until deadline: ContinuousClock.Instant?
) throws(SystemCallError) -> Bool {
    try check("poll", "a pod") {
        clinux_poll(descriptors, CInt(descriptors.count), milliseconds(until: deadline))
    } != 0
}

private func end(_ child: borrowing ChildProcess) {
    try? child.send(SIGKILL)  // it may have ended already
    _ = try? child.wait()  // nobody wants to know how
}

/// What is left until `deadline`, for poll(2): rounded up, and -1 without one.
private func milliseconds(until deadline: ContinuousClock.Instant?) -> CInt {
    guard let deadline else { return -1 }
    let (seconds, attoseconds) = (deadline - .now).components
    if seconds < 0 || attoseconds < 0 { return 0 }
    let limit = Int64(CInt.max) / 1000 - 1
    return CInt(min(seconds, limit) * 1000 + attoseconds / 1_000_000_000_000_000 + 1)
}

/// Tells about moves of directories and about names that appear in them.
///
/// Source: inotify(7).
private struct DirectoryWatch: ~Copyable {
    let descriptor: Descriptor

    init() throws(SystemCallError) {
        descriptor = Descriptor(owning: try check("inotify_init1", "a new watch") { clinux_inotify_init() })
    }

    borrowing func addMoves(of directory: borrowing Descriptor) throws(SystemCallError) {
        try add(directory, CLINUX_IN_MOVE_SELF | CLINUX_IN_DELETE_SELF)
    }

    borrowing func addEntries(of directory: borrowing Descriptor) throws(SystemCallError) {
        try add(directory, CLINUX_IN_CREATE | CLINUX_IN_MOVED_TO | CLINUX_IN_MOVE_SELF | CLINUX_IN_DELETE_SELF)
    }

    private borrowing func add(_ directory: borrowing Descriptor, _ mask: UInt32) throws(SystemCallError) {
        let number = descriptor.raw
        let path = directory.procPath
        try check("inotify_add_watch", "'\(path)'") { clinux_inotify_add_watch(number, path, mask) }
    }
}

/// Starts a child process that waits for the lock of a pod in our place, because flock(2) knows no timeout.
///
/// Its descriptor becomes readable when the lock is free and no process of the pod has outlived it. The child goes away
/// with this process.
func startEndWaiter(_ pod: Pod) throws(SystemCallError) -> ChildProcess {
    let lock = try pod.descriptor.open(".", .directory)  // of the child alone; the lock of ours stays as it is
    let number = lock.raw
    return try forkProcess {
        clinux_set_parent_death_signal(SIGKILL)
        while clinux_flock(number, LOCK_SH) == -1 && errno == EINTR {}
        clinux_flock(number, LOCK_UN)
        if let process = try? pod.survivor() { _ = try? waitForInput([process.raw]) }  // else the caller looks itself
        _exit(0)
    }
}
