/// The parts of a flag such as `data,kind=host,source=/srv`, in their order; each key occurs once.
///
/// Values may contain everything but a comma. Source: rkt 1.30.0 and appc spec 0.8.11, which turn such a string into a
/// URL query.
struct FlagParameters {
    private(set) var parts: [(key: String, value: String)] = []

    init(parsing text: String) throws(ManifestError) {
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            guard let sign = part.utf8.firstIndex(of: UInt8(ascii: "=")) else {
                throw .labelWithoutValue(String(part), in: text)
            }
            parts.append((String(part[..<sign]), String(part[sign...].dropFirst())))
        }
        var keys: Set<String> = []
        for (key, _) in parts where !keys.insert(key).inserted {
            throw .repeatedLabel(key, values: parts.filter { $0.key == key }.map(\.value))
        }
    }
}
