import CInspect
import CLinux
import Glibc

/// Which calls the kernel lets this program make.
func inspectKernel(_ name: String, _ words: [String]) -> Bool {
    switch name {
    case "syscall": for index in words.indices { reportCall(number(words, index)) }
    case "syscalls": for number in number(words, 0)...max(number(words, 0), number(words, 1)) { reportCall(number) }
    case "syscall32": for index in words.indices { reportForeignCall(number(words, index)) }
    case "socket": reportSocket(words)
    case "families": reportFamilies()
    case "unshare": report("unshare \(word(words, 0))", describe(cinspect_unshare(number(words, 0))))
    case "clone": report("clone \(word(words, 0))", describe(cinspect_clone(number(words, 0))))
    case "clone3": report("clone3 \(word(words, 0))", describe(cinspect_clone3(UInt64(number(words, 0)))))
    case "sethostname": report("sethostname", outcome(clinux_sethostname("x", 1)))
    case "nice":
        report("nice", outcome(setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, CInt(number(words, 0)))))
    case "push-input": report("push-input", outcome(cinspect_push_terminal_input(CInt(number(words, 0)))))
    case "memory": report("memory", outcome(cinspect_touch_memory(UInt64(number(words, 0)))))
    default: return false
    }
    return true
}

/// `ok`, the errno, `killed SIG…`, or `blocked` for a call that was let through and did not come back.
private func describe(_ result: cinspect_outcome) -> String {
    if result.signal != 0 { return "killed \(signalName(result.signal))" }
    if result.blocked != 0 { return "blocked" }
    return result.error == 0 ? "ok" : errorName(result.error)
}

/// Calls that would end or stall the prober, not the probed.
private let skipped: Set<Int> = [
    15,  // rt_sigreturn: jumps anywhere
    56, 57, 58,  // clone, fork, vfork: return twice
    62, 200, 234,  // kill, tkill, tgkill: -1 is everybody
    435,  // clone3
]

/// Makes a call with arguments that no call accepts: what comes back is the filter's answer or a complaint.
private func reportCall(_ number: Int) {
    if skipped.contains(number) { return report("syscall \(number)", "skipped") }
    let arguments = [Int](repeating: -1, count: 6)
    report("syscall \(number)", describe(cinspect_call(number, arguments)))
}

private func reportForeignCall(_ number: Int) {
    let arguments = [Int](repeating: 0, count: 6)
    report("syscall32 \(number)", describe(cinspect_call32(number, arguments)))
}

/// `socket FAMILY TYPE [PROTOCOL]`.
private func reportSocket(_ words: [String]) {
    report(
        "socket \(word(words, 0)) \(word(words, 1))", trySocket(number(words, 0), number(words, 1), number(words, 2)))
}

private func trySocket(_ family: Int, _ type: Int, _ protocol: Int) -> String {
    describe(cinspect_call(41, [family, type, `protocol`, 0, 0, 0]))
}

/// Every address family, through the call of 64-bit programs and through socketcall of 32-bit ones.
private func reportFamilies() {
    for family in 0...45 {
        let types = [Int(SOCK_STREAM.rawValue), Int(SOCK_DGRAM.rawValue), Int(SOCK_SEQPACKET.rawValue), 3]
        let native = types.map { trySocket(family, $0, 0) }
        let foreign = types.map { describe(cinspect_socketcall32(CInt(family), CInt($0), 0)) }
        report("family \(family)", native.contains("ok") ? "ok" : native[0])
        report("family32 \(family)", foreign.contains("ok") ? "ok" : foreign[0])
    }
}
