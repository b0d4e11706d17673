import Pods
import Stage0

/// `rkt prepare`: makes a pod for `rkt run-prepared` and prints its UUID.
let prepareCommand = Command(
    name: "prepare",
    summary: "Prepare to run image(s) in a pod in rkt",
    arguments: "[--volume=NAME,kind=KIND,...] [--mount volume=VOL,target=PATH] IMAGE [-- image-args...[---]]...",
    description: """
        An image is a file, a URL, a name that is looked for in the store and on the net, docker://NAME, an OCI or Docker
        image in files (oci:DIR, oci-archive:FILE, docker-archive:FILE), or the hash of an image in the store or a prefix
        of it.

        Prints the UUID of the pod, which 'rkt run-prepared' takes.
        """,
    flags: {
        podFlags() + appFlags() + [
            .boolean("quiet", "suppress superfluous output on stdout, print only the UUID on success") {
                $0.isQuiet = $1
            }
        ]
    },
    interspersed: false,
    needsSuperuser: true,
    run: prepare)

private func prepare(_ parsed: CommandContext) throws {
    let context = try parsed.readingApps()
    context.warnAboutInsecureOptions([.forFetching, .onDisk])
    let data = DataDirectory(try context.dataDirectory())
    let request = try podOptions(context)
    let fetcher = try context.imageFetcher(data, standard: .new)
    let pod = try preparePod(request, in: data, fetcher: fetcher, durable: true) { context.log($0) }
    try pod.finishPreparing()
    context.print("\(pod.id)")
}
