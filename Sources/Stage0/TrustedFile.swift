import Glibc
import LinuxSystem
import SystemPackage

/// Why a file is not trusted without a signature.
enum TrustError: Error, Equatable, CustomStringConvertible {
    case notRoots(FilePath)
    case writableByOthers(FilePath)

    private static let wayOut = "; --insecure-options=image takes the image all the same"

    var description: String {
        switch self {
        case .notRoots(let path): "'\(path)' does not belong to root\(Self.wayOut)"
        case .writableByOthers(let path): "'\(path)' can be written by others than root\(Self.wayOut)"
        }
    }
}

/// Checks that only root can have put the file there: it, its directory and every one above belong to root, and nobody
/// else may write them.
///
/// A directory with the sticky bit may be written by others: they cannot replace what is root's in it. Symlinks are
/// followed; the check is made for where they are and for where they lead.
///
/// Throws ``TrustError``; `SystemCallError` when something is not there.
func checkOnlyRootCanWrite(_ path: FilePath) throws {
    let real = try realPath(path)
    try checkEachPart(of: real)
    if real != path { try checkEachPart(of: try realPath(path.removingLastComponent())) }
}

private func checkEachPart(of path: FilePath) throws {
    var part = path
    while true {
        let status = try FileStatus(of: part, followSymlinks: false)
        guard status.user == 0 else { throw TrustError.notRoots(part) }
        let isSticky = status.kind == .directory && status.mode & 0o1000 != 0
        guard status.mode & 0o022 == 0 || isSticky else { throw TrustError.writableByOthers(part) }
        let parent = part.removingLastComponent()
        if parent == part || parent.isEmpty { return }
        part = parent
    }
}

/// The path without symlinks and dots.
///
/// Source: realpath(3).
func realPath(_ path: FilePath) throws -> FilePath {
    guard let resolved = realpath(path.string, nil) else {
        throw SystemCallError(call: "realpath", subject: "'\(path)'", errno: Errno(rawValue: errno))
    }
    defer { free(resolved) }
    return FilePath(String(cString: resolved))
}
