import JSON
import LinuxSystem
import Pods

/// `rkt cat-manifest`: the manifest of a pod.
let catManifestCommand = Command(
    name: "cat-manifest",
    summary: "Inspect and print the pod manifest",
    arguments: "--uuid-file=FILE | UUID",
    flags: { [uuidFileFlag, prettyPrintFlag] },
    run: catManifest)

private func catManifest(_ context: CommandContext) throws {
    let name: String
    if let file = context.options.uuidFile {
        name = try context.podName(in: file)
    } else {
        guard context.arguments.count == 1 else { throw Ending.usage }
        name = context.arguments[0]
    }
    let pod = try explaining("problem retrieving pod") {
        try PodStore(dataDirectory: context.dataDirectory()).pod(matching: name)
    }
    let bytes = try pod.manifestBytes()
    let manifest = try explaining("cannot read the manifest of pod \"\(pod.id)\"") { try JSONValue(parsing: bytes) }
    context.print(manifest.serialized(context.options.prettyPrints ? .indented("\t") : .compact))
}
