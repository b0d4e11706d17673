import Glibc
package import SystemPackage

/// A directory for what is made once and used by all tests of a run; removed when the test program ends.
package enum RunDirectory {
    private static let made: Result<FilePath, any Error> = Result {
        try makeDirectories(Programs.testDirectory)
        let path = Programs.testDirectory.appending("run-\(getpid())")
        removeTree(path)
        try makeDirectories(path)
        atexit { if let path = try? RunDirectory.made.get() { removeTree(path) } }  // not made: nothing to remove
        return path
    }

    package static var path: FilePath {
        get throws { try made.get() }
    }

    /// A fresh directory in it.
    package static func make(_ name: String, mode: UInt32 = 0o755) throws -> FilePath {
        let directory = try path.appending(name)
        try makeDirectories(directory, mode: mode)
        return directory
    }
}

/// Runs a script with `sh -eu`; `words` are its `$1`, `$2` and so on.
@discardableResult
package func shell(
    _ script: String, _ words: [String] = [], in directory: FilePath? = nil, limit: Duration = .seconds(120)
) throws -> CommandResult {
    var command = Command("/bin/sh", ["-eu", "-c", script, "sh"] + words)
    command.workingDirectory = directory
    command.timeLimit = limit
    let result = try command.run()
    if result.status != 0 { throw Trouble("\(result)") }
    return result
}
