import AppContainer
import LinuxSystem
import Pods
import Stage0

/// `rkt enter`: becomes a command in an app of a running pod.
let enterCommand = Command(
    name: "enter",
    summary: "Enter the namespaces of an app within a rkt pod",
    arguments: "[--app=APPNAME] [--user=USER] UUID [CMD [ARGS ...]]",
    description: """
        By default the CMD that is run is /bin/bash. Flags stand before the UUID.

        The command is as confined as the app, and the pod's root user unless --user says otherwise.
        """,
    flags: { [appFlag(usage: "name of the app to enter within the specified pod"), enteringUserFlag] },
    interspersed: false,
    needsSuperuser: true,
    run: enter)

/// `--app`.
func appFlag(usage: String) -> Flag { .string("app", usage) { $0.appName = $1.isEmpty ? nil : $1 } }

/// `--user`.
let enteringUserFlag = Flag.string(
    "user", "name or number of the user that the command is; 'app' for the user of the app itself"
) { options, text in
    if text.isEmpty { throw GoValueError(description: "a user has a name or a number") }
    options.enteringUser = text
}

private let defaultCommand = "/bin/bash"

func enter(_ context: CommandContext) throws {
    guard let name = context.arguments.first else { throw Ending.usage }
    let data = DataDirectory(try context.dataDirectory())
    let pod = try explaining("problem retrieving pod") { try data.pods.pod(matching: name) }
    var command = Array(context.arguments.dropFirst())
    do {
        let app = try context.appName()
        guard pod.state == .running else { throw EnterError.notRunning(pod.id) }
        if command.isEmpty {
            context.log("no command specified, assuming \"\(defaultCommand)\"")
            command = [defaultCommand]
        }
        try enterPod(pod, app: app, user: context.options.enteringUser, command: command, in: data)
    } catch let error as EnterError {
        if case .severalApps(let names) = error { context.logApps(names) }
        throw error
    }
}

extension CommandContext {
    /// The app that `--app` names.
    func appName() throws -> ACName? {
        try options.appName.map { name in try explaining("invalid app name") { try ACName(name) } }
    }

    /// Tells which apps there are to choose from.
    func logApps(_ names: [ACName]) {
        log("pod contains multiple apps:")
        for name in names { logRaw("\t\(name)") }
    }
}
