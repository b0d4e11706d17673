import CLinux
import Glibc
package import SystemPackage

/// How a process ended.
package enum ProcessEnd: Equatable, Sendable {
    case exited(CInt)
    case signaled(CInt)

    init(_ child: clinux_child) {
        self = child.code == CInt(CLINUX_CLD_EXITED) ? .exited(child.status) : .signaled(child.status)
    }

    /// As a shell reports it: the status, or 128 and the signal.
    package var shellStatus: CInt {
        switch self {
        case .exited(let status): status
        case .signaled(let signal): 128 + signal
        }
    }
}

/// A child of this process, held by a descriptor so that its number cannot come to mean another one.
package struct ChildProcess: ~Copyable {
    package let pid: CInt
    package let descriptor: Descriptor

    package init(pid: CInt, descriptor: consuming Descriptor) {
        self.pid = pid
        self.descriptor = descriptor
    }

    /// Waits for the end.
    package borrowing func wait() throws(SystemCallError) -> ProcessEnd {
        var child = clinux_child()
        let number = descriptor.raw
        try check("waitid", "process \(pid)") { clinux_wait_pidfd(number, 0, &child) }
        return ProcessEnd(child)
    }

    /// Whether it has stopped since this was asked last, as a terminal's suspend key does it.
    package borrowing func hasStopped() throws(SystemCallError) -> Bool {
        let number = descriptor.raw
        return try check("waitid", "process \(pid)") { clinux_has_stopped(number) } == 1
    }

    package borrowing func send(_ signal: CInt) throws(SystemCallError) {
        let number = descriptor.raw
        try check("pidfd_send_signal", "process \(pid)") { clinux_pidfd_send_signal(number, signal) }
    }
}

/// Starts a child that is a copy of this process and runs `body`.
///
/// Only for processes with one thread: a second one's locks would stay locked in the child for ever. The child gets the
/// new namespaces, and starts in `cgroup`, the descriptor of a cgroup v2 directory, unless that is negative.
///
/// Source: clone3(2), Linux 5.7.
package func forkProcess(
    into namespaces: Namespaces = [], cgroup: CInt = -1, running body: () -> Never
) throws(SystemCallError) -> ChildProcess {
    var descriptor: CInt = -1
    let pid = try check("clone3", "namespaces 0x\(String(namespaces.rawValue, radix: 16))") {
        clinux_clone(namespaces.rawValue, &descriptor, cgroup)
    }
    if pid == 0 { body() }
    return ChildProcess(pid: pid, descriptor: Descriptor(owning: descriptor))
}

/// Opens the process with this number, which may be anybody's: check afterwards that it is the one meant.
package func openProcess(_ pid: CInt) throws(SystemCallError) -> Descriptor {
    Descriptor(owning: try check("pidfd_open", "process \(pid)") { clinux_pidfd_open(pid, 0) })
}

/// Sends a signal to the process behind a pidfd.
package func sendSignal(_ signal: CInt, to process: borrowing Descriptor) throws(SystemCallError) {
    let number = process.raw
    try check("pidfd_send_signal", "signal \(signal)") { clinux_pidfd_send_signal(number, signal) }
}

/// What to give another program.
package struct ProgramCall: Sendable {
    package var program: FilePath
    /// With the program's own name first.
    package var arguments: [String]
    /// `NAME=VALUE` each.
    package var environment: [String]
    package var directory: FilePath?
    /// Numbers for standard input, output and error; the caller's own where it is nil.
    package var standardDescriptors: (input: CInt?, output: CInt?, error: CInt?)

    package init(
        _ program: FilePath, _ arguments: [String], environment: [String] = processEnvironment(),
        directory: FilePath? = nil
    ) {
        self.program = program
        self.arguments = arguments
        self.environment = environment
        self.directory = directory
        standardDescriptors = (nil, nil, nil)
    }

    /// Starts the program as a child.
    ///
    /// Only for processes with one thread.
    package func start() throws(SystemCallError) -> ChildProcess { try forkProcess { run() } }

    private func run() -> Never {
        clinux_reset_signal_handlers()
        clinux_unblock_all_signals()
        let wanted = [standardDescriptors.input, standardDescriptors.output, standardDescriptors.error]
        for (number, source) in wanted.enumerated() {
            guard let source else { continue }
            if source == CInt(number) {
                clinux_set_descriptor_flags(source, 0)
            } else if dup2(source, CInt(number)) < 0 {
                _exit(127)
            }
        }
        do throws(SystemCallError) {
            if let directory { try changeDirectory(to: directory) }
            try replaceProcess(program, arguments, environment: environment)
        } catch {
            try? Descriptor(owning: 2).writeAll("\(error)\n")  // nobody is left to tell
            _exit(127)
        }
    }
}

/// Turns this process into another program; returns only by throwing.
///
/// Descriptors that are not close-on-exec go along. `lastStep` is done when no more memory is needed: it may forbid to
/// get any.
package func replaceProcess(
    _ program: FilePath, _ arguments: [String], environment: [String],
    lastStep: () throws(SystemCallError) -> Void = {}
) throws(SystemCallError) -> Never {
    try withCStrings(arguments, environment) { (argv, envp) throws(SystemCallError) in
        try lastStep()
        try check("execve", "'\(program)'") { clinux_execve(program.string, argv, envp) }
    }
    throw SystemCallError(call: "execve", subject: "'\(program)'", errno: .invalidArgument)
}

/// As ``replaceProcess(_:_:environment:)`` for an open program, whose path then does not matter any more.
///
/// Source: execveat(2).
package func replaceProcess(
    _ program: borrowing Descriptor, _ arguments: [String], environment: [String]
) throws(SystemCallError) -> Never {
    let number = program.raw
    try withCStrings(arguments, environment) { (argv, envp) throws(SystemCallError) in
        try check("execveat", "descriptor \(number)") { clinux_execveat(number, argv, envp) }
    }
    throw SystemCallError(call: "execveat", subject: "descriptor \(number)", errno: .invalidArgument)
}

private typealias CStringArray = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>

private func withCStrings(
    _ arguments: [String], _ environment: [String],
    _ body: (CStringArray, CStringArray) throws(SystemCallError) -> Void
) throws(SystemCallError) {
    let lists = [arguments, environment].map { list in
        let pointers = CStringArray.allocate(capacity: list.count + 1)
        for (index, text) in list.enumerated() { pointers[index] = strdup(text) }
        pointers[list.count] = nil
        return pointers
    }
    defer {
        for (list, texts) in zip(lists, [arguments, environment]) {
            for index in texts.indices { free(list[index]) }
            list.deallocate()
        }
    }
    try body(lists[0], lists[1])
}
