import FetchInterface

/// A file with public keys, taken apart into one piece per key; what the pieces say is for gpg to find out.
struct KeyFile {
    /// Binary, each a primary key and what belongs to it.
    let keys: [[UInt8]]

    /// Packets of one key: thousands of certificates by others fit in.
    private static let maximumPackets = 20_000

    init(_ file: [UInt8]) throws(OpenPGPError) {
        guard file.count <= TrustLimits.maximumKeyFileBytes else { throw .keyTooLarge }
        let content: [UInt8]
        let packets: [Packet]
        do {
            content = try dearmored(file, .publicKey, skipsText: true)
            packets = try OpenPGP.packets(in: content, limit: Self.maximumPackets)
        } catch ArmorError.unexpectedBlock(ArmorKind.secretKey.rawValue) {
            throw .secretKey
        } catch {
            throw .noKeys("\(error)")
        }
        var keys: [[UInt8]] = []
        for packet in packets {
            if packet.tag == Packet.secretKey { throw .secretKey }
            if packet.tag == Packet.publicKey {
                guard keys.count < TrustLimits.maximumKeys else { throw .tooManyKeys }
                keys.append([])
            }
            guard !keys.isEmpty else { throw .noKeys("it holds something else") }
            keys[keys.count - 1] += content[packet.whole]
        }
        guard !keys.isEmpty else { throw .noKeys(nil) }
        self.keys = keys
    }
}
