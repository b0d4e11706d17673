import LinuxSystem
import Stage1Interface
import Stage1Kit
import SystemPackage

/// Compiled filters by the hash of their policy's source: those that came with the stage1 image, and those made here.
final class FilterCache {
    private static let directory = "filters"
    private var compiled: [String: [UInt8]] = [:]

    /// The filter for a policy.
    func filter(_ policy: SeccompPolicy) throws -> [UInt8] {
        let source = policy.source
        if let known = compiled[source] { return known }
        let filter = try Self.shipped(source) ?? compileFilter(policy)
        compiled[source] = filter
        return filter
    }

    /// Writes the filter that most apps get into a directory of a stage1 image in the making.
    static func ship(_ policy: SeccompPolicy, to directory: FilePath) throws {
        let content = Array("\(policy.source)\n".utf8) + (try compileFilter(policy))
        try writeFile(
            content, to: directory.appending(fileName(policy.source)), mode: 0o644, durable: false)
    }

    /// The filter that came with the stage1 image.
    ///
    /// The source stands before it and is compared, so a hash that two share does no harm.
    private static func shipped(_ source: String) throws -> [UInt8]? {
        let file = Stage1ABI.Path.stage1Root.appending(directory).appending(fileName(source))
        guard let content = try? readFile(file) else { return nil }  // not one of those that come with the image
        let head = Array("\(source)\n".utf8)
        guard content.starts(with: head) else { return nil }
        return Array(content.dropFirst(head.count))
    }

    /// FNV-1a, 64 bits.
    private static func fileName(_ source: String) -> String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in source.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return String(hash, radix: 16)
    }
}

/// Used when a stage1 image is made: `compile-filters DIRECTORY`.
func compileFilters(_ words: [String]) throws -> CInt {
    guard words.count == 1 else { throw Failure("give the directory to write to") }
    try FilterCache.ship(.standard, to: FilePath(words[0]))
    return 0
}
