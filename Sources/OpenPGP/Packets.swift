/// One packet of an OpenPGP message.
struct Packet {
    let tag: UInt8
    /// Header and body.
    let whole: Range<Int>
    let body: Range<Int>

    static let signature: UInt8 = 2
    static let secretKey: UInt8 = 5
    static let publicKey: UInt8 = 6
}

/// Why bytes are no sequence of packets that we take.
enum PacketError: Error, Equatable, CustomStringConvertible {
    case noPacket
    case endsWithin
    /// Without a length up front, as only compressed, encrypted and literal data needs it.
    case noLength

    var description: String {
        switch self {
        case .noPacket: "something else follows"
        case .endsWithin: "it ends within a packet"
        case .noLength: "it has a packet of unknown length"
        }
    }
}

/// Splits a message into its packets, all of them and nothing else; at most `limit`.
///
/// Source: RFC 4880, section 4.2.
func packets(in content: [UInt8], limit: Int) throws(PacketError) -> [Packet] {
    var found: [Packet] = []
    var position = 0
    while position < content.count, found.count < limit {
        let start = position
        let header = content[position]
        guard header & 0x80 != 0 else { throw .noPacket }
        position += 1
        let isNew = header & 0x40 != 0
        let tag = isNew ? header & 0x3f : header >> 2 & 0x0f
        guard tag != 0 else { throw .noPacket }
        let length = try isNew ? newLength(content, &position) : oldLength(content, &position, header & 3)
        guard length <= content.count - position else { throw .endsWithin }
        found.append(Packet(tag: tag, whole: start..<(position + length), body: position..<(position + length)))
        position += length
    }
    return found
}

private func oldLength(_ content: [UInt8], _ position: inout Int, _ kind: UInt8) throws(PacketError) -> Int {
    guard kind != 3 else { throw .noLength }
    return try number(content, &position, bytes: 1 << Int(kind))
}

private func newLength(_ content: [UInt8], _ position: inout Int) throws(PacketError) -> Int {
    let first = try number(content, &position, bytes: 1)
    switch first {
    case 0..<192: return first
    case 192..<224: return (first - 192) << 8 + (try number(content, &position, bytes: 1)) + 192
    case 255: return try number(content, &position, bytes: 4)
    default: throw .noLength
    }
}

private func number(_ content: [UInt8], _ position: inout Int, bytes count: Int) throws(PacketError) -> Int {
    guard content.count - position >= count else { throw .endsWithin }
    var value = 0
    for byte in content[position..<(position + count)] { value = value << 8 | Int(byte) }
    position += count
    return value
}
