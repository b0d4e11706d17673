import LinuxSystem
import Pods
import Stage0

/// `rkt stop`: tells pods to end, and waits until they have only when asked to.
let stopCommand = Command(
    name: "stop",
    summary: "Stop a pod",
    arguments: "[--force] [--wait=BOOL|DURATION] --uuid-file=FILE | UUID ...",
    flags: {
        [
            .boolean("force", "force stopping: kill the pod") { $0.isForced = $1 },
            .value(
                "wait", "wait until the pod has ended, for ever or at most for a duration", default: "false",
                bare: "true"
            ) { $0.wait = try Wait($1) }, uuidFileFlag,
        ]
    },
    run: stop)

private func stop(_ context: CommandContext) throws {
    let names = try context.softly { try context.podNames() }
    let data = DataDirectory(try context.dataDirectory())
    var failures = 0
    for name in names {
        do {
            let pod = try explaining("cannot get pod") { try data.pods.pod(matching: name) }
            switch try stopPod(pod, force: context.options.isForced, in: data) {
            case .stopping:
                try context.options.wait.apply("error waiting for pod to exit") { try pod.waitUntilExited(timeout: $0) }
                context.print("\"\(pod.id)\"")
            case .alreadyStopped: context.print("pod \"\(pod.id)\" is already stopped")
            }
        } catch {
            context.report(error)
            failures += 1
        }
    }
    if failures > 0 { throw Failure("failed to stop \(failures) pod(s)") }
}
