import LinuxSystem
import Pods
import Stage0

/// `rkt run-prepared`: becomes a pod that `rkt prepare` made.
let runPreparedCommand = Command(
    name: "run-prepared",
    summary: "Run a prepared application pod in rkt",
    arguments: "UUID",
    description: "UUID should have been acquired via 'rkt prepare'.",
    flags: { startFlags() },
    needsSuperuser: true,
    run: runPrepared)

private func runPrepared(_ context: CommandContext) throws {
    guard context.arguments.count == 1 else { throw Ending.usage }
    context.warnAboutInsecureOptions(.forRunning)
    let data = DataDirectory(try context.dataDirectory())
    let pod = try data.pods.pod(matching: context.arguments[0])
    guard pod.state == .prepared else { throw Failure("pod \"\(pod.id)\" is not prepared") }
    var start = try runOptions(context.options)
    start.networks = try networkArgument(context.options.networks, stage1: pod.stage1Name()) { context.log($0) }
    try runPreparedPod(pod, start, in: data) { context.log($0) }
}
