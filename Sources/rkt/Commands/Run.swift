import AppContainer
import ImageStore
import LinuxSystem
import Pods
import Stage0
import SystemPackage

/// `rkt run`: makes a pod of images and becomes it.
let runCommand = Command(
    name: "run",
    summary: "Run image(s) in a pod in rkt",
    arguments: "[--volume=NAME,kind=KIND,...] [--mount volume=VOL,target=PATH] IMAGE [-- image-args...[---]]...",
    description: """
        An image is a file, a URL, a name that is looked for in the store and on the net, docker://NAME, an OCI or Docker
        image in files (oci:DIR, oci-archive:FILE, docker-archive:FILE), or the hash of an image in the store or a prefix
        of it.

        Arguments for an image stand between '--' and '---', or the end. Flags for one image follow it.
        """,
    flags: {
        podFlags() + startFlags() + appFlags() + [uuidFileSaveFlag]
    },
    interspersed: false,
    needsSuperuser: true,
    run: run)

private func run(_ parsed: CommandContext) throws {
    let context = try parsed.readingApps()
    context.warnAboutInsecureOptions([.forFetching, .forRunning])
    let data = DataDirectory(try context.dataDirectory())
    try startNewPod(podOptions(context), context, data, context.imageFetcher(data, standard: .new))
}

/// Makes a pod and becomes it.
func startNewPod(
    _ request: PodOptions, _ context: CommandContext, _ data: DataDirectory, _ fetcher: ImageFetcher
) throws -> Never {
    let options = context.options
    var start = try runOptions(options)
    try refuseUnknownNetworks(options.networks, request, fetcher, data)
    let pod = try preparePod(request, in: data, fetcher: fetcher, durable: false) { id in
        if let file = options.uuidFileSave { try save(id, to: file) }
    } report: {
        context.log($0)
    }
    start.networks = try networkArgument(options.networks, stage1: pod.stage1Name()) { context.log($0) }
    try runPod(pod, start, in: data) { context.log($0) }
}

/// Before a pod is made for a network that does not exist: nothing is left then.
private func refuseUnknownNetworks(
    _ requested: [String], _ request: PodOptions, _ fetcher: ImageFetcher, _ data: DataDirectory
) throws {
    if requested.isEmpty || requested == ["none"] || requested == ["host"] { return }
    let image = try fetcher.stage1Image(request.stage1, at: request.stage1Locations)
    _ = try networkArgument(requested, stage1: data.images().manifest(of: image).name.rawValue) { _ in }
}

private func save(_ id: PodID, to file: FilePath) throws {
    try explaining("error saving pod UUID to file") {
        let descriptor = try Descriptor.open(file, [.writeOnly, .create, .truncate], mode: 0o644)
        try descriptor.writeAll("\(id)")
    }
}

extension CommandContext {
    /// The command after its images and their flags were read.
    func readingApps() throws -> CommandContext {
        var options = options
        try explaining("error parsing app image arguments") {
            try parseApps(arguments, flags: flags, allowsArguments: true, into: &options)
        }
        return with(options)
    }
}
