import AppContainer
import JSON
import LinuxSystem
import Pods

/// `rkt app list`: the apps of a pod, mutable or not.
let appListCommand = Command(
    name: "list",
    summary: "List the apps of a pod",
    arguments: "UUID [--no-legend]",
    flags: { [noLegendFlag] },
    run: { context in try context.softly { () throws -> Void in try list(context) } })

/// `rkt app status`: what is known of one app.
let appStatusCommand = Command(
    name: "status",
    summary: "Check the status of an app of a pod",
    arguments: "UUID --app=APPNAME [--format=json]",
    flags: { [appFlag(usage: "name of the app"), formatFlag] },
    run: { context in try context.softly { () throws -> Void in try status(context) } })

private func list(_ context: CommandContext) throws {
    guard context.arguments.count == 1 else { throw Ending.usageSoftly }
    let apps = try explaining("error listing apps") { try report(context).appReports() }
    var table = TabWriter()
    if context.options.hasLegend { table.add(["NAME", "STATE"]) }
    for app in apps { table.add([app.name, app.status.state.rawValue]) }
    context.print(table.formatted())
}

private func status(_ context: CommandContext) throws {
    guard context.arguments.count == 1, let name = try context.appName() else { throw Ending.usageSoftly }
    let apps = try explaining("error getting app status") { try report(context).appReports() }
    guard let app = apps.first(where: { $0.name == name.rawValue }) else {
        throw Failure("cannot find app \(quoted(name.rawValue)) in the pod")
    }
    switch context.options.format {
    case .json, .prettyJSON: context.print(app.json, as: context.options.format)
    case .table: app.lines.forEach(context.print)
    }
}

private func report(_ context: CommandContext) throws -> PodReport {
    let pod = try PodStore(dataDirectory: context.dataDirectory()).pod(matching: context.arguments[0])
    var errors: [any Error] = []
    let report = PodReport(pod, for: .json) { errors.append($0) }
    if let error = errors.first { throw error }
    return report
}

extension AppReport {
    /// The lines of `rkt app status`; words and their values stand on lines of their own, as in the original.
    fileprivate var lines: [String] {
        var lines = ["name=\(name)", "state=\(status.state.rawValue)", "image_id=\(image)"]
        for (word, time) in [
            ("created_at", status.created), ("started_at", status.started), ("finished_at", status.finished),
        ] {
            if let time { lines.append("\(word)=\(fullTime(time))") }
        }
        if let code = status.exitStatus { lines.append("exit_code=\(code)") }
        let lists = [
            ("mounts", mounts.map { "\($0.source):\($0.target):(read_only:\($0.isReadOnly))" }),
            ("user_annotations", userAnnotations.map { "\($0.name):\($0.value)" }),
            ("user_labels", userLabels.map { "\($0.name):\($0.value)" }),
        ]
        for (word, values) in lists where !values.isEmpty {
            lines += ["\(word)=", values.joined(separator: ","), ""]
        }
        return lines
    }
}
