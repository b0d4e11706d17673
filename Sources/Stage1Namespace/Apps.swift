import AppContainer
import Glibc
import LinuxSystem
import Stage1Kit
import Stage2Interface

/// One program of an app: its handler before the start, itself, or its handler after the end.
struct AppProgram {
    enum Stage { case beforeStart, main, afterStop }

    let plan: AppPlan
    let stage: Stage

    var spec: LaunchSpec {
        switch stage {
        case .beforeStart: plan.beforeStart ?? plan.main
        case .main: plan.main
        case .afterStop: plan.afterStop ?? plan.main
        }
    }
}

/// How long apps that were asked to end may take before they are killed; what systemd gives a service.
private let stopTimeout: Int64 = 90 * 1_000_000_000

/// The apps of a pod on their way from start to end.
///
/// The first one that fails ends the pod: the others are asked to end, and its status is the pod's. When all end well
/// the pod ends with 0. A program ended by SIGHUP, SIGINT, SIGTERM or SIGPIPE has not failed.
///
/// Source: rkt 1.30.0, stage1/init/common/units.go and systemd.service(5), "SuccessExitStatus=".
struct Apps: ~Copyable {
    private let plans: [AppPlan]
    private let files: PodFiles
    private var running: [CInt: AppProgram] = [:]
    private var failure: CInt?
    private var stopDeadline: Int64?
    private var start: (AppProgram) throws -> ChildProcess = { _ in throw Failure("no app can be started yet") }

    init(plans: [AppPlan], files: consuming PodFiles) {
        self.plans = plans
        self.files = files
    }

    mutating func startAll(_ start: @escaping (AppProgram) throws -> ChildProcess) throws {
        self.start = start
        for plan in plans {
            try launch(AppProgram(plan: plan, stage: plan.beforeStart == nil ? .main : .beforeStart))
        }
    }

    private mutating func launch(_ program: AppProgram) throws {
        let child = try start(program)
        running[child.pid] = program
        if program.stage == .main { try files.saveProcess(child.pid, of: program.plan.name) }
    }

    /// Reaps, passes signals on, and returns the pod's exit status when the last program has ended.
    mutating func waitForEnd() throws -> CInt {
        let signals = try SignalQueue()
        while true {
            while let (pid, end) = try collectEndedChild() { try ended(pid, end) }
            if running.isEmpty { return failure ?? 0 }
            if let stopDeadline {
                let left = max(0, (stopDeadline - now()) / 1_000_000)
                if !(try waitForInput([signals.descriptor.raw], milliseconds: CInt(clamping: left)).contains(true)) {
                    signalAll(SIGKILL)
                    self.stopDeadline = .max
                }
            } else {
                _ = try waitLongForInput([signals.descriptor.raw])
            }
            // Only the outside ends a pod: who sends from inside has a number here. An init without handlers is as deaf.
            while let (number, sender) = try signals.next() {
                if sender == 0 { received(number) }
            }
        }
    }

    /// Asks the apps to end, the second time kills them; other signals are passed on.
    private mutating func received(_ number: CInt) {
        switch number {
        case SIGCHLD: return
        case SIGTERM, SIGINT, SIGQUIT:
            if stopDeadline != nil { signalAll(SIGKILL) } else { requestStop(number) }
        default: signalAll(number)
        }
    }

    private mutating func requestStop(_ signal: CInt) {
        if stopDeadline == nil { stopDeadline = now() + stopTimeout }
        signalAll(signal)
    }

    private func signalAll(_ number: CInt) {
        for pid in running.keys { kill(pid, number) }
    }

    private mutating func ended(_ pid: CInt, _ end: ProcessEnd) throws {
        guard let program = running.removeValue(forKey: pid) else { return }  // an orphan that came to us to be reaped
        switch program.stage {
        case .beforeStart:
            if isFailure(end) {
                try fail(program, end)
            } else if stopDeadline == nil {
                try launch(AppProgram(plan: program.plan, stage: .main))
            }
        case .main:
            try files.forgetProcess(of: program.plan.name)
            try files.saveStatus(statusCode(end), of: program.plan.name)
            if program.plan.afterStop != nil { try launch(AppProgram(plan: program.plan, stage: .afterStop)) }
            if isFailure(end) { requestStop(afterFailure: end) }
        case .afterStop:
            return
        }
    }

    private mutating func fail(_ program: AppProgram, _ end: ProcessEnd) throws {
        writeDiagnostic("run: the pre-start handler of app '\(program.plan.name)' failed: \(end)")
        try files.saveStatus(statusCode(end), of: program.plan.name)
        requestStop(afterFailure: end)
    }

    private mutating func requestStop(afterFailure end: ProcessEnd) {
        if failure == nil { failure = statusCode(end) }
        if stopDeadline == nil && !running.isEmpty { requestStop(SIGTERM) }
    }
}

/// As systemd records the end of a program: its status, or the number of the signal.
private func statusCode(_ end: ProcessEnd) -> CInt {
    switch end {
    case .exited(let status): status
    case .signaled(let signal): signal
    }
}

private func isFailure(_ end: ProcessEnd) -> Bool {
    switch end {
    case .exited(let status): status != 0
    case .signaled(let signal): ![SIGHUP, SIGINT, SIGTERM, SIGPIPE].contains(signal)
    }
}
