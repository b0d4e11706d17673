import CInspect
import CLinux
import Glibc

/// Living, waiting and dying.
func inspectProcesses(_ name: String, _ words: [String]) -> Bool {
    switch name {
    case "exit": leave(CInt(truncatingIfNeeded: number(words, 0)))
    case "kill": report("kill", outcome(kill(getpid(), signalNumber(word(words, 0)) ?? 0)))
    case "signal": report("signal", outcome(kill(pid_t(number(words, 1)), signalNumber(word(words, 0)) ?? 0)))
    case "wait": waitForSignal(seconds: number(words, 0, default: 60))
    case "sleep": sleep(milliseconds: number(words, 0))
    case "ready": report("ready", word(words, 0))
    case "spin": spin(milliseconds: number(words, 0))
    case "echo": writeAll(words.joined(separator: " ") + "\n", to: 1)
    case "stderr": writeAll(words.joined(separator: " ") + "\n", to: 2)
    case "flood": flood(lines: number(words, 0))
    case "input": reportInput()
    case "orphans": reportOrphans(number(words, 0), milliseconds: number(words, 1, default: 50))
    case "linger": report("linger", String(cinspect_orphan(CInt(number(words, 0)))))
    case "processes": reportProcesses()
    case "oom": report("oom", content(of: "/proc/self/oom_score_adj")?.split(separator: "\n").joined() ?? "?")
    case "as": become(user: number(words, 0), group: number(words, 1))
    case "run": runProgram(words)
    default: return false
    }
    return true
}

/// Prints the first signal that arrives, and goes on with the next command.
private func waitForSignal(seconds: Int) {
    cinspect_hold_signals()
    report("waiting", String(getpid()))
    let number = cinspect_wait_for_signal(CInt(seconds))
    report("signal", number == 0 ? "none" : signalName(number))
}

private func sleep(milliseconds: Int) {
    let end = clinux_now() + Int64(milliseconds) * 1_000_000
    while clinux_now() < end { usleep(useconds_t(clamping: (end - clinux_now()) / 1000 + 1)) }
}

private func spin(milliseconds: Int) {
    let end = clinux_now() + Int64(milliseconds) * 1_000_000
    var rounds = 0
    while clinux_now() < end { rounds += 1 }
    report("spin", String(rounds))
}

private func flood(lines count: Int) {
    for index in 0..<count { writeAll("line \(index) \(String(repeating: "x", count: 80))\n", to: 1) }
}

private func reportInput() {
    var total = 0
    var buffer = [UInt8](repeating: 0, count: 4096)
    while true {
        let count = read(0, &buffer, buffer.count)
        if count <= 0 { break }
        total += count
    }
    report("input", String(total))
}

/// Starts children that nobody waits for, and tells whether they were reaped after they ended.
private func reportOrphans(_ count: Int, milliseconds: Int) {
    var pids: [pid_t] = []
    for _ in 0..<count { pids.append(cinspect_orphan(CInt(milliseconds))) }
    sleep(milliseconds: milliseconds + 200)
    let left = pids.filter { content(of: "/proc/\($0)/stat") != nil }
    report("orphans", left.isEmpty ? "reaped" : "left \(left.count)")
}

private func reportProcesses() {
    for name in (names(in: "/proc") ?? []).compactMap(Int.init).sorted() {
        let command = content(of: "/proc/\(name)/comm")?.split(separator: "\n").joined() ?? "?"
        let state =
            lines(of: "/proc/\(name)/status").first { $0.hasPrefix("State:") }?.split(separator: "\t").last ?? "?"
        report("process \(name)", "\(command) \(state)")
    }
}

/// Gives up root for another user, as programs do that start as root.
private func become(user: Int, group: Int) {
    report("as groups", outcome(clinux_setgroups(0, nil)))
    report("as group", outcome(setresgid(gid_t(group), gid_t(group), gid_t(group))))
    report("as user", outcome(setresuid(uid_t(user), uid_t(user), uid_t(user))))
}

/// Replaces this program by another one.
private func runProgram(_ words: [String]) {
    var arguments = words.map { strdup($0) }
    arguments.append(nil)
    _ = clinux_execve(word(words, 0), arguments, clinux_environment())
    report("run \(word(words, 0))", errorName(errno))
}
