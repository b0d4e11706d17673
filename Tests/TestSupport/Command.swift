import CLinux
import Glibc
package import SystemPackage

/// A program to run with a deadline, its output in files: nothing that it leaves behind can keep the test waiting.
package struct Command {
    package var program: FilePath
    package var arguments: [String]
    /// `nil`: only PATH and a quiet backtracer.
    package var environment: [String]?
    package var workingDirectory: FilePath?
    /// Bytes for descriptor 0, or `nil` for /dev/null.
    package var input: [UInt8]?
    package var timeLimit: Duration = .seconds(60)
    /// Further descriptors to leave open in the program, under their own numbers.
    package var leaked: [CInt] = []
    package init(_ program: FilePath, _ arguments: [String] = []) {
        self.program = program
        self.arguments = arguments
    }

    /// Runs the program to its end, or kills it when its time is over.
    @discardableResult
    package func run() throws -> CommandResult {
        try start().wait()
    }

    /// Starts the program and returns at once.
    package func start() throws -> RunningCommand {
        let output = try anonymousFile("out")
        let errors = try anonymousFile("err")
        let source = try input.map { bytes in
            let descriptor = try anonymousFile("in")
            try writeAll(bytes, to: descriptor)
            lseek(descriptor, 0, SEEK_SET)
            return descriptor
        }
        let standardInput = source ?? open("/dev/null", O_RDONLY | O_CLOEXEC)
        defer { close(standardInput) }
        let pid = try spawn(standardInput, output, errors)
        return RunningCommand(
            pid: pid, pidfd: clinux_pidfd_open(pid, 0), output: output, errors: errors, command: self)
    }

    private func anonymousFile(_ name: String) throws -> CInt {
        let descriptor = clinux_memfd_create(name, CLINUX_MFD_CLOEXEC)
        if descriptor == -1 { throw Trouble("memfd_create: errno \(errno)") }
        // Several programs write to it at once; without this they may write to the same place.
        if name != "in", fcntl(descriptor, F_SETFL, O_APPEND | O_RDWR) == -1 {
            throw Trouble("fcntl: errno \(errno)")
        }
        return descriptor
    }

    private func spawn(_ input: CInt, _ output: CInt, _ errors: CInt) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for (source, target) in [(input, 0), (output, 1), (errors, 2)] as [(CInt, CInt)] {
            posix_spawn_file_actions_adddup2(&actions, source, target)
        }
        for descriptor in leaked { posix_spawn_file_actions_adddup2(&actions, descriptor, descriptor) }

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setpgroup(&attributes, 0)
        let flags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF
        posix_spawnattr_setflags(&attributes, Int16(flags))

        var words = [program.string] + arguments
        var path = program.string
        if let workingDirectory {
            words = ["/bin/sh", "-c", "cd \"$0\" && exec \"$@\"", workingDirectory.string] + words
            path = "/bin/sh"
        }
        var argv = words.map { strdup($0) } + [nil]
        var envp = (environment ?? Self.quietEnvironment).map { strdup($0) } + [nil]
        defer { for pointer in argv + envp { free(pointer) } }
        var pid: pid_t = 0
        let code = posix_spawn(&pid, path, &actions, &attributes, &argv, &envp)
        if code != 0 { throw Trouble("cannot start '\(program)': errno \(code)") }
        return pid
    }

    /// PATH, and no backtraces.
    package static let quiet = quietEnvironment
    static let quietEnvironment = [
        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "SWIFT_BACKTRACE=enable=no",
    ]
}

/// How a program ended and what it printed.
package struct CommandResult: CustomStringConvertible {
    package enum Ending: Equatable {
        case exited(Int32)
        case killed(signal: Int32)
        case outOfTime(Duration)
    }

    package let command: String
    package let ending: Ending
    package let output: String
    package let errors: String
    /// From start to end, as seen from outside.
    package let duration: Duration
    /// The most memory that the program itself held, in bytes; looked at every 2 ms.
    package let peakMemory: UInt64

    /// The exit status; 128 and the signal for one that was killed, as shells say it; -1 after the deadline.
    package var status: Int32 {
        switch ending {
        case .exited(let status): status
        case .killed(let signal): 128 + signal
        case .outOfTime: -1
        }
    }

    /// What was printed, with the last line break cut off.
    package var text: String { output.hasSuffix("\n") ? String(output.dropLast()) : output }
    package var lines: [String] {
        text.isEmpty ? [] : text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }
    package var errorLines: [String] { errors.split(separator: "\n").map(String.init) }

    package var description: String {
        "'\(command)' ended with \(ending) after \(duration)\n--- stdout\n\(clip(output))--- stderr\n\(clip(errors))"
    }

    private func clip(_ text: String) -> String {
        text.utf8.count <= 8000 ? text : String(text.prefix(4000)) + "\n[…]\n" + String(text.suffix(3000))
    }
}

