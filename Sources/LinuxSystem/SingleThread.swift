import Glibc
import SystemPackage

/// Whether a copy of this process could do a part of its work: a second thread's locks would stay locked in the copy,
/// and with one processor there is nothing to gain.
package func canForkForSpeed() -> Bool {
    let threads = (try? FileStatus(of: "/proc/self/task").links).map { $0 - 2 }  // without /proc: not known
    return threads == 1 && sysconf(CInt(_SC_NPROCESSORS_ONLN)) > 1
}
