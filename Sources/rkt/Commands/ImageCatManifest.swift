import ImageStore
import JSON
import LinuxSystem

/// `rkt image cat-manifest`.
let imageCatManifestCommand = Command(
    name: "cat-manifest",
    summary: "Inspect and print the image manifest",
    arguments: "IMAGE",
    description: "IMAGE should be a string referencing an image; either an ID or an image name.",
    flags: { [prettyPrintFlag] },
    run: imageCatManifest)

private func imageCatManifest(_ context: CommandContext) throws {
    guard context.arguments.count == 1 else { throw Ending.usage }
    let store = try context.imageStore()
    let bytes = try explaining("cannot get image manifest") {
        try store.manifestBytes(of: store.image(matching: context.arguments[0]))
    }
    let manifest = try JSONValue(parsing: bytes)
    context.print(manifest.serialized(context.options.prettyPrints ? .indented("\t") : .compact))
}
