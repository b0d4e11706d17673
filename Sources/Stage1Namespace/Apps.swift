import AppContainer
import CLinux
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

    /// Sockets that the program is started with.
    var sockets: [AppSocket] { stage == .main ? plan.sockets : [] }
}

/// The apps of a pod on their way from start to end.
///
/// The first one that fails ends the pod: the others are asked to end, and its status is the pod's. When all end well
/// the pod ends with 0. A program ended by SIGHUP, SIGINT, SIGTERM or SIGPIPE has not failed; a handler before the start
/// has, unless it was asked to end. A mutable pod only ends when it is asked to.
///
/// Source: rkt 1.30.0, stage1/init/common/units.go and systemd.service(5), "SuccessExitStatus=".
struct Apps: ~Copyable {
    /// Starts a program with these streams, in a cgroup if not in that of an app known from the beginning; the last number
    /// is a descriptor that is closed when it is executed, or -1.
    typealias Starter = (AppProgram, AppDescriptors, CgroupPlace?, CInt) throws -> ChildProcess

    private let plans: [AppPlan]
    private let files: PodFiles
    /// To the supervisor.
    private let channel: CInt
    private let isMutable: Bool
    /// Of the apps that have not ended.
    private var streams: [ACName: AppDescriptors]
    /// Of the apps that came later.
    private var places: [ACName: CgroupPlace] = [:]
    private var running: [CInt: AppProgram] = [:]
    /// Of the apps whose handlers run first: closed when the app itself is executed.
    private var beginnings: [ACName: CInt] = [:]
    private var failure: CInt?
    private var isStopping = false
    /// When an app that was asked to end is killed.
    private var deadlines: [ACName: Int64] = [:]
    private var start: Starter = { _, _, _, _ in throw Failure("no app can be started yet") }

    init(
        plans: [AppPlan], files: consuming PodFiles, channel: CInt, streams: [ACName: AppDescriptors], isMutable: Bool
    ) {
        self.plans = plans
        self.files = files
        self.channel = channel
        self.streams = streams
        self.isMutable = isMutable
    }

    /// Starts them all; nobody but this function's caller holds `started` when the last one is executed or has failed.
    mutating func startAll(_ started: CInt, _ start: @escaping Starter) throws {
        self.start = start
        for plan in plans { try connectTerminal(of: plan.name) }
        for plan in plans { try launchFirst(of: plan, started) }
    }

    private mutating func launchFirst(of plan: AppPlan, _ started: CInt) throws {
        if plan.beforeStart == nil { return try launch(AppProgram(plan: plan, stage: .main), started) }
        beginnings[plan.name] = try check("fcntl", "start of app '\(plan.name)'") { clinux_duplicate(started, 0) }
        try launch(AppProgram(plan: plan, stage: .beforeStart), started)
    }

    private mutating func launch(_ program: AppProgram, _ started: CInt = -1) throws {
        let app = program.plan.name
        let child = try start(program, streams[app] ?? .none, places[app], started)
        if program.stage == .main {
            do {
                try files.saveProcess(child.pid, of: app)
            } catch {
                kill(child.pid, SIGKILL)
                throw error
            }
        }
        running[child.pid] = program
    }

    /// Gives the app a terminal of the pod, if it is to have one, and the supervisor the other side of it.
    private mutating func connectTerminal(of app: ACName) throws {
        guard let wanted = streams[app], wanted.wantsTerminal else { return }
        let (controller, terminal) = try Terminal.open(ptmx: "/dev/pts/ptmx")
        try PodEvent.terminal(app).send(to: channel, descriptors: [controller])
        close(controller)
        streams[app] = wanted.connected(to: terminal)
    }

    /// Every program of the app has ended; what it wrote is on its way.
    private mutating func finish(_ app: ACName) throws {
        closeBeginning(of: app)
        streams.removeValue(forKey: app)?.closeAll()
        places.removeValue(forKey: app)?.closeAll()
        deadlines[app] = nil
        try PodEvent.ended(app).send(to: channel)
    }

    /// Tells whoever waits for the start of an app that there is none.
    private func report(_ reason: Failure, of app: ACName) {
        if let started = beginnings[app] { reportFailure(reason, to: started) }
    }

    private mutating func closeBeginning(of app: ACName) {
        if let number = beginnings.removeValue(forKey: app) { close(number) }
    }

    /// Reaps, passes signals on, does what it is told, and returns the pod's exit status when the last program has ended.
    mutating func waitForEnd() throws -> CInt {
        let signals = try SignalQueue()
        while true {
            while let (pid, end) = try collectEndedChild() { try ended(pid, end) }
            if running.isEmpty, !isMutable || isStopping { return failure ?? 0 }
            let ready = try wait(for: [signals.descriptor.raw, channel])
            // Only the outside ends a pod: who sends from inside has a number here. An init without handlers is as deaf.
            while let (number, sender, _) = try signals.next() {
                if sender == 0 { received(number) }
            }
            if ready[1] { try takeOrder() }
        }
    }

