package import AppContainer
import LinuxSystem
package import Stage2Interface
import SystemPackage

/// What an app was started with, kept in the pod directory so that `enter` confines a command just the same.
///
/// One file per app in `launch/`, readable by root only. Ours, not part of the stage1 interface.
package enum LaunchRecord {
    private static let directory: FilePath = "launch"

    package static func save(_ spec: LaunchSpec, for app: ACName) throws {
        try makeDirectory(directory, mode: 0o700, mayExist: true)
        try writeFile(spec.encoded, to: directory.appending(app.rawValue), mode: 0o600, durable: false)
    }

    /// Forgets an app that is no more; nothing there is no error.
    package static func remove(_ app: ACName) throws {
        guard exists(directory) else { return }
        try removeTree(app.rawValue, below: Descriptor.open(directory, [.directory]))
    }

    package static func load(_ app: ACName) throws -> LaunchSpec {
        let path = directory.appending(app.rawValue)
        do {
            return try LaunchSpec(decoding: readFile(path, limit: 16 << 20))
        } catch let error as SystemCallError where error.errno == .noSuchFileOrDirectory {
            throw Failure("the pod has no running app '\(app)'")
        } catch {
            throw Failure("cannot read how app '\(app)' was started", cause: error)
        }
    }
}
