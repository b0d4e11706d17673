package import SystemPackage

/// One entry of a tar archive as its bytes say it, honest or not.
package struct TarEntry {
    /// What follows the header.
    package enum Content {
        case bytes([UInt8])
        case file(FilePath)
        /// So many zero bytes, never held in memory.
        case zeros(UInt64)
    }

    package var name: [UInt8]
    /// The type flag: `0` file, `1` hard link, `2` symlink, `3` character, `4` block, `5` directory, `6` FIFO.
    package var type: Character
    package var mode: UInt32
    package var user: UInt64 = 0
    package var group: UInt64 = 0
    package var content: Content = .bytes([])
    /// The size that the header claims; `nil` is the true one.
    package var claimedSize: UInt64?
    package var link: [UInt8] = []
    package var device: (major: UInt32, minor: UInt32) = (0, 0)
    /// Seconds since 1970.
    package var time: UInt64 = 1_500_000_000
    /// Records for a PAX header in front, in this order, values as they are.
    package var records: [(key: String, value: [UInt8])] = []

    package init(_ name: String, type: Character, mode: UInt32 = 0o644) {
        (self.name, self.type, self.mode) = (Array(name.utf8), type, mode)
    }

    package static func file(_ name: String, _ text: String = "", mode: UInt32 = 0o644) -> TarEntry {
        var entry = TarEntry(name, type: "0", mode: mode)
        entry.content = .bytes(Array(text.utf8))
        return entry
    }

    package static func directory(_ name: String, mode: UInt32 = 0o755) -> TarEntry {
        TarEntry(name, type: "5", mode: mode)
    }

    package static func symlink(_ name: String, to target: String) -> TarEntry {
        var entry = TarEntry(name, type: "2", mode: 0o777)
        entry.link = Array(target.utf8)
        return entry
    }

    /// `target` is a name in the archive, such as `rootfs/bin/x`.
    package static func hardLink(_ name: String, to target: String) -> TarEntry {
        var entry = TarEntry(name, type: "1")
        entry.link = Array(target.utf8)
        return entry
    }

    package static func fifo(_ name: String) -> TarEntry { TarEntry(name, type: "6") }

    package static func device(_ name: String, block: Bool = false, _ major: UInt32, _ minor: UInt32) -> TarEntry {
        var entry = TarEntry(name, type: block ? "4" : "3", mode: 0o666)
        entry.device = (major, minor)
        return entry
    }

    /// The same entry with one thing changed.
    package func with(_ change: (inout TarEntry) -> Void) -> TarEntry {
        var copy = self
        change(&copy)
        return copy
    }

    /// An extended attribute, as GNU tar and libarchive write it.
    package func attribute(_ name: String, _ value: [UInt8]) -> TarEntry {
        with { $0.records.append((key: "SCHILY.xattr.\(name)", value: value)) }
    }
}
