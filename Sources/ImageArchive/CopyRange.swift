import CLinux
import Glibc
package import LinuxSystem
import SystemPackage

/// Copies a part of one file to the position of another, inside the kernel where the file systems can do it.
///
/// Fewer bytes in the source than asked for is ``ArchiveError/truncated``. The position of `source` is moved.
package func copyRange(
    from source: borrowing Descriptor, at offset: UInt64, count: UInt64, to target: borrowing Descriptor
) throws {
    try source.seek(to: Int64(clamping: offset))
    var left = count
    while left > 0 {
        let piece = Int(clamping: min(left, 1 << 30))
        let copied = clinux_copy_file_range(source.raw, target.raw, piece)
        let code = errno
        if copied < 0 {
            if code == EINTR { continue }
            // Not between these file systems, or not for this kind of file.
            if [EXDEV, EINVAL, EOPNOTSUPP, ENOSYS, EBADF, EPERM].contains(code) { break }
            throw SystemCallError(call: "copy_file_range", subject: "\(piece) bytes", errno: Errno(rawValue: code))
        }
        if copied == 0 { throw ArchiveError.truncated }
        left -= UInt64(copied)
    }
    if left == 0 { return }
    let buffer = ByteBuffer(1 << 18)
    while left > 0 {
        let piece = UnsafeMutableRawBufferPointer(rebasing: buffer.bytes[..<Int(clamping: min(left, 1 << 18))])
        let got = try source.read(into: piece)
        if got == 0 { throw ArchiveError.truncated }
        try target.writeAll(UnsafeRawBufferPointer(rebasing: piece[..<got]))
        left -= UInt64(got)
    }
}

extension Descriptor {
    /// Cuts a regular file to this size or fills it up with a hole.
    package borrowing func setSize(_ bytes: UInt64) throws(SystemCallError) {
        let number = raw
        try check("ftruncate", "descriptor \(number)") { ftruncate(number, off_t(clamping: bytes)) }
    }
}
