import ImageRender
import LinuxSystem
import Stage0

/// `rkt image gc`: removes rendered trees that no pod needs, and images that nothing has used for a while.
let imageGCCommand = Command(
    name: "gc",
    summary: "Garbage collect local store",
    description: "This is intended to be run periodically from a timer or cron job.",
    flags: {
        [
            .duration(
                "grace-period", "duration to wait since an image was last used before removing it",
                default: 24 * 60 * 60 * 1_000_000_000
            ) { $0.gracePeriod = $1 }
        ]
    },
    run: imageGC)

private func imageGC(_ context: CommandContext) throws {
    guard context.arguments.isEmpty else { throw Ending.usage }
    let grace = context.options.gracePeriod ?? 24 * 60 * 60 * 1_000_000_000
    var report = ImageRemovalReport(context)
    try collectImages(olderThan: .nanoseconds(grace), in: DataDirectory(context.dataDirectory())) { event in
        switch event {
        case .removedTree(let tree): context.log("removed treestore \"\(tree)\"")
        case .removedImage(let id): report.removed(id)
        case .failed(let id, let error): report.failed(id, error)
        case .warning(let text): context.log(text)
        }
    }
    try report.finish()
}
