/// A file with public keys as text: armored already, or armored now when it is binary.
///
/// Source: RFC 4880, section 6.2; the checksum may be left out.
package func keyText(_ file: [UInt8]) -> String {
    guard let first = file.first, first & 0x80 != 0 else { return String(decoding: file, as: UTF8.self) }
    var text = "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n"
    let digits = base64(file)
    var rest = Substring(digits)
    while !rest.isEmpty {
        text += rest.prefix(64) + "\n"
        rest = rest.dropFirst(64)
    }
    return text + "-----END PGP PUBLIC KEY BLOCK-----\n"
}
