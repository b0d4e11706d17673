import AppContainer
import Glibc
import LinuxSystem
import Stage0

/// `rkt fetch`: puts images into the store.
let fetchCommand = Command(
    name: "fetch",
    summary: "Fetch image(s) and store them in the local store",
    arguments: "IMAGE...",
    description: "An image is a file or a file:// URL. Prints the ID of each image.",
    flags: {
        [
            .boolean("full", "print the full image hash after fetching") { $0.isFull = $1 },
            .notAvailable("signature"), .notAvailable("store-only", bare: "true"),
            .notAvailable("no-store", bare: "true"), .notAvailable("pull-policy"),
        ]
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
    context.with(options).warnAboutInsecureOptions(.image)
    let data = DataDirectory(try context.dataDirectory())
    for (app, word) in zip(options.apps.apps, options.apps.images) {
        if case .hash = app.image { throw Failure("cannot fetch \(quoted(word)): an image is not fetched by its ID") }
        // Only the superuser can give files to their owners; pods of others render when they are prepared.
        let id = try data.fetch(
            app.image, pull: .update, allowsUnsigned: options.insecure.contains(.image), rendering: geteuid() == 0)
        context.print(options.isFull ? "\(id)" : String("\(id)".prefix("sha512-".count + 32)))
    }
}
