import AppContainer
import JSON
import LinuxSystem
import Pods

/// `rkt list`: the pods.
let listCommand = Command(
    name: "list",
    summary: "List pods",
    flags: { [fullFlag, noLegendFlag, formatFlag] },
    run: list)

private func list(_ context: CommandContext) throws {
    let options = context.options
    let store = PodStore(dataDirectory: try context.dataDirectory())
    var errors: [any Error] = []
    var rows = PodTable(isFull: options.isFull, hasLegend: options.hasLegend, now: context.now())
    var objects: [JSONValue] = []
    try store.forEach(in: PodDirectory.listed) {
        errors.append(Failure($0))
    } _: { pod in
        let report = PodReport(pod, for: options.format) { errors.append($0) }
        if options.format == .table {
            rows.add(report)
        } else if report.created == nil {
            errors.append(Failure("pod \"\(pod.id)\": invalid creation time"))
        } else {
            objects.append(report.json)
        }
    }
    switch options.format {
    case .table: context.print(rows.formatted())
    case .json, .prettyJSON: context.print(objects.isEmpty ? .null : .array(objects), as: options.format)
    }
    report(errors, to: context)
}

private func report(_ errors: [any Error], to context: CommandContext) {
    if errors.isEmpty { return }
    let line = String(repeating: "-", count: 40)
    context.log("\(errors.count) error(s) encountered when listing pods:")
    context.log(line)
    for error in errors {
        context.report(error)
        context.log(line)
    }
    context.log("misc:")
    context.log("  rkt's appc version: \(Version.appc)")
    context.log("")
}

/// The lines of `rkt list`.
struct PodTable {
    private var table = TabWriter()
    private let isFull: Bool
    private let now: Int64

    init(isFull: Bool, hasLegend: Bool, now: Int64) {
        self.isFull = isFull
        self.now = now
        guard hasLegend else { return }
        table.add(
            ["UUID", "APP", "IMAGE NAME"] + (isFull ? ["IMAGE ID"] : []) + ["STATE", "CREATED", "STARTED", "NETWORKS"])
    }

    /// Adds one line per app; all but the first leave out what is said of the pod.
    mutating func add(_ report: PodReport) {
        let uuid = "\(report.pod.id)"
        let state = [
            report.pod.state.rawValue, time(report.created), time(report.started), report.networkText,
        ]
        var pod = (isFull ? uuid : String(uuid.prefix(8)), state)
        if report.apps.isEmpty { table.add([pod.0, "-", "-"] + (isFull ? ["-"] : []) + pod.1) }
        for app in report.apps {
            let image = isFull ? [String("\(app.image.id)".prefix("sha512-".count + 12))] : []
            table.add([pod.0, "\(app.name)", report.imageName(of: app)] + image + pod.1)
            pod = ("", ["", "", "", ""])
        }
    }

    func formatted() -> String { table.formatted() }

    private func time(_ time: Int64?) -> String {
        guard let time else { return "" }
        return isFull ? absoluteTime(time) : relativeTime(time, now: now)
    }
}
