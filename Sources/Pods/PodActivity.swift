import CLinux
import Glibc
package import LinuxSystem

/// Tells when something changes in directories of a pod that may be running, and when it has ended.
///
/// Nothing that happens after it was made is missed.
package final class PodActivity {
    private let watch: Descriptor
    private let waiter: ChildProcess

    /// Starts a child that waits for the pod's end; it goes away with this process.
    package init(of pod: Pod) throws(SystemCallError) {
        watch = Descriptor(owning: try check("inotify_init1", "a new watch") { clinux_inotify_init() })
        waiter = try startEndWaiter(pod)
    }

    deinit {
        try? waiter.send(SIGKILL)  // it may have ended already
        _ = try? waiter.wait()  // nobody wants to know how
    }

    /// Watches files of this directory; a second time changes nothing.
    package func add(_ directory: borrowing Descriptor) throws(SystemCallError) {
        let number = watch.raw
        let path = directory.procPath
        try check("inotify_add_watch", "'\(path)'") {
            clinux_inotify_add_watch(
                number, path, CLINUX_IN_CREATE | CLINUX_IN_MOVED_TO | CLINUX_IN_MODIFY | CLINUX_IN_CLOSE_WRITE)
        }
    }

    /// Waits for a change; false when the pod has ended.
    package func wait() throws(SystemCallError) -> Bool {
        let ready = try waitForInput([watch.raw, waiter.descriptor.raw])
        if ready[1] { return false }
        var events = [UInt8](repeating: 0, count: 1 << 14)
        let number = watch.raw
        _ = try check("read", "a watch") { read(number, &events, events.count) }
        return true
    }
}
