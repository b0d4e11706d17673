import LinuxSystem
import Pods
import Stage0

/// `rkt rm`: removes pods that do not run, without waiting for `rkt gc`.
let rmCommand = Command(
    name: "rm",
    summary: "Remove all files and resources associated with an exited pod",
    arguments: "--uuid-file=FILE | UUID ...",
    description: "Unlike gc, rm can be used to remove specific pods.",
    flags: { [uuidFileFlag] },
    needsSuperuser: true,
    run: rm)

/// Removes every pod it can: one that cannot be removed is reported and does not stop the others.
private func rm(_ context: CommandContext) throws {
    let names = try context.podNames()
    let data = DataDirectory(try context.dataDirectory())
    var failures = 0
    for name in names {
        do {
            let pod = try explaining("cannot get pod") { try data.pods.pod(matching: name) }
            try removePod(pod, context.removalOptions, in: data) { context.log("\($0)") }
            context.print("\"\(pod.id)\"")
        } catch {
            context.report(error)
            failures += 1
        }
    }
    if failures > 0 { throw Failure("failed to remove one or more pods") }
}

extension CommandContext {
    var removalOptions: RemovalOptions {
        var removal = RemovalOptions()
        removal.debug = options.isDebugging
        removal.localConfiguration = options.localConfig
        return removal
    }
}