/// A program that runs while the test goes on.
package final class RunningCommand {
    package let pid: Int32
    private let pidfd: CInt
    private let output: CInt
    private let errors: CInt
    private let command: Command
    private let started = ContinuousClock.now
    private var result: CommandResult?
    private var peakMemory: UInt64 = 0

    init(pid: pid_t, pidfd: CInt, output: CInt, errors: CInt, command: Command) {
        (self.pid, self.pidfd, self.output, self.errors, self.command) = (pid, pidfd, output, errors, command)
        KnownChildren.add(pid)
    }

    deinit {
        if result == nil {
            killAll()
            _ = wait(.seconds(5))
        }
        for descriptor in [pidfd, output, errors] { close(descriptor) }
        KnownChildren.remove(pid)
    }

    package var isRunning: Bool { result == nil && clinux_poll([pidfd], 1, 0) == 0 }

    /// What was printed so far.
    package var outputSoFar: String { contents(of: output) }
    package var errorsSoFar: String { contents(of: errors) }

    package func signal(_ number: CInt) {
        _ = clinux_pidfd_send_signal(pidfd, number)
    }

    /// Kills the program and whatever is in its process group.
    package func killAll() {
        signal(SIGKILL)
        kill(-pid, SIGKILL)
    }

    /// Waits until everything in its process group is dead.
    package func waitForGroup() throws {
        try waitUntil("the group of process \(pid) to be dead") {
            HostState.descendants().allSatisfy { getpgid($0.pid) != pid }
        }
    }

    /// Waits for the end, for so long from now or for what is left of the program's own time; kills it when that is over.
    @discardableResult
    package func wait(_ limit: Duration? = nil) -> CommandResult {
        if let result { return result }
        if let limit { return finish(until: ContinuousClock.now + limit, limit) }
        return finish(until: started + command.timeLimit, command.timeLimit)
    }

    /// Waits until the program has printed `text`.
    package func waitForOutput(_ text: String, _ limit: Duration = .seconds(20)) throws {
        try waitUntil("'\(text)' in the output of \(command.program.lastComponent?.string ?? "")", limit) {
            if outputSoFar.contains(text) { return true }
            if !isRunning && !outputSoFar.contains(text) {
                throw Trouble("ended before printing '\(text)': \(wait())")
            }
            return false
        }
    }

    private func finish(until end: ContinuousClock.Instant, _ limit: Duration) -> CommandResult {
        let inTime = waitForEnd(until: end)
        if !inTime { killAll() }
        var child = clinux_child()
        _ = clinux_wait_pidfd(pidfd, 0, &child)
        let ending: CommandResult.Ending =
            !inTime
            ? .outOfTime(limit)
            : child.code == CLINUX_CLD_EXITED ? .exited(child.status) : .killed(signal: child.status)
        let words = [command.program.lastComponent?.string ?? ""] + command.arguments
        let result = CommandResult(
            command: words.joined(separator: " "), ending: ending, output: outputSoFar, errors: errorsSoFar,
            duration: ContinuousClock.now - started, peakMemory: peakMemory)
        self.result = result
        return result
    }

    /// Waits for the end, and watches the memory meanwhile: what the kernel reports afterwards counts the test as well.
    private func waitForEnd(until end: ContinuousClock.Instant) -> Bool {
        while true {
            let left = (end - ContinuousClock.now).milliseconds
            if clinux_poll([pidfd], 1, CInt(clamping: max(0, min(2, left)))) == 1 { return true }
            if left <= 0 { return false }
            noteMemory()
        }
    }

    private func noteMemory() {
        guard let status = try? readText(FilePath("/proc/\(pid)/status")),  // just gone
            let line = status.split(separator: "\n").first(where: { $0.hasPrefix("VmHWM:") }),
            let kilobytes = line.split(separator: " ").dropFirst().first.flatMap({ UInt64($0) })
        else { return }
        peakMemory = max(peakMemory, kilobytes << 10)
    }

    private func contents(of descriptor: CInt) -> String {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = pread(descriptor, &buffer, buffer.count, off_t(bytes.count))
            if count <= 0 { return String(decoding: bytes, as: UTF8.self) }
            bytes += buffer[..<count]
        }
    }
}

extension Duration {
    package var milliseconds: Int64 { components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000 }
}

/// Asks again every 5 ms until `condition` holds.
package func waitUntil(_ what: String, _ limit: Duration = .seconds(20), _ condition: () throws -> Bool) throws {
    let end = ContinuousClock.now + limit
    while try !condition() {
        if ContinuousClock.now > end { throw Trouble("waited \(limit) in vain for \(what)") }
        usleep(5000)
    }
}

extension Command {
    /// What a program needs that fetches packages: the quiet environment, and the proxies of the machine.
    package static var environmentWithProxies: [String] {
        let names = ["http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"]
        return quietEnvironment + names.compactMap { name in Programs.variable(name).map { "\(name)=\($0)" } }
    }
}
