import AppContainer

/// `cimd:TYPE:v=VERSION:DATA[?QUERY]`, the form in which rkt keeps where an image comes from.
///
/// Source: rkt 1.30.0, pkg/distribution, and Documentation/proposals/distribution-point.
struct DistributionURI {
    let reference: ImageReference

    /// All types are in their first version.
    private static let version = "0"

    init(parsing text: String) throws {
        let parts = text.split(separator: ":", maxSplits: 3, omittingEmptySubsequences: false)
        guard parts.count == 4, parts[0].lowercased() == "cimd", parts[2].hasPrefix("v="), !parts[3].isEmpty else {
            throw ImageReferenceError.malformedDistribution(text)
        }
        guard parts[2].dropFirst(2) == Self.version else { throw ImageReferenceError.malformedDistribution(text) }
        switch parts[1] {
        case "appc": reference = .name(try Self.imageName(parts[3], in: text))
        case "aci-archive":
            let url = try Self.unescaped(parts[3], in: text)
            reference = try ImageReference(archiveAt: url, scheme: ImageReference.scheme(of: url))
        case "docker": reference = .registry(try RegistryReference(parsing: Self.unescaped(parts[3], in: text)))
        default: throw ImageReferenceError.unknownDistribution(String(parts[1]))
        }
    }

    private static func imageName(_ data: Substring, in text: String) throws -> ImageName {
        let escapedName = data.prefix { $0 != "?" }
        let name = try ACIdentifier(unescaped(escapedName, in: text))
        try checkElements(of: name)
        var labels: [Label] = []
        for pair in data[escapedName.endIndex...].dropFirst().split(separator: "&") {
            let key = pair.prefix { $0 != "=" }
            let value = try unescaped(pair[key.endIndex...].dropFirst(), in: text)
            labels.append(Label(try ACIdentifier(unescaped(key, in: text)), value))
        }
        return ImageName(name, try Labels(labels))
    }

    /// Undoes `+` and `%XX`.
    private static func unescaped(_ text: Substring, in whole: String) throws(ImageReferenceError) -> String {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
                continue
            }
            let digits = String(decoding: rest.prefix(2), as: UTF8.self)
            guard digits.utf8.count == 2, let value = UInt8(digits, radix: 16), value >= 0x20, value != 0x7f,
                digits.first != "+"
            else {
                throw .malformedDistribution(whole)
            }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        guard let result = String(validating: bytes, as: UTF8.self) else { throw .malformedDistribution(whole) }
        return result
    }
}
