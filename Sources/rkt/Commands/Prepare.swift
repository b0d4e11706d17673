import Pods
import Stage0

/// `rkt prepare`: makes a pod for `rkt run-prepared` and prints its UUID.
let prepareCommand = Command(
    name: "prepare",
    summary: "Prepare to run image(s) in a pod in rkt",
    arguments: "[--volume=NAME,kind=KIND,...] [--mount volume=VOL,target=PATH] IMAGE [-- image-args...[---]]...",
    description: """
        An image is a file, a file:// URL, the hash of an image in the store or a prefix of it, or a name in the store.

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
    context.warnAboutInsecureOptions([.image, .onDisk])
    let data = DataDirectory(try context.dataDirectory())
    let pod = try preparePod(podOptions(context), in: data, durable: true) { context.log($0) }
    try pod.finishPreparing()
    context.print("\(pod.id)")
}
