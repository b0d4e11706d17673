import CLinux
import CSeccomp
import Glibc

/// The rules at the head of every filter, which look at arguments or at numbers that have no name yet.
///
/// - A call of another architecture than ours, x32 included, ends the process: its numbers mean other calls.
/// - `clone3` fails with `ENOSYS`, so that libc falls back to `clone`, whose flags can be seen; `clone` with a flag for a
///   new namespace fails with `EPERM`.
/// - Sockets of the families `AF_ALG` and `AF_VSOCK` fail with `EAFNOSUPPORT`: they reach the kernel's crypto drivers and
///   the hypervisor past every namespace.
/// - `ioctl` with `TIOCSTI` or `TIOCLINUX` fails with `EPERM`: they type into a terminal that may be the caller's.
/// - In whitelists, calls newer than those known here fail with `ENOSYS`, as on a kernel that does not have them.
///
/// Source: seccomp(2), "Filters"; clone(2); ioctl_tty(2).
enum FilterPrologue {
    /// The calls since Linux 5.1, which have the same number on every architecture, as far as they have names here.
    static let newCalls = CInt(424)..<SystemCallName.firstUnnamed
    static var cloneThree: CInt { seccomp_syscall_resolve_name("clone3") }

    /// Whether the rules here are all there is to say about a call.
    static func decides(_ name: String) -> Bool { name == "clone3" }

    static func instructions(refusingNewCalls: Bool) -> [UInt8] {
        var rules: [Instruction] = [
            .load(4), .skipUnlessEqual(architecture, else: 1), .jump(1), .killProcess,
            .load(0),
        ]
        #if arch(x86_64)
            rules += [.skipUnlessAtLeast(0x4000_0000, else: 1), .killProcess]
        #endif
        if refusingNewCalls { rules += [.skipUnlessAtLeast(UInt32(newCalls.upperBound), else: 1), .fail(ENOSYS)] }
        rules += [.skipUnlessEqual(number("clone3"), else: 1), .fail(ENOSYS)]
        rules += [
            .skipUnlessEqual(number("clone"), else: 3), .load(firstArgument),
            .skipUnlessAnyBit(namespaceFlags, else: 1), .fail(EPERM), .load(0),
        ]
        rules += [
            .skipUnlessEqual(number("socket"), else: 5), .load(firstArgument), .skipUnlessEqual(familyALG, else: 1),
            .fail(EAFNOSUPPORT), .skipUnlessEqual(familyVSOCK, else: 1), .fail(EAFNOSUPPORT), .load(0),
        ]
        rules += [
            .skipUnlessEqual(number("ioctl"), else: 5), .load(secondArgument),
            .skipUnlessEqual(requestTIOCSTI, else: 1),
            .fail(EPERM), .skipUnlessEqual(requestTIOCLINUX, else: 1), .fail(EPERM),
        ]
        return rules.flatMap(\.bytes)
    }

    private static func number(_ name: String) -> UInt32 {
        let number = seccomp_syscall_resolve_name(name)
        return number < 0 ? UInt32.max - 1 : UInt32(number)  // no call has this number
    }

    private static var architecture: UInt32 { seccomp_arch_native() }
    private static let firstArgument: UInt32 = 16
    private static let secondArgument: UInt32 = 24
    private static let familyALG: UInt32 = 38
    private static let familyVSOCK: UInt32 = 40
    private static let requestTIOCSTI: UInt32 = 0x5412
    private static let requestTIOCLINUX: UInt32 = 0x541C
    private static let namespaceFlags = UInt32(
        CLINUX_CLONE_NEWNS | CLINUX_CLONE_NEWCGROUP | CLINUX_CLONE_NEWUTS | CLINUX_CLONE_NEWIPC | CLINUX_CLONE_NEWUSER
            | CLINUX_CLONE_NEWPID | CLINUX_CLONE_NEWNET | CLINUX_CLONE_NEWTIME)
}

/// One instruction of classic BPF over `struct seccomp_data`.
private struct Instruction {
    let code: UInt16
    let whenTrue: UInt8
    let whenFalse: UInt8
    let operand: UInt32

    /// The 32 bits at an offset.
    static func load(_ offset: UInt32) -> Instruction {
        Instruction(code: 0x20, whenTrue: 0, whenFalse: 0, operand: offset)
    }

    static func skipUnlessEqual(_ value: UInt32, else count: UInt8) -> Instruction {
        Instruction(code: 0x15, whenTrue: 0, whenFalse: count, operand: value)
    }

    static func skipUnlessAtLeast(_ value: UInt32, else count: UInt8) -> Instruction {
        Instruction(code: 0x35, whenTrue: 0, whenFalse: count, operand: value)
    }

    static func skipUnlessAnyBit(_ bits: UInt32, else count: UInt8) -> Instruction {
        Instruction(code: 0x45, whenTrue: 0, whenFalse: count, operand: bits)
    }

    static func jump(_ count: UInt32) -> Instruction {
        Instruction(code: 0x05, whenTrue: 0, whenFalse: 0, operand: count)
    }

    static func fail(_ code: CInt) -> Instruction {
        Instruction(code: 0x06, whenTrue: 0, whenFalse: 0, operand: 0x0005_0000 | UInt32(code))
    }

    static let killProcess = Instruction(code: 0x06, whenTrue: 0, whenFalse: 0, operand: 0x8000_0000)

    var bytes: [UInt8] {
        [
            UInt8(truncatingIfNeeded: code), UInt8(truncatingIfNeeded: code >> 8), whenTrue, whenFalse,
            UInt8(truncatingIfNeeded: operand), UInt8(truncatingIfNeeded: operand >> 8),
            UInt8(truncatingIfNeeded: operand >> 16), UInt8(truncatingIfNeeded: operand >> 24),
        ]
    }
}
