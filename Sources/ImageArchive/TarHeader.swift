import Glibc
import LinuxSystem

/// The blocks that stand before the data of one entry: a ustar header, and a pax header before it where ustar is too
/// small for the entry.
///
/// A pure function of the entry, so equal trees give equal archives.
///
/// Source: POSIX.1-2017, pax, "ustar Interchange Format" and "pax Extended Header".
package enum TarHeader {
    package static let blockSize = 512
    /// The largest number that fits the 8 byte fields, and the 12 byte fields.
    private static let shortFieldMaximum: UInt64 = 0o7_777_777
    private static let longFieldMaximum: UInt64 = 0o77_777_777_777

    static func blocks(for entry: ArchiveEntry) -> [UInt8] {
        let name = archiveName(of: entry)
        let link = linkTarget(of: entry)
        var records: [UInt8] = []
        let split = splitName(Array(name.utf8))
        if split == nil { append(&records, "path", Array(name.utf8)) }
        if !fits(link, 100) { append(&records, "linkpath", Array(link.utf8)) }
        let size = entry.content == .file ? entry.size : 0
        if size > longFieldMaximum { append(&records, "size", "\(size)") }
        if UInt64(entry.user) > shortFieldMaximum { append(&records, "uid", "\(entry.user)") }
        if UInt64(entry.group) > shortFieldMaximum { append(&records, "gid", "\(entry.group)") }
        let (seconds, fraction) = entry.modificationTime.quotientAndFloorRemainder(1_000_000_000)
        if fraction != 0 || seconds < 0 || UInt64(seconds) > longFieldMaximum {
            append(&records, "mtime", decimalTime(seconds, fraction))
        }
        for attribute in entry.extendedAttributes.sorted(by: { $0.name < $1.name }) {
            append(&records, "SCHILY.xattr.\(attribute.name)", attribute.value)
        }
        let plain = split ?? (prefix: [], name: Array(name.utf8.prefix(100)))
        var blocks: [UInt8] = []
        if !records.isEmpty {
            let last = entry.path.split(separator: "/").last ?? ""
            var header = Header(name: Array("PaxHeaders/\(last)".utf8.prefix(100)), type: "x")
            header.number(UInt64(records.count), at: 124, width: 12)
            blocks += header.finished() + padded(records)
        }
        var header = Header(name: plain.name, type: type(of: entry.content))
        header.text(plain.prefix, at: 345, width: 155)
        header.text(Array(link.utf8), at: 157, width: 100)
        header.number(UInt64(entry.mode & 0o7777), at: 100, width: 8)
        header.number(min(UInt64(entry.user), shortFieldMaximum), at: 108, width: 8)
        header.number(min(UInt64(entry.group), shortFieldMaximum), at: 116, width: 8)
        header.number(min(size, longFieldMaximum), at: 124, width: 12)
        header.number(min(UInt64(clamping: seconds), longFieldMaximum), at: 136, width: 12)
        if case .characterDevice(let major, let minor) = entry.content { header.device(major, minor) }
        if case .blockDevice(let major, let minor) = entry.content { header.device(major, minor) }
        return blocks + header.finished()
    }

    /// Whether bytes start with a tar header: gigabytes of something else need not be unpacked to refuse them.
    package static func canStartArchive(_ block: UnsafeRawBufferPointer) -> Bool {
        guard block.count >= blockSize else { return true }  // the reader decides
        let header = block.prefix(blockSize)
        if header.allSatisfy({ $0 == 0 }) { return true }  // an archive without entries
        var stated = 0
        for byte in header[148..<156] where (UInt8(ascii: "0")...UInt8(ascii: "7")).contains(byte) {
            stated = stated << 3 | Int(byte - UInt8(ascii: "0"))
        }
        var sum = 8 * Int(UInt8(ascii: " "))
        var signedSum = sum
        for (index, byte) in header.enumerated() where !(148..<156).contains(index) {
            sum += Int(byte)
            signedSum += Int(Int8(bitPattern: byte))
        }
        return stated == sum || stated == signedSum
    }

    /// Zeros up to the next block.
    static func padding(after size: UInt64) -> Int { Int((512 - size % 512) % 512) }

    private static func padded(_ bytes: [UInt8]) -> [UInt8] {
        bytes + [UInt8](repeating: 0, count: padding(after: UInt64(bytes.count)))
    }

    private static func archiveName(of entry: ArchiveEntry) -> String {
        entry.content == .directory ? entry.path + "/" : entry.path
    }

    private static func linkTarget(of entry: ArchiveEntry) -> String {
        switch entry.content {
        case .symlink(let target), .hardLink(let target): target
        default: ""
        }
    }

    private static func type(of content: ArchiveEntry.Content) -> Unicode.Scalar {
        switch content {
        case .file: "0"
        case .hardLink: "1"
        case .symlink: "2"
        case .characterDevice: "3"
        case .blockDevice: "4"
        case .directory: "5"
        case .fifo: "6"
        }
    }

    private static func fits(_ text: String, _ width: Int) -> Bool {
        text.utf8.count <= width && text.utf8.allSatisfy { $0 < 0x80 }
    }

    /// `nil` when the name does not fit into the two fields that ustar has for it.
    private static func splitName(_ name: [UInt8]) -> (prefix: [UInt8], name: [UInt8])? {
        guard name.allSatisfy({ $0 < 0x80 }) else { return nil }
        if name.count <= 100 { return ([], name) }
        // A slash at which the rest is short enough, but not the one at the end of a directory.
        for index in max(1, name.count - 101)..<name.count - 1 where name[index] == UInt8(ascii: "/") {
            return index <= 155 ? (Array(name[..<index]), Array(name[(index + 1)...])) : nil
        }
        return nil
    }

    /// `LENGTH KEY=VALUE\n`, where the length counts its own digits.
    private static func append(_ records: inout [UInt8], _ key: String, _ value: [UInt8]) {
        let rest = key.utf8.count + value.count + 3
        var length = rest + "\(rest)".utf8.count
        if length < rest + "\(length)".utf8.count { length += 1 }
        records += Array("\(length) \(key)=".utf8)
        records += value
        records.append(UInt8(ascii: "\n"))
    }

    private static func append(_ records: inout [UInt8], _ key: String, _ value: String) {
        append(&records, key, Array(value.utf8))
    }

    /// Seconds with as many digits behind the point as needed.
    ///
    /// Before 1970 whole seconds: readers disagree whether the sign counts for the fraction too.
    private static func decimalTime(_ seconds: Int64, _ nanoseconds: Int64) -> String {
        if seconds < 0 || nanoseconds == 0 { return "\(seconds)" }
        var text = "\(seconds)."
        var fraction = nanoseconds
        var unit: Int64 = 100_000_000
        while fraction > 0 {
            text += "\(fraction / unit)"
            fraction %= unit
            unit /= 10
        }
        return text
    }
}

