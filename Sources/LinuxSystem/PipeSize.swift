import CLinux
import Glibc
import SystemPackage

/// What a pipe may hold without special privileges.
///
/// Source: pipe(7), /proc/sys/fs/pipe-max-size.
private let largestPipe: CInt = 1 << 20

/// Lets all pipes of this process beside the standard ones hold as much as is allowed.
///
/// For a library that makes pipes of its own to another program and tells nobody their numbers: with 64 KiB, both sides
/// change places a thousand times in 64 MB, which costs more than what they do. What cannot be enlarged stays as it is.
package func enlargePipes() {
    let names = (try? listDirectory("/proc/self/fd")) ?? []  // without /proc they stay small
    for number in names.compactMap({ CInt($0) }) where number > 2 {
        var status = stat()
        guard fstat(number, &status) == 0, status.st_mode & S_IFMT == S_IFIFO else { continue }
        _ = clinux_set_pipe_size(number, largestPipe)
    }
}
