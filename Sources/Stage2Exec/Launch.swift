import CLinux
import Glibc
import LinuxSystem
import Stage2Interface
import SystemPackage

/// The last program before the app.
///
/// Reads a ``LaunchSpec``, confines itself as it says, and becomes the app. Started where /proc is mounted.
@main
struct Launch {
    /// As systemd reports a program that could not be executed.
    private static let executionFailure: CInt = 203
    private static let failure: CInt = 254

    /// Where to say that the program could not be started; ``LaunchSpec/startedDescriptor`` until that is a socket's.
    ///
    /// Unsafe only in name: the process has one thread.
    nonisolated(unsafe) private static var started = LaunchSpec.startedDescriptor

    static func main() {
        do {
            let spec = try readSpecification()
            try enterRoot(spec)
            try dropPrivileges(spec)
            try enterWorkingDirectory(spec)
            let program = try spec.locateProgram()
            try closeEverythingElse()
            try placeSockets(spec)
            let count = try instructionCount(of: spec)
            let environment = environment(of: spec)
            try replaceProcess(program, spec.arguments, environment: environment) { () throws(SystemCallError) in
                for limit in spec.limits {
                    try setResourceLimit(limit.resource, soft: limit.soft, hard: limit.hard)
                }
                if count > 0 { try loadFilter(spec.seccompFilter, count) }
            }
        } catch let error as SystemCallError where error.call == "execve" {
            report("cannot execute \(error.subject): \(error.errno)\(hint(error))", status: executionFailure)
        } catch {
            report("\(error)", status: failure)
        }
    }

    private static func readSpecification() throws -> LaunchSpec {
        let file = Descriptor(owning: LaunchSpec.descriptor)
        try file.seek(to: 0)
        return try LaunchSpec(decoding: file.readAll(limit: 16 << 20))
    }

    private static func enterRoot(_ spec: LaunchSpec) throws {
        guard let root = spec.root else { return }
        try changeDirectory(to: FilePath(root))
        try pivotIntoCurrentDirectory()
    }

    /// Goes where the image says, without following links of /proc that lead to other processes' directories.
    private static func enterWorkingDirectory(_ spec: LaunchSpec) throws {
        let root = try Descriptor.open("/", [.directory, .path])
        do {
            try changeDirectory(to: root.openBeneath(spec.workingDirectory, [.directory, .path]))
        } catch {
            throw Failure("cannot change to working directory '\(spec.workingDirectory)': \(error.errno)")
        }
    }

    /// Closed when the app starts, and not before: the filter's bytes and error messages are still needed.
    private static func closeEverythingElse() throws {
        try check("close_range", "all but standard descriptors") {
            clinux_close_range(3, .max, CLINUX_CLOSE_RANGE_CLOEXEC)
        }
    }

    /// Moves the sockets to where the program looks for them, out of the way of what tells that it was executed.
    ///
    /// Source: sd_listen_fds(3).
    private static func placeSockets(_ spec: LaunchSpec) throws {
        let count = CInt(spec.socketNames.count)
        if count == 0 { return }
        let first = LaunchSpec.firstSocketDescriptor
        started = clinux_duplicate(LaunchSpec.startedDescriptor, first + count)
        if started == -1, errno != EBADF { throw Failure("cannot make room for \(count) sockets: errno \(errno)") }
        for index in 0..<count {
            try check("dup3", "socket \(index)") {
                clinux_dup3(first + index, PassedSockets.firstDescriptor + index, 0)
            }
        }
    }

    /// With what tells the program about its sockets, where it has some: the process that it is for is this one.
    private static func environment(of spec: LaunchSpec) -> [String] {
        if spec.socketNames.isEmpty { return spec.environment }
        let own = [
            (PassedSockets.countVariable, "\(spec.socketNames.count)"), (PassedSockets.processVariable, "\(getpid())"),
            (PassedSockets.namesVariable, spec.socketNames.joined(separator: ":")),
        ]
        return spec.environment.filter { variable in !own.contains { variable.hasPrefix("\($0.0)=") } }
            + own.map { "\($0.0)=\($0.1)" }
    }

    /// A missing program and a missing interpreter give the same error of the kernel; this tells them apart.
    private static func hint(_ error: SystemCallError) -> String {
        if error.errno == .argListTooLong {
            return
                " (arguments and environment together; the kernel takes a quarter of the stack's limit, 6 MiB at most)"
        }
        guard error.errno == .noSuchFileOrDirectory else { return "" }
        let path = error.subject.dropFirst().dropLast()
        return exists(FilePath(String(path))) ? " (its interpreter or dynamic loader is missing in the image)" : ""
    }

    private static func report(_ message: String, status: CInt) -> Never {
        try? Descriptor(owning: dup(2)).writeAll("stage2-exec: \(message)\n")  // nobody is left to tell
        try? Descriptor(owning: started).writeAll(message)  // nobody may wait for the start
        exit(status)
    }
}

private func instructionCount(of spec: LaunchSpec) throws -> UInt16 {
    guard let count = UInt16(exactly: spec.seccompFilter.count / 8) else {
        throw Failure("seccomp filter of \(spec.seccompFilter.count) bytes is too large for the kernel")
    }
    return count
}

private func loadFilter(_ filter: [UInt8], _ count: UInt16) throws(SystemCallError) {
    try check("seccomp", "filter of \(count) instructions") {
        filter.withUnsafeBytes { clinux_load_seccomp($0.baseAddress, count) }
    }
}
