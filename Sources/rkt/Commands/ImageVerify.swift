import AppContainer
import ImageRender
import ImageStore
import LinuxSystem
import Stage0

/// `rkt image verify`: compares rendered trees with what they were when they were rendered, reading everything.
let imageVerifyCommand = Command(
    name: "verify",
    summary: "Verify one or more rendered images in the local store",
    arguments: "IMAGE...",
    description: "Trees that are not what they should be are rendered anew.",
    run: imageVerify)

private func imageVerify(_ context: CommandContext) throws {
    guard !context.arguments.isEmpty else { throw Ending.usage }
    let data = DataDirectory(try context.dataDirectory())
    var failures = 0
    for word in context.arguments {
        do {
            try verify(word, data, context)
        } catch {
            context.report(error)
            failures += 1
        }
    }
    if failures > 0 { throw Failure("failed to verify \(failures) image(s)") }
}

private func verify(_ word: String, _ data: DataDirectory, _ context: CommandContext) throws {
    let image = try explaining("unable to resolve store key for image \(word)") {
        try data.images().image(matching: word)
    }
    let trees = try data.trees()
    let tree = try trees.treeID(of: image)
    guard trees.isRendered(tree) else {
        return context.log("image \(quoted(word)) not rendered; no verification needed")
    }
    do {
        try trees.verifyFully(of: tree)
        context.print("successfully verified checksum for image: \(quoted(word)) (\"\(image)\")")
    } catch {
        context.log("tree cache verification failed for image \(word): \(error);  rebuilding...")
        try trees.render(image, rebuilding: true)
    }
}
