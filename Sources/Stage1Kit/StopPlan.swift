import AppContainer
import Glibc
import LinuxSystem

/// How an app is asked to end, and how long it may take.
package struct StopPlan: Equatable, Sendable {
    /// What the image wants; without it an app gets what the pod gets.
    package let signal: CInt?
    /// In seconds; then it is killed.
    package let timeout: UInt32

    package init(signal: CInt?, timeout: UInt32) {
        self.signal = signal
        self.timeout = timeout
    }

    /// What systemd gives a service.
    private static let standardTimeout: UInt32 = 90
    private static let maximumTimeout: UInt32 = 24 * 3600
    package static let timeoutAnnotation = "coreos.com/rkt/stage2/stop-timeout"
    /// As images converted from Docker's have it.
    package static let signalAnnotation = "appc.io/docker/stopsignal"

    /// The signal is an annotation of the image, the timeout one of the pod manifest: an image must not hold up a pod.
    package init(_ app: PreparedApp) throws {
        signal = try app.image.annotations[Self.signalAnnotation].map { text in
            guard let number = signalNumber(text) else {
                throw Failure("annotation \(Self.signalAnnotation) of the image says '\(text)', which is no signal")
            }
            return number
        }
        guard let text = app.runtime.annotations[Self.timeoutAnnotation] else {
            timeout = Self.standardTimeout
            return
        }
        guard let seconds = UInt32(text), seconds <= Self.maximumTimeout else {
            throw Failure(
                "annotation \(Self.timeoutAnnotation) says '\(text)'; use seconds, at most \(Self.maximumTimeout)")
        }
        timeout = seconds
    }
}

/// The signal that is meant by `SIGTERM`, `TERM`, `SIGRTMIN+3` or `15`.
///
/// Source: signal(7).
package func signalNumber(_ text: String) -> CInt? {
    let name = text.hasPrefix("SIG") ? String(text.dropFirst(3)) : text
    if let number = CInt(name), text.first?.isNumber == true { return (1...64).contains(number) ? number : nil }
    if let known = signals[name] { return known }
    let realTime: [(base: String, number: CInt, direction: CInt)] = [("RTMIN", 34, 1), ("RTMAX", 64, -1)]
    for (base, number, direction) in realTime where name.hasPrefix(base) {
        let rest = name.dropFirst(base.count)
        if rest.isEmpty { return number }
        guard rest.first == (direction > 0 ? "+" : "-"), let offset = CInt(rest.dropFirst()), (0...30).contains(offset)
        else { return nil }
        return number + direction * offset
    }
    return nil
}

private let signals: [String: CInt] = [
    "HUP": SIGHUP, "INT": SIGINT, "QUIT": SIGQUIT, "ILL": SIGILL, "TRAP": SIGTRAP, "ABRT": SIGABRT, "BUS": SIGBUS,
    "FPE": SIGFPE, "KILL": SIGKILL, "USR1": SIGUSR1, "SEGV": SIGSEGV, "USR2": SIGUSR2, "PIPE": SIGPIPE,
    "ALRM": SIGALRM, "TERM": SIGTERM, "CHLD": SIGCHLD, "CONT": SIGCONT, "STOP": SIGSTOP, "TSTP": SIGTSTP,
    "TTIN": SIGTTIN, "TTOU": SIGTTOU, "URG": SIGURG, "XCPU": SIGXCPU, "XFSZ": SIGXFSZ, "VTALRM": SIGVTALRM,
    "PROF": SIGPROF, "WINCH": SIGWINCH, "IO": SIGIO, "PWR": SIGPWR, "SYS": SIGSYS,
]
