import AppContainer
import LinuxSystem
import Pods
import Stage0

/// `rkt app add`: adds an image of the store to a running mutable pod.
let appAddCommand = Command(
    name: "add",
    summary: "Add an app to a mutable pod",
    arguments: "UUID IMAGEID [--name=APPNAME] [OPTIONS] [-- image-args...]",
    description: """
        The image is in the store already: its hash, a prefix of it, or its name. The app is not started.

        Arguments after '--' take the place of all but the first word of the image's command.
        """,
    flags: { appFlags().filter { !["cap-retain", "cap-remove"].contains($0.name) } + [mountVolumeFlag] },
    interspersed: false,
    run: add)

/// `--mnt-volume`.
private let mountVolumeFlag = Flag.value(
    "mnt-volume", "volume of this app alone: name=NAME,kind=host|empty,source=PATH,target=PATH[,readOnly=BOOL]"
) { options, text in
    let mount = try Mount(parsingVolumeFlag: text)
    try options.apps.changeLast(for: "mnt-volume") { $0.mounts.append(mount) }
}

private func add(_ context: CommandContext) throws {
    guard context.arguments.count >= 2 else { throw Failure("must provide the pod UUID and an IMAGEID") }
    var options = context.options
    try explaining("error parsing app image arguments") {
        try parseApps(
            Array(context.arguments.dropFirst()), flags: context.flags, allowsArguments: true, into: &options)
    }
    guard var app = options.apps.apps.first else { throw Failure("must provide the pod UUID and an IMAGEID") }
    guard options.apps.apps.count == 1 else { throw Failure("must give only one app") }
    app.mounts = options.apps.globalMounts + app.mounts
    app.replacesArguments = true
    let data = DataDirectory(try context.dataDirectory())
    let pod = try explaining("problem retrieving pod") { try data.pods.pod(matching: context.arguments[0]) }
    var change = AppChangeOptions()
    change.debug = options.isDebugging
    change.skipsTreeCheck = options.insecure.contains(.onDisk)
    let fetcher = try context.imageFetcher(data, standard: .never)
    try addApp(app, to: pod, change, in: data, fetcher: fetcher) { context.log($0) }
}