/// One block of 512 bytes under construction.
private struct Header {
    private var block = [UInt8](repeating: 0, count: TarHeader.blockSize)

    init(name: [UInt8], type: Unicode.Scalar) {
        text(name, at: 0, width: 100)
        number(0o644, at: 100, width: 8)
        for offset in [108, 116] { number(0, at: offset, width: 8) }
        for offset in [124, 136] { number(0, at: offset, width: 12) }
        block[156] = UInt8(ascii: type)
        text(Array("ustar\0".utf8) + Array("00".utf8), at: 257, width: 8)
    }

    mutating func text(_ text: [UInt8], at offset: Int, width: Int) {
        for (index, byte) in text.prefix(width).enumerated() { block[offset + index] = byte }
    }

    /// Octal digits and a zero byte.
    ///
    /// A number that does not fit stands in the pax header.
    mutating func number(_ number: UInt64, at offset: Int, width: Int) {
        var left = number
        for index in stride(from: offset + width - 2, through: offset, by: -1) {
            block[index] = UInt8(ascii: "0") + UInt8(left & 7)
            left >>= 3
        }
    }

    mutating func device(_ major: UInt32, _ minor: UInt32) {
        number(UInt64(major), at: 329, width: 8)
        number(UInt64(minor), at: 337, width: 8)
    }

    /// The block with its checksum: the sum of all bytes, spaces in the place of the sum.
    consuming func finished() -> [UInt8] {
        for index in 148..<156 { block[index] = UInt8(ascii: " ") }
        var sum = block.reduce(0) { $0 + UInt64($1) }
        for index in stride(from: 153, through: 148, by: -1) {
            block[index] = UInt8(ascii: "0") + UInt8(sum & 7)
            sum >>= 3
        }
        block[154] = 0
        return block
    }
}

extension Int64 {
    /// Division that rounds down, so that the remainder is never negative.
    fileprivate func quotientAndFloorRemainder(_ divisor: Int64) -> (Int64, Int64) {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }
}
