import Digests
import LinuxSystem
import SystemPackage

/// Where downloads are: partial ones under names that follow from what they are of, complete ones under names that
/// nobody else has.
final class DownloadDirectory {
    let descriptor: Descriptor

    init(_ descriptor: consuming Descriptor) { self.descriptor = descriptor }

    /// The name of the partial file with this key.
    static func partialName(_ key: String) -> String {
        var digest = SHA256Digest()
        var copy = key
        copy.withUTF8 { digest.update(UnsafeRawBufferPointer($0)) }
        return "partial-\(digest.hexadecimalDigits())"
    }

    /// Opens and locks a partial file; `nil` when another process has it and we do not wait.
    ///
    /// Who waited may have got a file that was renamed or removed meanwhile, and begins again.
    func openPartial(_ name: String, waits: Bool) throws(SystemCallError) -> Descriptor? {
        while true {
            let file = try descriptor.open(name, [.readWrite, .create, .noFollow, .nonBlocking], mode: 0o600)
            if waits {
                try file.lock(.exclusive)
            } else if try !file.tryLock(.exclusive) {
                return nil
            }
            if try isNamed(name, file) { return file }
        }
    }

    private func isNamed(_ name: String, _ file: borrowing Descriptor) throws(SystemCallError) -> Bool {
        let ours = try FileStatus(of: file)
        do {
            let named = try FileStatus(of: name, below: descriptor)
            return (named.inode, named.deviceMajor, named.deviceMinor) == (
                ours.inode, ours.deviceMajor, ours.deviceMinor
            )
        } catch {
            guard error.errno == .noSuchFileOrDirectory else { throw error }
            return false
        }
    }

    /// Gives a complete file a name of its own.
    func finish(_ name: String, prefix: String) throws(SystemCallError) -> String {
        let final = "\(prefix)-\(hexadecimal(try randomBytes(8)))"
        try descriptor.rename(name, to: descriptor, as: final)
        return final
    }
}

extension SHA256Digest {
    /// The digest of everything so far as 64 digits; starts anew.
    mutating func hexadecimalDigits() -> String {
        var bytes = [UInt8](repeating: 0, count: Self.byteCount)
        bytes.withUnsafeMutableBytes { finish(into: $0) }
        return hexadecimal(bytes)
    }
}
