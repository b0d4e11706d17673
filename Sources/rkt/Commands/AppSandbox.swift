import AppContainer
import LinuxSystem
import Pods
import Stage0

/// `rkt app sandbox`: makes a pod without apps and becomes it.
let appSandboxCommand = Command(
    name: "sandbox",
    summary: "Create an empty pod that apps can be added to",
    description:
        "The pod runs in the foreground until it is stopped; 'rkt status --wait-ready' tells when apps can be added.",
    flags: {
        stage1Flags() + sandboxStartFlags()
            + [noOverlayFlag, privateUsersFlag, uuidFileSaveFlag, .notAvailable("port")] + sandboxWords()
    },
    run: { context in
        // The original ends with 1 here, whatever is wrong.
        try context.softly { () throws -> Void in try sandbox(context) }
    })

/// What `run` has for the start of a pod, without what makes no sense before there are apps; `--net` needs its value.
private func sandboxStartFlags() -> [Flag] {
    startFlags().filter { !["interactive", "mds-register", "ipc"].contains($0.name) }.map {
        $0.name == "net" ? $0.withoutBareValue : $0
    }
}

private func sandboxWords() -> [Flag] {
    [
        .value("annotation", "annotation of the pod in the form NAME=VALUE") { options, text in
            let (name, value) = try sandboxWord(text, "annotation", known: options.podAnnotations.map(\.0.rawValue))
            options.podAnnotations.append((try ACIdentifier(name), value))
        },
        .value("user-annotation", "annotation of the pod's user in the form NAME=VALUE") { options, text in
            let (name, value) = try sandboxWord(text, "user-annotation", known: options.podUserAnnotations.map(\.0))
            options.podUserAnnotations.append((name, value))
        },
        .value("user-label", "label of the pod's user in the form NAME=VALUE") { options, text in
            let (name, value) = try sandboxWord(text, "user-label", known: options.podUserLabels.map(\.0))
            options.podUserLabels.append((name, value))
        },
    ]
}

private func sandboxWord(
    _ text: String, _ flag: String, known: [String]
) throws(GoValueError) -> (name: String, value: String) {
    guard let (name, value) = keyAndValue(text), !name.isEmpty else {
        throw GoValueError(description: "invalid format of --\(flag) flag \(quoted(text))")
    }
    if known.contains(name) { throw GoValueError(description: "\(flag) \(quoted(name)) already set") }
    return (name, value)
}

private func sandbox(_ context: CommandContext) throws {
    guard context.arguments.isEmpty else { throw Ending.usageSoftly }
    let options = context.options
    context.warnAboutInsecureOptions([.forFetching, .forRunning])
    let data = DataDirectory(try context.dataDirectory())
    var request = try podOptions(context, .apps([]))
    request.isMutable = true
    request.annotations = options.podAnnotations
    request.userAnnotations = options.podUserAnnotations
    request.userLabels = options.podUserLabels
    let fetcher = try context.imageFetcher(data, standard: .new)
    try startNewPod(request, context, data, fetcher)
}
