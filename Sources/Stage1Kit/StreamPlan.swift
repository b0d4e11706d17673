import AppContainer
import LinuxSystem

/// Where one of an app's standard streams leads.
package enum StreamMode: String, Sendable {
    /// Nowhere: `/dev/null`.
    case null
    /// The log of the app and rkt's own output; for input, nowhere.
    case log
    /// A socket that `rkt attach` connects to.
    case stream
    /// A terminal of the pod, to which `rkt attach` connects.
    case terminal = "tty"
    /// Rkt's own: a terminal of the pod that is shown on the one of rkt, or a pipe where rkt has none.
    case interactive
}

/// Where the three standard streams of an app lead.
///
/// Source: rkt 1.30.0, stage1/init/common/pod.go, annotations `coreos.com/rkt/stage2/stdin` and its kin.
package struct StreamPlan: Equatable, Sendable {
    package let input: StreamMode
    package let output: StreamMode
    package let error: StreamMode

    package init(input: StreamMode, output: StreamMode, error: StreamMode) {
        self.input = input
        self.output = output
        self.error = error
    }

    /// Reads the annotations of the pod manifest, those of images do not count; `isInteractive` outdoes them.
    package init(_ app: PreparedApp, isInteractive: Bool) throws {
        if isInteractive {
            self.init(input: .interactive, output: .interactive, error: .interactive)
            return
        }
        self.init(
            input: try Self.mode(of: "stdin", app) ?? .null, output: try Self.mode(of: "stdout", app) ?? .log,
            error: try Self.mode(of: "stderr", app) ?? .log)
    }

    private static func mode(of stream: String, _ app: PreparedApp) throws -> StreamMode? {
        let annotation = "coreos.com/rkt/stage2/\(stream)"
        guard let text = app.runtime.annotations[annotation] else { return nil }
        guard let mode = StreamMode(rawValue: text) else {
            throw Failure(
                "annotation \(annotation) says '\(text)'; use null, log, stream, tty or interactive")
        }
        return mode
    }

    package var all: [StreamMode] { [input, output, error] }

    /// Whether the app has a controlling terminal.
    ///
    /// `hasTerminal`: rkt itself has one on its standard input.
    package func wantsTerminal(hasTerminal: Bool) -> Bool {
        all.contains(.terminal) || hasTerminal && all.contains(.interactive)
    }
}
