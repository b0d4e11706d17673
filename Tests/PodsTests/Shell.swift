import Glibc
import SystemPackage

struct ShellError: Error {
    let code: CInt
}

/// Starts a shell command and does not wait for it.
///
/// Descriptors that are not close-on-exec go along.
func startShell(_ command: String, in directory: FilePath) throws {
    let words = ["sh", "-c", "cd '\(directory)' && { \(command); }"]
    var arguments = words.map { strdup($0) } + [nil]
    defer { arguments.forEach { free($0) } }
    var environment: [UnsafeMutablePointer<CChar>?] = [strdup("PATH=/usr/bin:/bin"), nil]
    defer { environment.forEach { free($0) } }
    var pid: pid_t = 0
    let code = posix_spawn(&pid, "/bin/sh", nil, nil, &arguments, &environment)
    if code != 0 { throw ShellError(code: code) }
}

func symbolicLink(at path: FilePath, to target: String) throws {
    if symlink(target, path.string) != 0 { throw ShellError(code: errno) }
}
