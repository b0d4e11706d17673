import AppContainer
import LinuxSystem
import Pods
import Stage0
import Stage1Interface

/// `rkt attach`: connects this terminal or these pipes with the streams of a running app.
let attachCommand = Command(
    name: "attach",
    summary: "Attach to an app in a running pod",
    arguments: "[--app=APPNAME] [--mode=MODE] UUID",
    description: """
        MODE is 'list', 'auto', or a list of stdin, stdout, stderr, or of tty-in, tty-out (both: tty). The app must have been
        started with --stdin, --stdout or --stderr=stream or tty. Attaching to a terminal ends with ^] three times within a
        second; to streams with the end of one, or ^C.
        """,
    flags: {
        [
            appFlag(usage: "name of the app to attach to within the specified pod"),
            .string("mode", "what to attach to, or 'list'", default: "auto") { $0.attachMode = $1 },
        ]
    },
    needsSuperuser: true,
    run: attach)

private func attach(_ context: CommandContext) throws {
    guard context.arguments.count == 1 else { throw Ending.usage }
    let action = try explaining("invalid attach mode") { try AttachMode(context.options.attachMode).action }
    let data = DataDirectory(try context.dataDirectory())
    let pod = try explaining("problem retrieving pod") { try data.pods.pod(matching: context.arguments[0]) }
    do {
        try attachToPod(pod, app: context.appName(), action, in: data)
    } catch let error as EnterError {
        if case .severalApps(let names) = error { context.logApps(names) }
        throw error
    }
}

/// What `--mode` says.
struct AttachMode {
    let action: AttachArguments.Action

    init(_ text: String) throws(GoValueError) {
        switch text {
        case "list": action = .list
        case "auto", "": action = .automatic
        default: action = .custom(try Self.endpoints(text))
        }
    }

    private static func endpoints(_ text: String) throws(GoValueError) -> Set<AttachArguments.Endpoint> {
        var chosen: Set<AttachArguments.Endpoint> = []
        for word in text.split(separator: ",", omittingEmptySubsequences: false) {
            if word == "tty" {
                chosen.formUnion([.terminalInput, .terminalOutput])
            } else if let endpoint = AttachArguments.Endpoint(rawValue: String(word)) {
                chosen.insert(endpoint)
            } else {
                throw GoValueError(description: "unknown endpoint \(quoted(String(word)))")
            }
        }
        guard Set(chosen.map(\.isOfTerminal)).count == 1 else {
            throw GoValueError(
                description: "incompatible endpoints \(quoted(text)), cannot simultaneously attach TTY and streams")
        }
        return chosen
    }
}
