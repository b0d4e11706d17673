package import FetchInterface
package import SystemPackage

/// What the keys in a file say about themselves; at least one.
///
/// - Parameters:
///   - file: armored, with anything around the blocks, or binary.
///   - directory: where gpg gets its home directory meanwhile.
/// - Returns: one value per primary key, in the order of the file. A file with one armored key is its text unchanged.
/// - Throws: also when one of several keys cannot be used.
package func describeKeys(_ file: [UInt8], directory: FilePath = ".") throws -> [PublicKey] {
    let pieces = try KeyFile(file).keys
    let engine = try Engine(in: directory)
    var texts: [(fingerprint: String, text: String)] = []
    for piece in pieces {
        guard let fingerprint = try engine.importKeys(piece).first else {
            throw OpenPGPError.unusableKey("it has no user ID with a signature of its own that counts, SHA-1 does not")
        }
        if texts.contains(where: { $0.fingerprint == fingerprint }) { continue }
        let isUnchanged = pieces.count == 1 && file.first.map { $0 & 0x80 == 0 } == true
        texts.append(
            (fingerprint, isUnchanged ? String(decoding: file, as: UTF8.self) : armored(piece, .publicKey)))
    }
    let known = try engine.listKeys()
    return try texts.map { entry in
        guard var key = known.first(where: { $0.fingerprint == entry.fingerprint }) else {
            throw OpenPGPError.unusableKey("key \(entry.fingerprint) is of a kind that is not supported")
        }
        key.text = entry.text
        return key
    }
}

package func describeKeys(_ armored: String, directory: FilePath = ".") throws -> [PublicKey] {
    try describeKeys(Array(armored.utf8), directory: directory)
}
