import CInspect
import CLinux
import Glibc

/// What a hostile app tries with the processes around it.
func inspectAttacks(_ name: String, _ words: [String]) -> Bool {
    switch name {
    case "attack": attackProcesses(milliseconds: number(words, 0))
    case "keyring":
        let keyring = cinspect_session_keyring()
        report("keyring", keyring < 0 ? errorName(errno) : String(keyring))
    default: return false
    }
    return true
}

/// Opens the programs, descriptors and roots of every process it sees, and traces it; tells what succeeded, once each,
/// and how many processes there were.
private func attackProcesses(milliseconds: Int) {
    let end = clinux_now() + Int64(milliseconds) * 1_000_000
    var seen: Set<Int> = []
    var told: Set<String> = []
    repeat {
        for process in (names(in: "/proc") ?? []).compactMap(Int.init) where process != getpid() {
            seen.insert(process)
            for success in attack(process) where told.insert(success).inserted { writeAll("\(success)\n", to: 1) }
        }
    } while clinux_now() < end
    report("attacked", String(seen.count))
}

private func attack(_ process: Int) -> [String] {
    var successes: [String] = []
    if let program = opened("/proc/\(process)/exe", O_WRONLY) { successes.append("attack.write=\(program)") }
    for name in names(in: "/proc/\(process)/fd") ?? [] {
        if let target = opened("/proc/\(process)/fd/\(name)", CInt(CLINUX_O_PATH)) {
            successes.append("attack.fd=\(target)")
        }
    }
    if let root = identity("/proc/\(process)/root/"), root != identity("/") { successes.append("attack.root=other") }
    var program = [CChar](repeating: 0, count: 4096)
    if cinspect_trace(pid_t(process), &program, program.count) == 0 {
        successes.append(
            "attack.trace=\(String(decoding: program.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))")
    }
    return successes
}

/// Where an opened file is, or `nil` when it could not be opened.
private func opened(_ path: String, _ flags: CInt) -> String? {
    let descriptor = open(path, flags | O_CLOEXEC | O_NONBLOCK)
    if descriptor < 0 { return nil }
    defer { close(descriptor) }
    return target(ofLink: "/proc/self/fd/\(descriptor)")
}

private func identity(_ path: String) -> [UInt64]? {
    var status = stat()
    return stat(path, &status) == 0 ? [UInt64(status.st_dev), UInt64(status.st_ino)] : nil
}
