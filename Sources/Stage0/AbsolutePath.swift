import LinuxSystem
import SystemPackage

/// A path that does not depend on the working directory, which changes.
func absolute(_ path: FilePath) throws -> FilePath {
    path.isAbsolute ? path : try realPath(".").pushing(path)
}
