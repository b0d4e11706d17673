import AppContainer
import ImageRender
import ImageStore
import LinuxSystem
import SystemPackage

/// `rkt image extract`: the files of one image.
let imageExtractCommand = Command(
    name: "extract",
    summary: "Extract a stored image to a directory",
    arguments: "IMAGE OUTPUT_DIR",
    description: "The result is the manifest and the rootfs of this image alone, without its dependencies.",
    flags: { outputDirectoryFlags },
    run: { try unpack($0) { try extractImage($0, from: $1, to: $2) } })

/// `rkt image render`: an image with all that it depends on.
let imageRenderCommand = Command(
    name: "render",
    summary: "Render a stored image to a directory with all its dependencies",
    arguments: "IMAGE OUTPUT_DIR",
    description: "The result is the manifest of the image, and the rootfs as an app sees it.",
    flags: { outputDirectoryFlags },
    run: { try unpack($0) { try renderImage($0, from: $1, to: $2) } })

private let outputDirectoryFlags = [
    overwriteFlag, Flag.boolean("rootfs-only", "extract rootfs only") { $0.rootFSOnly = $1 },
]

/// Makes the output directory and lets `body` fill the root file system in it.
private func unpack(
    _ context: CommandContext, _ body: (ImageID, ContentStore, borrowing Descriptor) throws -> Void
) throws {
    guard context.arguments.count == 2 else { throw Ending.usage }
    let store = try context.imageStore()
    let image = try store.image(matching: context.arguments[0])
    let target = absolutePath(context.arguments[1])
    try makeDirectory(target, overwrite: context.options.overwrites) { directory in
        if context.options.rootFSOnly { return try body(image, store, directory) }
        try directory.createFile(store.manifestBytes(of: image), name: "manifest", mode: 0o700)
        try directory.makeDirectory("rootfs", mode: 0o755)
        try body(image, store, directory.open("rootfs", [.directory, .noFollow]))
    }
}
