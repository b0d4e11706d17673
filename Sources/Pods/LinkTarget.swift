import Glibc
import LinuxSystem

extension Descriptor {
    /// The target of a symlink in this directory; longer ones than `limit` bytes are cut.
    borrowing func readLink(_ name: String, limit: Int = 256) throws(SystemCallError) -> String {
        let directory = raw
        var target = [CChar](repeating: 0, count: limit)
        let length = try check("readlinkat", "'\(name)'") { readlinkat(directory, name, &target, limit) }
        return String(decoding: target.prefix(length).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
