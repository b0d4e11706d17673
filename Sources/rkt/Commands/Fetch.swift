import AppContainer
import ImageRender
import LinuxSystem
import Stage0

/// `rkt fetch`: puts images into the store.
let fetchCommand = Command(
    name: "fetch",
    summary: "Fetch image(s) and store them in the local store",
    arguments: "IMAGE...",
    description: """
        An image is a file, a URL, a name that is looked for on the net, docker://NAME, an OCI or Docker image in files
        (oci:DIR, oci-archive:FILE, docker-archive:FILE), or the hash of an image in the store.

        Fetches what the images depend on, too, and prints the ID of each image.
        """,
    flags: {
        [.boolean("full", "print the full image hash after fetching") { $0.isFull = $1 }]
            + fetchFlags(standard: .update)
    },
    interspersed: false,
    run: fetch)

/// `rkt image fetch`, the same under another name.
let imageFetchCommand = {
    var command = fetchCommand
    command.isHidden = true
    return command
}()

private func fetch(_ context: CommandContext) throws {
    var options = context.options
    try explaining("unable to parse arguments") {
        try parseApps(context.arguments, flags: context.flags, allowsArguments: false, into: &options)
    }
    guard !options.apps.images.isEmpty else { throw Failure("must provide at least one image") }
    let command = context.with(options)
    command.warnAboutInsecureOptions(.forFetching)
    let data = DataDirectory(try context.dataDirectory())
    let fetcher = try command.imageFetcher(data, standard: .update)
    let requests = options.apps.apps.map { ImageRequest($0.image, signature: $0.signature) }
    for image in try fetcher.fetch(requests) {
        if fetcher.makesTrees {
            try explaining("error rendering image") {
                _ = try data.trees().render(image.id, trusting: image.isNew ? image.id : nil)
            }
        }
        context.print(options.isFull ? "\(image.id)" : String("\(image.id)".prefix("sha512-".count + 32)))
    }
}
