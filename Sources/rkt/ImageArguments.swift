import AppContainer
import ImageStore
import LinuxSystem
import SystemPackage

extension ContentStore {
    /// The image that an argument of `rkt image …` means: an ID, a part of one, or a name with labels.
    func image(matching text: String) throws -> ImageID {
        text.hasPrefix("sha512-") ? try resolve(text) : try best(named: ImageName(parsing: text)).id
    }

    /// All images that an argument means: a name may have several.
    func images(matching text: String) throws -> [ImageID] {
        text.hasPrefix("sha512-") ? [try resolve(text)] : try images(named: ImageName(parsing: text)).map(\.id)
    }
}

extension CommandContext {
    /// The store of the data directory.
    func imageStore() throws -> ContentStore {
        try explaining("cannot open store") { try ContentStore(dataDirectory: dataDirectory()) }
    }
}

/// Makes a directory that appears under its name when it is complete.
///
/// A process that is killed leaves a directory `.NAME.rkt-…` beside it. `body` gets the directory open for reading. With
/// `overwrite`, what is there is replaced; without, it is an error.
func makeDirectory(
    _ target: FilePath, overwrite: Bool, filledBy body: (borrowing Descriptor) throws -> Void
) throws {
    guard let name = target.lastComponent else {
        throw Failure("this would delete your root filesystem. Refusing.")
    }
    if !overwrite, exists(target, followSymlinks: false) { throw Failure("output directory exists (try --overwrite)") }
    let parent = try Descriptor.open(target.removingLastComponent(), .directory)
    let temporary = ".\(name.string.prefix(100)).rkt-\(hexadecimal(try randomBytes(8)))"
    do {
        try parent.makeDirectory(temporary, mode: 0o755)
        try body(parent.open(temporary, [.directory, .noFollow]))
        if overwrite { try removeTree(name.string, below: parent) }
        try parent.rename(temporary, to: parent, as: name.string)
    } catch {
        try? removeTree(temporary, below: parent)  // the first error is the one to tell
        throw error
    }
}
