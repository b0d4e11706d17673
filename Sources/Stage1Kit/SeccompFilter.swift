import CSeccomp
import Glibc
import LinuxSystem

/// Compiles a policy to the instructions the kernel loads, 8 bytes each; none for an unfiltered app.
///
/// Before the list of names come rules that no policy lifts, see ``FilterPrologue``. Calls that other architectures have
/// and this machine's has not are left out; a name nobody knows is an error.
///
/// Source: libseccomp 2.5, seccomp_export_bpf(3); seccomp(2).
package func compileFilter(_ policy: SeccompPolicy) throws -> [UInt8] {
    let names: [String]
    let listed: UInt32
    let others: UInt32
    switch policy {
    case .unfiltered: return []
    case .standard:
        names = SeccompPolicy.standardNames
        listed = SCMP_ACT_ALLOW
        others = SCMP_ACT_KILL_PROCESS
    case .allow(let allowed, let errno):
        names = allowed
        listed = SCMP_ACT_ALLOW
        others = try errno.map { cseccomp_fail_with(try errnoNumber($0)) } ?? SCMP_ACT_KILL_PROCESS
    case .deny(let denied, let errno):
        names = denied
        listed = try errno.map { cseccomp_fail_with(try errnoNumber($0)) } ?? SCMP_ACT_KILL_PROCESS
        others = SCMP_ACT_ALLOW
    }
    guard let context = seccomp_init(others) else { throw Failure("cannot make a seccomp filter: out of memory") }
    defer { seccomp_release(context) }
    try require("optimise", seccomp_attr_set(context, SCMP_FLTATR_CTL_OPTIMIZE, 2))
    try require(
        "refuse foreign architectures", seccomp_attr_set(context, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS))
    for name in names where !FilterPrologue.decides(name) || listed != SCMP_ACT_ALLOW {
        switch SystemCallName(name) {
        case .number(let number):
            try require("add '\(name)'", seccomp_rule_add_array(context, listed, number, 0, nil))
        case .elsewhere: continue
        case .unknown: throw Failure("unknown system call '\(name)' in a seccomp set")
        }
    }
    let isWhitelist = listed == SCMP_ACT_ALLOW
    if isWhitelist { try refuseNewCalls(context, but: names, unless: others) }
    let list = try export(context)
    return FilterPrologue.instructions(refusingNewCalls: isWhitelist) + list
}

/// Lets the calls that a whitelist does not name fail as unknown, where they are so new that programs ask for them first.
private func refuseNewCalls(_ context: scmp_filter_ctx, but names: [String], unless others: UInt32) throws {
    let unknown = cseccomp_fail_with(UInt16(ENOSYS))
    if others == unknown { return }
    let named = Set(names.map(SystemCallName.init))
    for number in FilterPrologue.newCalls where !named.contains(.number(number)) && number != FilterPrologue.cloneThree
    {
        try require("refuse call \(number)", seccomp_rule_add_array(context, unknown, number, 0, nil))
    }
}

private func require(_ what: String, _ result: CInt) throws {
    if result < 0 { throw Failure("cannot \(what) in a seccomp filter: \(String(cString: strerror(-result)))") }
}

private func export(_ context: scmp_filter_ctx) throws -> [UInt8] {
    let file = try Descriptor.memory("seccomp-filter")
    try require("export the rules", seccomp_export_bpf(context, file.raw))
    try file.seek(to: 0)
    return try file.readAll()
}

/// The number of an error name that an isolator may give.
private func errnoNumber(_ name: String) throws -> UInt16 {
    guard let number = errnoNumbers[name], let code = UInt16(exactly: number) else {
        throw Failure("unknown error name '\(name)' in a seccomp set")
    }
    return code
}

private let errnoNumbers: [String: CInt] = [
    "E2BIG": E2BIG, "EACCES": EACCES, "EAFNOSUPPORT": EAFNOSUPPORT, "EAGAIN": EAGAIN, "EALREADY": EALREADY,
    "EBADF": EBADF, "EBUSY": EBUSY, "ECANCELED": ECANCELED, "ECHILD": ECHILD, "ECONNREFUSED": ECONNREFUSED,
    "EDEADLK": EDEADLK, "EDOM": EDOM, "EEXIST": EEXIST, "EFAULT": EFAULT, "EFBIG": EFBIG, "EINTR": EINTR,
    "EINVAL": EINVAL, "EIO": EIO, "EISDIR": EISDIR, "ELOOP": ELOOP, "EMFILE": EMFILE, "EMLINK": EMLINK,
    "EMSGSIZE": EMSGSIZE, "ENAMETOOLONG": ENAMETOOLONG, "ENFILE": ENFILE, "ENODEV": ENODEV, "ENOENT": ENOENT,
    "ENOEXEC": ENOEXEC, "ENOLCK": ENOLCK, "ENOMEM": ENOMEM, "ENOSPC": ENOSPC, "ENOSYS": ENOSYS, "ENOTBLK": ENOTBLK,
    "ENOTCONN": ENOTCONN, "ENOTDIR": ENOTDIR, "ENOTEMPTY": ENOTEMPTY, "ENOTSOCK": ENOTSOCK, "ENOTSUP": ENOTSUP,
    "ENOTTY": ENOTTY, "ENXIO": ENXIO, "EOPNOTSUPP": EOPNOTSUPP, "EOVERFLOW": EOVERFLOW, "EPERM": EPERM,
    "EPIPE": EPIPE, "EPROTO": EPROTO, "EPROTONOSUPPORT": EPROTONOSUPPORT, "ERANGE": ERANGE, "EROFS": EROFS,
    "ESPIPE": ESPIPE, "ESRCH": ESRCH, "ETIMEDOUT": ETIMEDOUT, "ETXTBSY": ETXTBSY, "EWOULDBLOCK": EWOULDBLOCK,
    "EXDEV": EXDEV,
]
