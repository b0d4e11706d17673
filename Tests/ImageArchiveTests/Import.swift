import ImageArchive
import LinuxSystem
import SystemPackage
import TestSupport

/// Imports an image file into a blob beside it, and gives the blob's path too.
func importImage(
    _ path: FilePath, limits: ArchiveLimits = .standard
) throws -> (archive: ImportedArchive, blob: FilePath) {
    let blobPath = FilePath(path.string + ".blob")
    let blob = try Descriptor.open(blobPath, [.readWrite, .create, .truncate], mode: 0o600)
    return (try importArchive(from: Descriptor.open(path), to: blob, limits: limits), blobPath)
}

func archiveEntries(in path: FilePath, limits: ArchiveLimits = .standard) throws -> [ArchiveEntry] {
    var reader = try ArchiveReader(reading: Descriptor.open(path), limits: limits)
    var all: [ArchiveEntry] = []
    while let entry = try reader.next() { all.append(entry) }
    return all
}

/// Output of a program of the system that must succeed.
@discardableResult
func shell(_ script: String, in directory: FilePath) throws -> String {
    var command = Command("/bin/sh", ["-ec", script])
    command.workingDirectory = directory
    command.timeLimit = .seconds(120)
    let result = try command.run()
    if result.status != 0 { throw Failure("\(result)") }
    return result.text
}

var image: ACIBuilder { ACIBuilder(name: "example.com/a").file("/etc/x", "hello\n").app(exec: ["/x"]) }

let minimalManifest = #"{"acKind":"ImageManifest","acVersion":"0.8.11","name":"example.com/minimal"}"#
