import Glibc
import Synchronization

/// The programs that tests have started and still hold.
enum KnownChildren {
    private static let pids = Mutex<Set<pid_t>>([])

    static func add(_ pid: pid_t) { pids.withLock { _ = $0.insert(pid) } }
    static func remove(_ pid: pid_t) { pids.withLock { _ = $0.remove(pid) } }
    static func contains(_ pid: pid_t) -> Bool { pids.withLock { $0.contains(pid) } }
}
