import CLinux
import FetchInterface
import Glibc
import LinuxSystem
import SystemPackage

/// One run of the fetch program; ended when nobody is interested any more.
final class FetchProcess {
    /// The number under which the program has the file that it is to verify.
    static let fileNumber: CInt = 3

    private let child: ChildProcess
    private let output: Descriptor
    /// Where reports are shown; there are none without.
    private let bars: DownloadBars?
    private var transcript: FetchTranscript
    private var isComplete = false
    /// What it wrote is not what it should.
    private var failure: FetchProgramError?
    private var end: ProcessEnd?

    var hasEnded: Bool { end != nil }

    convenience init(
        _ job: FetchJob, _ program: FilePath, _ downloads: DownloadDirectory, _ environment: [String],
        bars: DownloadBars? = nil
    ) throws {
        try self.init(job, program, downloads, environment, fileNumber: nil, bars)
    }

    convenience init(
        _ job: FetchJob, _ program: FilePath, _ downloads: DownloadDirectory, _ environment: [String],
        file: borrowing Descriptor
    ) throws {
        try self.init(job, program, downloads, environment, fileNumber: file.raw, nil)
    }

    private init(
        _ job: FetchJob, _ program: FilePath, _ downloads: DownloadDirectory, _ environment: [String],
        fileNumber file: CInt?, _ bars: DownloadBars?
    ) throws {
        var job = job
        job.transport.showsProgress = bars != nil
        self.bars = bars
        transcript = FetchTranscript(hasReports: bars != nil)
        let input = try Descriptor.memory("fetch-job")
        try input.writeAll(job.bytes)
        try input.seek(to: 0)
        let pipe = try Pipe()
        let call = FetchCall(
            program: program, environment: environment, directory: downloads.descriptor.raw, user: downloads.user,
            descriptors: [input.raw, pipe.writer.raw, nil, file], parent: getpid())
        child = try forkProcess { call.run() }
        output = pipe.takeReader()
    }

    deinit {
        if end != nil { return }
        try? child.send(SIGKILL)  // it has ended by itself then
        _ = try? child.wait()
    }

    /// Waits for the end and reads the answer.
    func answer() throws -> FetchAnswer {
        while !hasEnded { try Self.waitForAny(of: [self]) }
        if let failure { throw failure }
        if let end, end != .exited(0) { throw FetchProgramError.ended(end) }
        return try transcript.answer()
    }

    /// Reads what there is to read of each, until one of them has ended.
    static func waitForAny(of processes: [FetchProcess]) throws {
        while !processes.contains(where: \.hasEnded) {
            // The kernel passes over negative numbers.
            let descriptors = processes.flatMap { [$0.isComplete ? -1 : $0.output.raw, $0.child.descriptor.raw] }
            let ready = try waitForInput(descriptors)
            for (index, process) in processes.enumerated() {
                if ready[2 * index] { try process.read() }
                if ready[2 * index + 1] { try process.finish() }
            }
        }
    }

    private func read() throws {
        let size = 1 << 16
        var failed: (any Error)?
        let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            do { count = try output.read(into: UnsafeMutableRawBufferPointer(buffer)) } catch { failed = error }
        }
        if let failed { throw failed }
        if bytes.isEmpty { isComplete = true }
        do {
            let reports = try transcript.append(bytes)
            bars?.show(reports)
        } catch {
            failure = error
            isComplete = true
            try child.send(SIGKILL)
        }
    }

    /// It has ended: what it wrote is in the pipe; who else has the pipe open does not count.
    private func finish() throws {
        while try !isComplete && waitForInput([output.raw], milliseconds: 0)[0] { try read() }
        end = try child.wait()
        bars?.close()
    }
}

/// How the child becomes the fetch program: with nothing but its job, its directory and a way to answer.
private struct FetchCall {
    let program: FilePath
    let environment: [String]
    let directory: CInt
    let user: FetchUser
    /// What becomes 0, 1, 2 and 3; nil keeps what is there for the first three, and is nothing for the last.
    let descriptors: [CInt?]
    let parent: pid_t

    func run() -> Never {
        do {
            try setDescriptors()
            try check("fchdir", "the download directory") { fchdir(directory) }
            _ = clinux_umask(0o077)
            clinux_reset_signal_handlers()
            clinux_unblock_all_signals()
            try dropPrivileges(user)
            try check("prctl", "PR_SET_PDEATHSIG") { clinux_set_parent_death_signal(SIGKILL) }
            if getppid() != parent { _exit(Self.cannotStart) }
            let last = CInt(descriptors[3] == nil ? 3 : 4)
            try check("close_range", "descriptors from \(last)") {
                clinux_close_range(UInt32(last), UInt32.max, CLINUX_CLOSE_RANGE_CLOEXEC)
            }
            try replaceProcess(program, [program.string], environment: environment)
        } catch {
            try? Descriptor(owning: 2).writeAll("cannot start '\(program)': \(error)\n")  // nobody is left to tell
            _exit(Self.cannotStart)
        }
    }

    private static let cannotStart: CInt = 127

    /// Moves them out of the way first: one may have the number of another.
    private func setDescriptors() throws {
        var moved: [(from: CInt, to: CInt)] = []
        for (number, source) in descriptors.enumerated() {
            guard let source else { continue }
            moved.append((try check("fcntl", "descriptor \(source)") { clinux_duplicate(source, 8) }, CInt(number)))
        }
        for (source, number) in moved { try check("dup2", "descriptor \(number)") { dup2(source, number) } }
    }
}

/// Gives up every privilege for good: capabilities, the way to them by other programs, and the user where it can.
///
/// Source: capabilities(7), "The securebits flags"; prctl(2), PR_SET_NO_NEW_PRIVS.
private func dropPrivileges(_ user: FetchUser) throws {
    var effective: UInt64 = 0
    var permitted: UInt64 = 0
    var inheritable: UInt64 = 0
    try check("capget", "this process") { clinux_capget(&effective, &permitted, &inheritable) }
    let changingOwnPrivileges: UInt64 = 1 << 8  // CAP_SETPCAP
    if effective & changingOwnPrivileges != 0 {
        for number in CInt(0)..<64 where clinux_read_bounding(number) == 1 {
            try check("prctl", "PR_CAPBSET_DROP \(number)") { clinux_drop_bounding(number) }
        }
        try check("prctl", "PR_SET_SECUREBITS") { clinux_set_secure_bits(UInt(CLINUX_SECBITS_NO_PRIVILEGED_USER)) }
    }
    try check("prctl", "PR_CAP_AMBIENT_CLEAR_ALL") { clinux_clear_ambient() }
    if geteuid() == 0 { try check("setgroups", "no groups") { clinux_setgroups(0, nil) } }
    if case .own(let user, let group) = user {
        try check("setresgid", "\(group)") { setresgid(group, group, group) }
        try check("setresuid", "\(user)") { setresuid(user, user, user) }
    }
    try check("capset", "no capabilities") { clinux_capset(0, 0, 0) }
    try check("prctl", "PR_SET_NO_NEW_PRIVS") { clinux_set_no_new_privileges() }
}
