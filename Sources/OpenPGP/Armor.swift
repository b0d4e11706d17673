import FetchInterface

/// What a block of armored text holds.
enum ArmorKind: String {
    case signature = "SIGNATURE"
    case publicKey = "PUBLIC KEY BLOCK"
    case secretKey = "PRIVATE KEY BLOCK"
}

/// Why text is no armor.
enum ArmorError: Error, Equatable, CustomStringConvertible {
    case textOutside
    case unexpectedBlock(String)
    case unfinished
    case damaged

    var description: String {
        switch self {
        case .textOutside: "there is something before, between or after the armored blocks"
        case .unexpectedBlock(let kind): "it holds a 'PGP \(printable(String(kind.prefix(40))))'"
        case .unfinished: "the armored block does not end"
        case .damaged: "the armored block is damaged"
        }
    }
}

/// The bytes in all armored blocks of a text, one after the other; text that is binary already stays as it is.
///
/// With `skipsText` anything may stand around the blocks, as in the key files of many projects.
///
/// Source: RFC 4880, section 6.2. Checksums are compared where there are some.
func dearmored(_ content: [UInt8], _ kind: ArmorKind, skipsText: Bool) throws(ArmorError) -> [UInt8] {
    if let first = content.first, first & 0x80 != 0 { return content }
    var bytes: [UInt8] = []
    var lines = content.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)[...]
    while let line = lines.popFirst() {
        guard let title = boundary("BEGIN", line) else {
            guard skipsText || trimmed(line).isEmpty else { throw .textOutside }
            continue
        }
        guard title == kind.rawValue else { throw .unexpectedBlock(title) }
        bytes += try block(&lines, kind)
    }
    return bytes
}

/// The content of one block; `lines` starts after the line with BEGIN, and afterwards after that with END.
private func block(_ lines: inout ArraySlice<ArraySlice<UInt8>>, _ kind: ArmorKind) throws(ArmorError) -> [UInt8] {
    while let line = lines.popFirst(), !trimmed(line).isEmpty {
        guard line.contains(UInt8(ascii: ":")) else { throw .damaged }
    }
    var digits: [UInt8] = []
    var checksum: ArraySlice<UInt8>?
    while let line = lines.popFirst() {
        if boundary("END", line) == kind.rawValue { return try decoded(digits, checksum) }
        let text = trimmed(line)
        if text.isEmpty { continue }
        guard checksum == nil else { throw .damaged }
        if text.first == UInt8(ascii: "="), text.count == 5 {
            checksum = text.dropFirst()
        } else {
            digits += text
        }
    }
    throw .unfinished
}

private func decoded(_ digits: [UInt8], _ checksum: ArraySlice<UInt8>?) throws(ArmorError) -> [UInt8] {
    guard let content = bytes(base64: String(decoding: digits, as: UTF8.self)), !content.isEmpty else { throw .damaged }
    if let checksum {
        guard let sum = bytes(base64: String(decoding: checksum, as: UTF8.self)), sum == crc24(content) else {
            throw .damaged
        }
    }
    return content
}

/// The bytes as an armored block.
func armored(_ content: [UInt8], _ kind: ArmorKind) -> String {
    var text = "-----BEGIN PGP \(kind.rawValue)-----\n\n"
    let digits = Array(base64(content).utf8)
    for start in stride(from: 0, to: digits.count, by: 64) {
        text += String(decoding: digits[start..<min(start + 64, digits.count)], as: UTF8.self) + "\n"
    }
    return text + "=\(base64(crc24(content)))\n-----END PGP \(kind.rawValue)-----\n"
}

/// What stands in a line such as `-----BEGIN PGP SIGNATURE-----`.
private func boundary(_ word: String, _ line: ArraySlice<UInt8>) -> String? {
    let text = trimmed(line)
    let start = Array("-----\(word) PGP ".utf8)
    let end = Array("-----".utf8)
    guard text.count > start.count + end.count, text.starts(with: start), text.suffix(5).elementsEqual(end) else {
        return nil
    }
    return String(decoding: text.dropFirst(start.count).dropLast(end.count), as: UTF8.self)
}

private func trimmed(_ line: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    let isBlank: (UInt8) -> Bool = { $0 == 0x20 || $0 == 0x09 || $0 == 0x0d }
    var text = line.drop(while: isBlank)
    while let last = text.last, isBlank(last) { text.removeLast() }
    return text
}

/// Source: RFC 4880, section 6.1.
private func crc24(_ content: [UInt8]) -> [UInt8] {
    var sum: UInt32 = 0xb704ce
    for byte in content {
        sum ^= UInt32(byte) << 16
        for _ in 0..<8 {
            sum <<= 1
            if sum & 0x100_0000 != 0 { sum ^= 0x186_4cfb }
        }
    }
    return [UInt8(truncatingIfNeeded: sum >> 16), UInt8(truncatingIfNeeded: sum >> 8), UInt8(truncatingIfNeeded: sum)]
}
