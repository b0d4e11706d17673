import Glibc
package import LinuxSystem
import Stage1Interface
package import SystemPackage

/// The directory of an empty volume in the pod directory, made with its mode and owner when it is not there yet.
///
/// Apps that name the same volume get the same directory. The name is an AC name, so it cannot lead anywhere else.
package func podVolume(
    named name: String, mode: UInt32, user: UInt32, group: UInt32
) throws(SystemCallError) -> FilePath {
    try makeDirectory(Stage1ABI.Path.sharedVolumes, mode: 0o755, mayExist: true)
    let path = Stage1ABI.Path.sharedVolumes.appending(name)
    if exists(path) { return path }
    try makeDirectory(path, mode: 0o700)
    try Descriptor.open(path, [.directory, .noFollow]).setOwner(user, group, mode: mode)
    return path
}

extension VolumeMount {
    /// Where the content is now, seen from the pod directory.
    ///
    /// `users` are the pod's, to whom an empty volume is to belong.
    package func hostPath(hostTree: FilePath? = nil, users: UserRange? = nil) throws -> FilePath {
        switch source {
        case .host(let path, _):
            return hostTree.map { $0.appending(String(path.drop { $0 == "/" })) } ?? FilePath(path)
        case .pod(let name, let mode, let user, let group):
            do {
                return try podVolume(
                    named: name, mode: mode, user: users?.outsideOrNobody(user) ?? user,
                    group: users?.outsideOrNobody(group) ?? group)
            } catch {
                throw Failure("cannot make empty volume '\(name)'", cause: error)
            }
        }
    }
}
