import LinuxSystem
import Stage0

/// `rkt gc`: clears pods that have ended, and what is left of those that never ran.
let gcCommand = Command(
    name: "gc",
    summary: "Garbage collect rkt pods no longer in use",
    description: "This is intended to be run periodically from a timer or cron job.",
    flags: {
        [
            .duration(
                "grace-period", "duration to wait before discarding inactive pods from garbage",
                default: 30 * 60 * 1_000_000_000
            ) { $0.gracePeriod = $1 },
            .duration(
                "expire-prepared", "duration to wait before expiring prepared pods",
                default: 24 * 60 * 60 * 1_000_000_000
            ) { $0.expirePrepared = $1 },
            .boolean("mark-only", "just mark exited and aborted pods as garbage, do not delete them") {
                $0.marksOnly = $1
            },
        ]
    },
    needsSuperuser: true,
    run: gc)

private func gc(_ context: CommandContext) throws {
    guard context.arguments.isEmpty else { throw Ending.usage }
    var collection = GCOptions()
    if let grace = context.options.gracePeriod { collection.gracePeriod = .nanoseconds(grace) }
    if let expire = context.options.expirePrepared { collection.expirePrepared = .nanoseconds(expire) }
    collection.markOnly = context.options.marksOnly
    collection.removal = context.removalOptions
    let failures = try collectPods(collection, in: DataDirectory(context.dataDirectory())) { event in
        if case .collecting = event { context.print("\(event)") } else { context.log("\(event)") }
    }
    if failures > 0 { throw Failure("\(failures) pod(s) could not be cleared") }
}
