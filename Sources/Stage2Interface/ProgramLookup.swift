package import LinuxSystem
package import SystemPackage

extension LaunchSpec {
    /// Where the program is, looked for as the app will see it: call this inside the app's root.
    ///
    /// An absolute path as it is, a path with a slash below the working directory, a bare name in the search path.
    ///
    /// Source: rkt 1.30.0, stage1/init/common/path.go.
    package func locateProgram() throws(Failure) -> FilePath {
        let name = arguments.first ?? ""
        if name.hasPrefix("/") { return FilePath(name) }
        if name.contains("/") { return FilePath(workingDirectory).appending(name) }
        for directory in searchPath {
            let candidate = FilePath(directory).appending(name)
            if isProgram(candidate) { return candidate }
        }
        throw Failure("unable to find \"\(name)\" in \"\(searchPath.joined(separator: ":"))\"")
    }
}

private func isProgram(_ path: FilePath) -> Bool {
    guard let status = try? FileStatus(of: path) else { return false }  // not there is not an error but the next try
    return status.kind == .file && status.permissions & 0o111 != 0
}
