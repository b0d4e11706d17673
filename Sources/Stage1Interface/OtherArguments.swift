package import AppContainer

/// What stage0 tells the `enter` entry point: `--pid=PID --appname=NAME [--user=USER] -- COMMAND ARGUMENT…`.
///
/// Source: rkt 1.30.0, stage0/enter.go; the user is ours, since version 7.
package struct EnterArguments: Equatable, Sendable {
    /// The pod's first process, as the host sees it.
    package let pid: Int32
    package let app: ACName
    /// A name or number known in the app's root, or ``appUser``; nil leaves it to the flavor.
    package let user: String?
    package let command: [String]

    /// The user that the app itself runs as.
    package static let appUser = "app"
    /// The interface version that brought the user.
    package static let userVersion = 7

    package init(pid: Int32, app: ACName, user: String? = nil, command: [String]) {
        self.pid = pid
        self.app = app
        self.user = user
        self.command = command
    }

    /// The words after the program's own name, for an image that speaks this version.
    package func words(forInterface version: Int) -> [String] {
        var words = ["--pid=\(pid)", "--appname=\(app)"]
        if version >= Self.userVersion, let user { words.append("--user=\(user)") }
        return words + ["--"] + command
    }

    package init(parsing words: [String]) throws(EntryPointArgumentError) {
        var scanner = FlagScanner(words)
        var pid: Int32?
        var app: ACName?
        var user: String?
        while let (name, written) = scanner.next() {
            let value = try scanner.value(written, of: name)
            switch name {
            case "pid":
                guard let number = Int32(value), number > 0 else { throw .invalidValue(value, flag: "--pid") }
                pid = number
            case "appname":
                guard let valid = try? ACName(value) else {  // the value is shown, its rule is in the specification
                    throw .invalidValue(value, flag: "--appname")
                }
                app = valid
            case "user": user = value
            default: throw .unknownFlag("--\(name)")
            }
        }
        guard let pid else { throw .missing("--pid") }
        guard let app else { throw .missing("--appname") }
        if scanner.rest.isEmpty { throw .missing("the command") }
        self.init(pid: pid, app: app, user: user, command: scanner.rest)
    }
}

/// What stage0 tells the `stop` entry point: `[--force] UUID`.
package struct StopArguments: Equatable, Sendable {
    package let force: Bool
    package let pod: PodID

    package init(force: Bool, pod: PodID) {
        self.force = force
        self.pod = pod
    }

    package var words: [String] { (force ? ["--force"] : []) + [pod.description] }

    package init(parsing words: [String]) throws(EntryPointArgumentError) {
        var scanner = FlagScanner(words)
        var force = false
        while let (name, value) = scanner.next() {
            switch name {
            case "force": force = try FlagScanner.isSet(value, name)
            case "debug": _ = try FlagScanner.isSet(value, name)
            default: throw .unknownFlag("--\(name)")
            }
        }
        self.init(force: force, pod: try parsePodID(scanner.rest))
    }
}

/// What stage0 tells the `gc` entry point: `[--debug] [--local-config=DIR] UUID`; the directory since version 5.
package struct GCArguments: Equatable, Sendable {
    package let debug: Bool
    package let localConfiguration: String?
    package let pod: PodID

    package init(debug: Bool, localConfiguration: String?, pod: PodID) {
        self.debug = debug
        self.localConfiguration = localConfiguration
        self.pod = pod
    }

    package func words(forInterface version: Int) -> [String] {
        var words: [String] = []
        if debug { words.append("--debug") }
        if version >= 5, let localConfiguration { words.append("--local-config=\(localConfiguration)") }
        return words + [pod.description]
    }

    package init(parsing words: [String]) throws(EntryPointArgumentError) {
        var scanner = FlagScanner(words)
        var debug = false
        var localConfiguration: String?
        while let (name, value) = scanner.next() {
            switch name {
            case "debug": debug = try FlagScanner.isSet(value, name)
            case "local-config": localConfiguration = try scanner.value(value, of: name)
            default: throw .unknownFlag("--\(name)")
            }
        }
        self.init(debug: debug, localConfiguration: localConfiguration, pod: try parsePodID(scanner.rest))
    }
}

private func parsePodID(_ words: [String]) throws(EntryPointArgumentError) -> PodID {
    guard words.count == 1, let pod = try? PodID(parsing: words[0]) else {  // which rule it broke helps nobody
        throw .invalidPodID(words.joined(separator: " "))
    }
    return pod
}

/// What stage0 tells the `attach` entry point.
///
/// Source: rkt 1.30.0, stage0/attach.go.
package struct AttachArguments: Equatable, Sendable {
    package enum Action: Equatable, Sendable {
        /// Print which streams there are.
        case list
        /// Everything there is.
        case automatic
        case custom(Set<Endpoint>)

        fileprivate var name: String {
            switch self {
            case .list: "list"
            case .automatic: "auto-attach"
            case .custom: "custom-attach"
            }
        }
    }

    /// A direction of a stream.
    package enum Endpoint: String, CaseIterable, Sendable {
        case terminalInput = "tty-in"
        case terminalOutput = "tty-out"
        case input = "stdin"
        case output = "stdout"
        case error = "stderr"

        package var isOfTerminal: Bool { self == .terminalInput || self == .terminalOutput }
    }

    package let action: Action
    package let app: ACName

    package init(_ action: Action, app: ACName) {
        self.action = action
        self.app = app
    }

    package var words: [String] {
        var words = ["--action=\(action.name)"]
        if case .custom(let chosen) = action {
            words += Endpoint.allCases.map { "--\($0.rawValue)=\(chosen.contains($0))" }
        }
        return words + ["--app=\(app)"]
    }

    package init(parsing words: [String]) throws(EntryPointArgumentError) {
        var scanner = FlagScanner(words)
        var action: String?
        var app: ACName?
        var chosen: Set<Endpoint> = []
        while let (name, written) = scanner.next() {
            if let endpoint = Endpoint(rawValue: name) {
                if try FlagScanner.isSet(written, name) { chosen.insert(endpoint) }
                continue
            }
            switch name {
            case "action": action = try scanner.value(written, of: name)
            case "app": app = try validName(scanner.value(written, of: name), flag: "--app")
            case "debug": _ = try FlagScanner.isSet(written, name)
            default: throw .unknownFlag("--\(name)")
            }
        }
        guard let app else { throw .missing("--app") }
        switch action {
        case "list": self.init(.list, app: app)
        case "auto-attach": self.init(.automatic, app: app)
        case "custom-attach": self.init(.custom(chosen), app: app)
        default: throw .invalidValue(action ?? "", flag: "--action")
        }
    }
}

private func validName(_ text: String, flag: String) throws(EntryPointArgumentError) -> ACName {
    // The value is shown, its rule is in the specification.
    guard let name = try? ACName(text) else { throw .invalidValue(text, flag: flag) }
    return name
}
