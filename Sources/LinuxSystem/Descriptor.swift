import CLinux
import Glibc
package import SystemPackage

/// An open file descriptor with one owner; closed when it goes away, and close-on-exec from birth.
package struct Descriptor: ~Copyable, Sendable {
    package let raw: CInt

    /// Takes over an open descriptor.
    package init(owning raw: CInt) { self.raw = raw }

    deinit { if raw >= 0 { close(raw) } }

    /// Gives the number away; whoever takes it closes it.
    package consuming func release() -> CInt {
        let number = raw
        discard self
        return number
    }

    /// The same open file under a second number.
    package borrowing func duplicate() throws(SystemCallError) -> Descriptor {
        let number = raw
        return Descriptor(owning: try check("fcntl", "descriptor \(number)") { clinux_duplicate(number, 3) })
    }

    /// A name that leads to the same open file for calls that only take paths; needs /proc.
    package var procPath: String { "/proc/self/fd/\(raw)" }

    /// Lets the descriptor live on in the program that replaces this one, or ends that again.
    package borrowing func setInheritable(_ inheritable: Bool) throws(SystemCallError) {
        let number = raw
        try check("fcntl", "descriptor \(number)") { clinux_set_descriptor_flags(number, inheritable ? 0 : 1) }
    }
}

/// How to open a file; `O_CLOEXEC` always comes with it.
package struct OpenFlags: OptionSet, Sendable {
    package let rawValue: CInt
    package init(rawValue: CInt) { self.rawValue = rawValue }

    /// The generic one of the standard library takes longer than some of the calls that the flags are for.
    package init(arrayLiteral elements: OpenFlags...) { rawValue = elements.reduce(0) { $0 | $1.rawValue } }

    package static let readOnly = OpenFlags(rawValue: O_RDONLY)
    package static let writeOnly = OpenFlags(rawValue: O_WRONLY)
    package static let readWrite = OpenFlags(rawValue: O_RDWR)
    package static let create = OpenFlags(rawValue: O_CREAT)
    package static let exclusive = OpenFlags(rawValue: O_EXCL)
    package static let truncate = OpenFlags(rawValue: O_TRUNC)
    package static let append = OpenFlags(rawValue: O_APPEND)
    package static let directory = OpenFlags(rawValue: CInt(CLINUX_O_DIRECTORY))
    package static let path = OpenFlags(rawValue: CInt(CLINUX_O_PATH))
    package static let noFollow = OpenFlags(rawValue: CInt(CLINUX_O_NOFOLLOW))
    package static let nonBlocking = OpenFlags(rawValue: O_NONBLOCK)
    package static let noControllingTerminal = OpenFlags(rawValue: O_NOCTTY)
    package static let temporary = OpenFlags(rawValue: CInt(CLINUX_O_TMPFILE))
}

/// Where a path may lead.
///
/// Source: openat2(2).
package enum PathConfinement: Sendable {
    /// Leaving the directory is an error, by `..`, by an absolute link or by an absolute path.
    case beneath
    /// The directory is the root: `/` and `..` stay inside it.
    case inRoot
    /// As `inRoot`, and a symlink anywhere is an error.
    case inRootWithoutSymlinks

    var resolve: UInt64 {
        let base = UInt64(CLINUX_RESOLVE_NO_MAGICLINKS)
        return switch self {
        case .beneath: base | UInt64(CLINUX_RESOLVE_BENEATH)
        case .inRoot: base | UInt64(CLINUX_RESOLVE_IN_ROOT)
        case .inRootWithoutSymlinks: base | UInt64(CLINUX_RESOLVE_IN_ROOT | CLINUX_RESOLVE_NO_SYMLINKS)
        }
    }
}

extension Descriptor {
    /// Opens a path of this process; `mode` counts where a file is made, less the umask.
    package static func open(
        _ path: FilePath, _ flags: OpenFlags = .readOnly, mode: UInt32 = 0
    ) throws(SystemCallError) -> Descriptor {
        let number = try check("open", "'\(path)'") {
            clinux_openat(CInt(CLINUX_AT_FDCWD), path.string, flags.rawValue | O_CLOEXEC, mode_t(mode))
        }
        return Descriptor(owning: number)
    }

    /// Opens a name of ours below this directory.
    ///
    /// Names that others wrote go through ``openBeneath(_:_:mode:confinement:)``.
    package borrowing func open(
        _ name: String, _ flags: OpenFlags = .readOnly, mode: UInt32 = 0
    ) throws(SystemCallError) -> Descriptor {
        let directory = raw
        let number = try check("openat", "'\(name)'") {
            clinux_openat(directory, name, flags.rawValue | O_CLOEXEC, mode_t(mode))
        }
        return Descriptor(owning: number)
    }

    /// Opens a path that somebody else wrote, kept below this directory by the kernel; magic links are never followed.
    ///
    /// Source: openat2(2), Linux 5.6.
    package borrowing func openBeneath(
        _ path: String, _ flags: OpenFlags = .readOnly, mode: UInt32 = 0, confinement: PathConfinement = .inRoot
    ) throws(SystemCallError) -> Descriptor {
        let directory = raw
        let wanted = UInt64(UInt32(bitPattern: flags.rawValue | O_CLOEXEC))
        var triesLeft = maximumTries
        while true {
            do {
                let number = try check("openat2", "'\(path)' below descriptor \(directory)") {
                    clinux_openat2(directory, path, wanted, UInt64(mode), confinement.resolve)
                }
                return Descriptor(owning: number)
            } catch  where error.errno == .resourceTemporarilyUnavailable && triesLeft > 0 {
                triesLeft -= 1  // a rename elsewhere raced with `..`; the kernel asks for another try
            }
        }
    }

    /// A file without a name, in memory.
    ///
    /// Source: memfd_create(2).
    package static func memory(_ name: String) throws(SystemCallError) -> Descriptor {
        let flags = CLINUX_MFD_CLOEXEC | CLINUX_MFD_ALLOW_SEALING
        return Descriptor(owning: try check("memfd_create", "'\(name)'") { clinux_memfd_create(name, flags) })
    }

}

/// How often a path is looked up again: somebody who renames without end must not hold us up without end.
private let maximumTries = 4096

/// Both ends of a pipe.
package struct Pipe: ~Copyable, Sendable {
    package let reader: Descriptor
    package let writer: Descriptor

    package init() throws(SystemCallError) {
        var ends: (CInt, CInt) = (-1, -1)
        try check("pipe2", "a new pipe") {
            withUnsafeMutablePointer(to: &ends) {
                $0.withMemoryRebound(to: CInt.self, capacity: 2) { clinux_pipe2($0, O_CLOEXEC) }
            }
        }
        reader = Descriptor(owning: ends.0)
        writer = Descriptor(owning: ends.1)
    }

    /// Keeps the reading end and closes the other.
    package consuming func takeReader() -> Descriptor { reader }

    /// Keeps the writing end and closes the other.
    package consuming func takeWriter() -> Descriptor { writer }
}
