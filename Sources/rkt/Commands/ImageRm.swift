import AppContainer
import ImageStore
import LinuxSystem

/// `rkt image rm`.
let imageRmCommand = Command(
    name: "rm",
    summary: "Remove one or more images with the given IDs or image names from the local store",
    arguments: "IMAGE...",
    description: "Unlike image gc, image rm allows users to remove specific images.",
    run: imageRm)

private func imageRm(_ context: CommandContext) throws {
    guard !context.arguments.isEmpty else { throw Ending.usage }
    let store = try context.imageStore()
    var images: [(id: ImageID, name: String)] = []
    for word in context.arguments {
        do {
            let found = try store.images(matching: word)
            // As in the original, an image that is not there is told of and is no failure.
            if found.isEmpty { context.log("image name \(quoted(word)) not found") }
            for id in found where !images.contains(where: { $0.id == id }) { images.append((id, word)) }
        } catch {
            context.report(error, while: "image \(quoted(word)) not found")
        }
    }
    try removeImages(images, from: store, context)
}

private func removeImages(
    _ images: [(id: ImageID, name: String)], from store: ContentStore, _ context: CommandContext
) throws {
    var report = ImageRemovalReport(context)
    for image in images {
        do {
            try store.remove(image.id)
            report.removed(image.id)
        } catch {
            report.failed(image.id, error)
        }
    }
    try report.finish()
}

/// What `image rm` and `image gc` tell of images that go.
struct ImageRemovalReport {
    private let context: CommandContext
    private var done = 0
    private var stale = 0
    private var failures = 0

    init(_ context: CommandContext) { self.context = context }

    mutating func removed(_ id: ImageID) {
        context.print("successfully removed aci for image: \"\(id)\"")
        done += 1
    }

    mutating func failed(_ id: ImageID, _ error: any Error) {
        if case ImageStoreError.staleFiles = error {
            context.report(error, while: "some files cannot be removed for image \"\(id)\"")
            stale += 1
            removed(id)
        } else {
            context.report(error, while: "error removing aci for image \"\(id)\"")
            failures += 1
        }
    }

    /// - Throws: `Failure` if something could not be removed.
    func finish() throws {
        if done > 0 { context.log("\(done) image(s) successfully removed") }
        if stale > 0 { context.log("\(stale) image(s) removed but left some stale files") }
        if failures > 0 { context.log("\(failures) image(s) cannot be removed") }
        if stale + failures > 0 { throw Failure("error(s) found while removing images") }
    }
}
