import CLinux
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

    /// Removes a complete file that nobody wants.
    func remove(finished name: String) throws(SystemCallError) {
        if !name.isEmpty { try descriptor.removeFile(name) }
    }

    /// Gives a file a second name, unless something has that name.
    func link(_ name: String, as other: String) throws(SystemCallError) {
        let number = descriptor.raw
        do {
            try check("linkat", "'\(name)' to '\(other)'") { clinux_linkat(number, name, number, other, 0) }
        } catch {
            guard error.errno == .fileExists else { throw error }
        }
    }

    /// A second name for a file that nobody else has; `nil` when the file has gone meanwhile.
    func linkPrivately(_ name: String, prefix: String) throws(SystemCallError) -> String? {
        let final = "\(prefix)-\(hexadecimal(try randomBytes(8)))"
        do {
            try link(name, as: final)
            return final
        } catch {
            guard error.errno == .noSuchFileOrDirectory else { throw error }
            return nil
        }
    }

    /// Size and digest of a file of this size; `nil` where there is none or it is larger than the limit.
    func digest(of name: String, size: UInt64?, limit: UInt64) throws -> (size: UInt64, text: String)? {
        guard let file = try? descriptor.open(name, [.readOnly, .noFollow, .nonBlocking]) else { return nil }
        let status = try FileStatus(of: file)
        guard status.kind == .file, status.size == size ?? status.size, status.size <= limit else { return nil }
        var digest = SHA256Digest()
        let count = try digest.update(contentOf: file, upTo: status.size)
        return count == status.size ? (count, digest.hexadecimalDigits()) : nil
    }
}

extension SHA256Digest {
    /// Adds the first bytes of a file; how many there were.
    mutating func update(contentOf file: borrowing Descriptor, upTo size: UInt64) throws(SystemCallError) -> UInt64 {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 16)
        defer { buffer.deallocate() }
        var position: UInt64 = 0
        while position < size {
            let wanted = Int(min(UInt64(buffer.count), size - position))
            let part = UnsafeMutableRawBufferPointer(rebasing: buffer[..<wanted])
            let count = try file.read(into: part, at: Int64(position))
            if count == 0 { break }
            update(UnsafeRawBufferPointer(rebasing: part[..<count]))
            position += UInt64(count)
        }
        return position
    }

    /// The digest of everything so far as 64 digits; starts anew.
    mutating func hexadecimalDigits() -> String {
        var bytes = [UInt8](repeating: 0, count: Self.byteCount)
        bytes.withUnsafeMutableBytes { finish(into: $0) }
        return hexadecimal(bytes)
    }
}
