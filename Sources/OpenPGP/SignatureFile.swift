import FetchInterface

/// A file with detached signatures over binary documents and nothing else in it.
struct SignatureFile {
    /// Without armor.
    let content: [UInt8]
    /// Who claims to have made each: a fingerprint of 40 digits, or a key ID of 16; empty when nobody does.
    let issuers: [String]

    /// Reads armored or binary signatures.
    ///
    /// What gpg would take besides – inline and cleartext messages, compressed ones, signatures over text, in which line
    /// ends do not count – is refused here, before gpg sees it.
    init(_ file: [UInt8]) throws(OpenPGPError) {
        guard file.count <= TrustLimits.maximumSignatureBytes else { throw .signatureTooLarge }
        let packets: [Packet]
        do {
            content = try dearmored(file, .signature, skipsText: false)
            packets = try OpenPGP.packets(in: content, limit: TrustLimits.maximumSignatures + 1)
        } catch let error as ArmorError {
            throw .noSignatures(error == .textOutside ? nil : error.description)
        } catch {
            throw .noSignatures("\(error)")
        }
        guard !packets.isEmpty else { throw .noSignatures(nil) }
        guard packets.count <= TrustLimits.maximumSignatures else { throw .tooManySignatures }
        var issuers: [String] = []
        for packet in packets {
            guard packet.tag == Packet.signature else { throw .noSignatures("it holds more than signatures") }
            issuers.append(try issuer(content[packet.body]))
        }
        self.issuers = issuers
    }
}

/// Who claims to have made a signature.
///
/// Source: RFC 4880, section 5.2; draft-ietf-openpgp-rfc4880bis-10, section 5.2.3.28 for the fingerprint.
private func issuer(_ body: ArraySlice<UInt8>) throws(OpenPGPError) -> String {
    var reader = ByteReader(body)
    switch reader.byte() {
    case 3:
        guard reader.byte() == 5, reader.byte() == 0, reader.bytes(4) != nil, let keyID = reader.bytes(8) else {
            throw .noSignatures("one is not over a binary document, or is damaged")
        }
        return hexadecimalText(keyID)
    case 4:
        guard reader.byte() == 0, reader.bytes(2) != nil, let hashed = reader.counted(), let other = reader.counted()
        else { throw .noSignatures("one is not over a binary document, or is damaged") }
        // What is not hashed can be changed by anybody; it only helps to find the key.
        if let issuer = try issuer(subpackets: hashed) { return issuer }
        return try issuer(subpackets: other) ?? ""
    case let version: throw .noSignatures("one has the unknown version \(version.map { "\($0)" } ?? "nothing")")
    }
}

private func issuer(subpackets: ArraySlice<UInt8>) throws(OpenPGPError) -> String? {
    var reader = ByteReader(subpackets)
    var keyID: String?
    while !reader.isAtEnd {
        guard let length = reader.subpacketLength(), length > 0, var content = reader.bytes(length) else {
            throw .noSignatures("one is damaged")
        }
        let type = content.removeFirst() & 0x7f
        if type == 33, content.count == 21, content.first == 4 { return hexadecimalText(content.dropFirst()) }
        if type == 16, content.count == 8 { keyID = hexadecimalText(content) }
    }
    return keyID
}

private func hexadecimalText(_ bytes: ArraySlice<UInt8>) -> String {
    let digits = Array("0123456789abcdef".utf8)
    return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
}

/// Takes bytes from the front; nil when there are not enough.
private struct ByteReader {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

    var isAtEnd: Bool { rest.isEmpty }

    mutating func byte() -> UInt8? { rest.popFirst() }

    mutating func bytes(_ count: Int) -> ArraySlice<UInt8>? {
        guard count <= rest.count else { return nil }
        defer { rest = rest.dropFirst(count) }
        return rest.prefix(count)
    }

    mutating func number(_ count: Int) -> Int? { bytes(count)?.reduce(0) { $0 << 8 | Int($1) } }

    /// A part with two bytes of length before it.
    mutating func counted() -> ArraySlice<UInt8>? { number(2).flatMap { bytes($0) } }

    mutating func subpacketLength() -> Int? {
        guard let first = byte().map(Int.init) else { return nil }
        if first < 192 { return first }
        if first == 255 { return number(4) }
        return byte().map { (first - 192) << 8 + Int($0) + 192 }
    }
}
