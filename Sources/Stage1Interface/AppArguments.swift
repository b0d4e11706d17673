package import AppContainer

/// What stage0 tells the entry points for one app of a running pod: `--app=NAME --debug=BOOL`, and `app/add` also
/// `--uuid=UUID`.
///
/// Source: rkt 1.30.0, stage0/app_add.go, app_start.go, app_stop.go, app_rm.go.
package struct AppArguments: Equatable, Sendable {
    /// The exit status of `app/stop` for an app that does not run.
    ///
    /// Source: systemctl(1), "Exit status"; rkt 1.30.0, stage0/app_stop.go.
    package static let notRunning: Int32 = 5
    /// The interface version that brought pods whose apps come and go.
    package static let version = 5

    package let app: ACName
    package let debug: Bool
    package let pod: PodID?

    package init(app: ACName, debug: Bool, pod: PodID? = nil) {
        self.app = app
        self.debug = debug
        self.pod = pod
    }

    package var words: [String] {
        ["--app=\(app)", "--debug=\(debug)"] + (pod.map { ["--uuid=\($0)"] } ?? [])
    }

    package init(parsing words: [String]) throws(EntryPointArgumentError) {
        var scanner = FlagScanner(words)
        var app: ACName?
        var debug = false
        var pod: PodID?
        while let (name, written) = scanner.next() {
            switch name {
            case "debug": debug = try FlagScanner.isSet(written, name)
            case "app":
                let value = try scanner.value(written, of: name)
                guard let valid = try? ACName(value) else {  // the value is shown, its rule is in the specification
                    throw .invalidValue(value, flag: "--app")
                }
                app = valid
            case "uuid":
                let value = try scanner.value(written, of: name)
                guard let valid = try? PodID(parsing: value) else { throw .invalidPodID(value) }  // as above
                pod = valid
            default: throw .unknownFlag("--\(name)")
            }
        }
        guard let app else { throw .missing("--app") }
        self.init(app: app, debug: debug, pod: pod)
    }
}
