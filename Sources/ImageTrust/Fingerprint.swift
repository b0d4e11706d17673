/// How many hexadecimal digits the fingerprint of an OpenPGP key of version 4 has.
private let fingerprintLength = 40

/// Whether `text` is a fingerprint as the key store writes it.
func isFingerprint(_ text: some StringProtocol) -> Bool {
    text.utf8.count == fingerprintLength && text.utf8.allSatisfy { hexadecimalDigits.contains($0) }
}

private let hexadecimalDigits = Set("0123456789abcdef".utf8)

/// Reads a fingerprint as people write it: capitals, groups with spaces and a leading `0x` do not matter.
package func fingerprint(parsing text: String) throws(KeyStoreError) -> String {
    let compact = text.lowercased().filter { $0 != " " }
    let digits = compact.hasPrefix("0x") ? String(compact.dropFirst(2)) : compact
    guard isFingerprint(digits) else { throw .badFingerprint(text) }
    return digits
}

/// A fingerprint as people compare it: capitals, ten groups of four, a wider gap in the middle.
package func fingerprintText(_ fingerprint: String) -> String {
    let digits = Array(fingerprint.uppercased())
    var groups: [String] = []
    var start = 0
    while start < digits.count {
        groups.append(String(digits[start..<min(start + 4, digits.count)]))
        start += 4
    }
    guard groups.count > 5 else { return groups.joined(separator: " ") }
    return groups[..<5].joined(separator: " ") + "  " + groups[5...].joined(separator: " ")
}
