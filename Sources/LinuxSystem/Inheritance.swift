import CLinux
import SystemPackage

/// Takes over from another process what children usually inherit: policy and niceness, processors, priority of input and
/// output, personality.
///
/// Where the caller has less than the other process and may not raise it, the caller's stays.
///
/// Source: sched_setattr(2), sched_setaffinity(2), ioprio_set(2), personality(2).
package func adoptInheritance(of pid: CInt) throws {
    try unlessForbidden { () throws(SystemCallError) in
        try check("sched_setattr", "as process \(pid)") { clinux_adopt_scheduling(pid) }
    }
    try unlessForbidden { () throws(SystemCallError) in
        try check("sched_setaffinity", "as process \(pid)") { clinux_adopt_processors(pid) }
    }
    try unlessForbidden { () throws(SystemCallError) in
        try check("ioprio_set", "as process \(pid)") { clinux_adopt_io_priority(pid) }
    }
    let text = try readTextFile(FilePath("/proc/\(pid)/personality"), limit: 64)
    guard let persona = UInt(text.prefix(while: \.isHexDigit), radix: 16) else {
        throw Failure("'/proc/\(pid)/personality' holds no number")
    }
    try check("personality", "0x\(String(persona, radix: 16))") { clinux_set_personality(persona) }
}

/// Leaves the keys of the caller's session behind.
///
/// A kernel, or an outer sandbox, that has no keyrings has none to inherit either.
///
/// Source: keyctl(2), KEYCTL_JOIN_SESSION_KEYRING.
package func leaveSessionKeyring() { _ = clinux_new_session_keyring() }

private func unlessForbidden(_ body: () throws(SystemCallError) -> Void) throws(SystemCallError) {
    do {
        try body()
    } catch {
        if error.errno != .notPermitted { throw error }
    }
}
