import AppContainer
import ImageArchive
import ImageStore
import LinuxSystem
import SystemPackage

/// `rkt image export`: the archive of an image, not compressed.
let imageExportCommand = Command(
    name: "export",
    summary: "Export a stored image to an ACI file",
    arguments: "IMAGE OUTPUT_ACI_FILE",
    description: "Note that images must be exported with their dependencies one by one.",
    flags: { [overwriteFlag] },
    run: imageExport)

let overwriteFlag = Flag.boolean("overwrite", "overwrite output") { $0.overwrites = $1 }

private func imageExport(_ context: CommandContext) throws {
    guard context.arguments.count == 2 else { throw Ending.usage }
    let store = try context.imageStore()
    let image = try store.image(matching: context.arguments[0])
    let target = absolutePath(context.arguments[1])
    if !context.options.overwrites, exists(target, followSymlinks: false) {
        throw Failure("output ACI file exists (try --overwrite)")
    }
    try explaining("error exporting image") { try copyBlob(of: image, in: store, to: target) }
}

/// Copies the archive to a file that appears when it is complete.
private func copyBlob(of image: ImageID, in store: ContentStore, to target: FilePath) throws {
    guard let name = target.lastComponent else { throw Failure("'\(target)' is not a name for a file") }
    let blob = try store.openBlob(image)
    let directory = try Descriptor.open(target.removingLastComponent(), .directory)
    let temporary = ".\(name.string.prefix(100)).rkt-\(hexadecimal(try randomBytes(8)))"
    do {
        let file = try directory.open(temporary, [.readWrite, .create, .exclusive], mode: 0o644)
        try copyRange(from: blob, at: 0, count: blob.size(), to: file)
        try file.sync()
        try directory.rename(temporary, to: directory, as: name.string)
    } catch {
        try? directory.removeFile(temporary)  // the first error is the one to tell
        throw error
    }
}
