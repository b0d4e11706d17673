/// Every command, in no particular order.
///
/// This table and the flags in it are all that the parser and the help know.
let rootCommand = Command(
    name: "rkt",
    summary: "rkt, the application container runner",
    description: """
        A command line tool for running app containers.

        A pod is one or more images that run together; 'rkt run IMAGE' fetches, prepares and runs them.
        """,
    children: [
        runCommand, prepareCommand, runPreparedCommand, fetchCommand, listCommand, statusCommand, catManifestCommand,
        stopCommand, rmCommand, gcCommand, enterCommand, attachCommand, logsCommand, exportCommand, appCommand,
        versionCommand, helpCommand, configCommand, imageCommand, trustCommand, .notAvailable("api-service"),
        .notAvailable("completion"), .notAvailable("metadata-service"),
    ])

/// `rkt image`, a group.
let imageCommand = Command(
    name: "image",
    summary: "Operate on images in the local store",
    children: [
        imageListCommand, imageCatManifestCommand, imageRmCommand, imageExportCommand, imageExtractCommand,
        imageRenderCommand, imageVerifyCommand, imageGCCommand, imageFetchCommand,
    ])
