import LinuxSystem
import SystemPackage

/// A directory of one test's own.
final class ScratchDirectory {
    let path: FilePath

    init() throws {
        path = FilePath("/tmp/pods-tests-\(hexadecimal(try randomBytes(8)))")
        try makeDirectory(path, mode: 0o755)
    }

    deinit { try? removeTree(path) }  // nothing of a test is worth failing for afterwards
}