    /// Waits, and kills the apps whose time is over.
    private mutating func wait(for descriptors: [CInt]) throws -> [Bool] {
        guard let next = deadlines.values.min() else { return try waitLongForInput(descriptors) }
        let left = next > now() ? (next - now()) / 1_000_000 + 1 : 0
        let ready = try waitForInput(descriptors, milliseconds: CInt(clamping: left))
        let late = deadlines.filter { $0.value <= now() }.keys
        for app in late {
            deadlines[app] = nil
            signal(app, SIGKILL)
        }
        return ready
    }

    private mutating func takeOrder() throws {
        guard let order = try PodOrder.receive(from: channel) else {
            throw Failure("the pod's supervisor is gone")
        }
        switch order {
        case .stop(let app): requestStop(of: app, SIGTERM)
        case .start(let plan, let descriptors, let place, let started):
            streams[plan.name] = descriptors
            places[plan.name] = place
            defer { close(started) }
            do {
                try connectTerminal(of: plan.name)
                try launchFirst(of: plan, started)
            } catch {
                try couldNotStart(plan, error, waiter: started)
            }
        }
    }

    /// A program that cannot be started is one that fails; `waiter` is where somebody waits for it.
    private mutating func couldNotStart(_ plan: AppPlan, _ error: any Error, waiter: CInt?) throws {
        writeDiagnostic("run: cannot start app '\(plan.name)': \(error)")
        if let waiter { reportFailure(error, to: waiter) }
        try files.saveStatus(entryPointFailure, of: plan.name)
        try finish(plan.name)
        requestStop(afterFailure: .exited(entryPointFailure))
    }

    /// Asks the apps to end, the second time kills them; other signals are passed on.
    private mutating func received(_ number: CInt) {
        switch number {
        case SIGCHLD: return
        case SIGTERM, SIGINT, SIGQUIT:
            if isStopping { signalAll(SIGKILL) } else { requestStop(number) }
        default: signalAll(number)
        }
    }

    private mutating func requestStop(_ signal: CInt) {
        isStopping = true
        for app in Set(running.values.map(\.plan.name)) { requestStop(of: app, signal) }
    }

    /// Sends an app the signal that its image wants in place of SIGTERM; a second time changes nothing.
    private mutating func requestStop(of app: ACName, _ number: CInt) {
        guard deadlines[app] == nil, let stop = running.values.first(where: { $0.plan.name == app })?.plan.stop else {
            return
        }
        deadlines[app] = deadline(for: stop)
        signal(app, number == SIGTERM ? stop.signal ?? SIGTERM : number)
    }

    private func deadline(for stop: StopPlan) -> Int64 { now() + Int64(stop.timeout) * 1_000_000_000 }

    private func signal(_ app: ACName, _ number: CInt) {
        for (pid, program) in running where program.plan.name == app { kill(pid, number) }
    }

    private func signalAll(_ number: CInt) {
        for pid in running.keys { kill(pid, number) }
    }

    private mutating func ended(_ pid: CInt, _ end: ProcessEnd) throws {
        guard let program = running.removeValue(forKey: pid) else { return }  // an orphan that came to us to be reaped
        switch program.stage {
        case .beforeStart:
            let app = program.plan.name
            let isAsked = isStopping || deadlines[app] != nil
            if isAsked ? isFailure(end) : end != .exited(0) {
                try fail(program, end)
            } else if isAsked {
                report(Failure("it was asked to end before its start"), of: app)
                try finish(app)
            } else {
                do {
                    try launch(AppProgram(plan: program.plan, stage: .main), beginnings[app] ?? -1)
                    closeBeginning(of: app)
                } catch {
                    try couldNotStart(program.plan, error, waiter: beginnings[app])
                }
            }
        case .main:
            try files.forgetProcess(of: program.plan.name)
            try files.saveStatus(statusCode(end), of: program.plan.name)
            try cleanUp(after: program.plan)
            if isFailure(end) { requestStop(afterFailure: end) }
        case .afterStop: try finish(program.plan.name)
        }
    }

    /// Starts the handler that an app has for its end; without one it has ended.
    private mutating func cleanUp(after plan: AppPlan) throws {
        guard plan.afterStop != nil else { return try finish(plan.name) }
        // It is on its way out: nobody asks it to end any more.
        deadlines[plan.name] = deadline(for: plan.stop)
        do {
            try launch(AppProgram(plan: plan, stage: .afterStop))
        } catch {
            writeDiagnostic("run: cannot start the post-stop handler of app '\(plan.name)': \(error)")
            try finish(plan.name)
        }
    }

    private mutating func fail(_ program: AppProgram, _ end: ProcessEnd) throws {
        let reason = Failure("the pre-start handler of app '\(program.plan.name)' failed: \(end)")
        writeDiagnostic("run: \(reason)")
        report(reason, of: program.plan.name)
        try files.saveStatus(statusCode(end), of: program.plan.name)
        try finish(program.plan.name)
        requestStop(afterFailure: end)
    }

    private mutating func requestStop(afterFailure end: ProcessEnd) {
        if isMutable { return }
        if failure == nil { failure = statusCode(end) }
        if !isStopping && !running.isEmpty { requestStop(SIGTERM) }
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
