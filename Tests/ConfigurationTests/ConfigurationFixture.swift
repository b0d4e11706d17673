import Configuration
import LinuxSystem
import SystemPackage

/// Three configuration directories that live as long as a test.
final class ConfigurationFixture {
    let root: FilePath
    let directories: ConfigDirectories

    init() throws {
        root = FilePath("/tmp/rkt-configuration-\(hexadecimal(try randomBytes(8)))")
        directories = ConfigDirectories(
            system: root.appending("system"), local: root.appending("local"), user: root.appending("user"))
        try makeDirectory(root, mode: 0o700)
    }

    deinit { try? removeTree(root) }  // below /tmp, and the test is over

    /// Writes `text` to a file such as `local/paths.d/a.json`, making the directories above it.
    func write(_ path: String, _ text: String) throws {
        let file = root.appending(path)
        try makeDirectories(file.removingLastComponent(), mode: 0o755)
        try writeFile(Array(text.utf8), to: file, mode: 0o644, durable: false)
    }
}

/// The sentence that rkt would print.
func message(_ body: () throws -> Void) -> String? {
    do {
        try body()
        return nil
    } catch {
        return "\(error)"
    }
}
