import LinuxSystem
import Pods
import Stage0
import SystemPackage

/// `rkt export`: makes an image of an app of an exited pod.
let exportCommand = Command(
    name: "export",
    summary: "Export an app from an exited pod to an ACI",
    arguments: "[--app=APPNAME] UUID OUTPUT_ACI_FILE",
    description: "What the app changed while it ran is part of the image.",
    flags: { [appFlag(usage: "name of the app to export within the specified pod"), overwriteFlag] },
    run: export)

private func export(_ context: CommandContext) throws {
    guard context.arguments.count == 2 else { throw Ending.usage }
    let data = DataDirectory(try context.dataDirectory())
    let pod = try explaining("problem retrieving pod") { try data.pods.pod(matching: context.arguments[0]) }
    do {
        try exportPod(
            pod, app: context.appName(), to: absolutePath(context.arguments[1]),
            overwrite: context.options.overwrites, in: data)
    } catch let error as ExportError {
        if case .severalApps(let names) = error { context.logApps(names) }
        throw error
    }
}
