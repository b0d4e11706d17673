import CLinux
import Glibc

/// Who and where the program is.
func inspectIdentity(_ name: String, _ words: [String]) -> Bool {
    switch name {
    case "user": reportUser()
    case "cwd": reportWorkingDirectory()
    case "env": reportEnvironment()
    case "args": for argument in words { report("arg", argument) }
    case "argv": for argument in CommandLine.arguments { report("argv", argument) }
    case "fds": reportDescriptors()
    case "status": reportStatus(word(words, 0).isEmpty ? "self" : word(words, 0))
    case "cgroup": for line in lines(of: "/proc/self/cgroup") { report("cgroup", line) }
    case "namespaces": reportNamespaces()
    case "hostname": reportHostname()
    case "mounts": for line in lines(of: "/proc/self/mountinfo") { report("mount", line) }
    case "rlimits": for line in lines(of: "/proc/self/limits") { report("rlimit", line) }
    case "umask": report("umask", "0o" + String(umask(0), radix: 8))
    case "pid": report("pid", String(getpid()))
    case "parent": report("parent", String(getppid()))
    case "session": report("session", String(getsid(0)))
    case "tty": report("tty", isatty(CInt(number(words, 0))) == 1 ? "yes" : "no")
    default: return false
    }
    return true
}

private func reportUser() {
    report("uid", String(getuid()))
    report("euid", String(geteuid()))
    report("gid", String(getgid()))
    report("egid", String(getegid()))
    var groups = [gid_t](repeating: 0, count: 65536)
    let count = Int(getgroups(CInt(groups.count), &groups))
    report("groups", count <= 0 ? "" : groups[..<count].sorted().map(String.init).joined(separator: " "))
}

private func reportWorkingDirectory() {
    var buffer = [CChar](repeating: 0, count: 4096)
    if getcwd(&buffer, buffer.count) == nil { return report("cwd", errorName(errno)) }
    report("cwd", buffer.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } ?? "" })
}

private func reportEnvironment() {
    guard var next = clinux_environment() else { return }
    while let variable = next.pointee {
        writeAll("env.\(String(cString: variable))\n", to: 1)
        next += 1
    }
}

/// Everything that is open, apart from the descriptor that this very look needs.
private func reportDescriptors() {
    for name in names(in: "/proc/self/fd") ?? [] {
        if let target = target(ofLink: "/proc/self/fd/\(name)") { report("fd.\(name)", target) }
    }
}

/// The lines of /proc/PID/status about rights and limits, as the kernel words them.
private func reportStatus(_ process: String) {
    let wanted = ["Uid", "Gid", "Groups", "Cap", "NoNewPrivs", "Seccomp", "Umask", "SigBlk", "SigIgn"]
    for line in lines(of: "/proc/\(process)/status") {
        guard let colon = line.firstIndex(of: ":") else { continue }
        let key = String(line[..<colon])
        if !wanted.contains(where: { key.hasPrefix($0) }) { continue }
        let value = line[line.index(after: colon)...].split { $0 == "\t" || $0 == " " }.joined(separator: " ")
        report(key, value)
    }
}

private func reportNamespaces() {
    for name in ["cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts"] {
        report("ns.\(name)", target(ofLink: "/proc/self/ns/\(name)") ?? errorName(errno))
    }
}

private func reportHostname() {
    var buffer = [CChar](repeating: 0, count: 256)
    gethostname(&buffer, buffer.count - 1)
    report("hostname", buffer.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } ?? "" })
}
