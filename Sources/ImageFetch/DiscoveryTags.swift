import FetchInterface

/// What the tags of a page offer for a name.
///
/// Source: appc spec 0.8.11, discovery.md. There the prefix is compared as a string; here by path, so that
/// `example.com/app` says nothing about `example.com/app-other`.
struct DiscoveryTags: Equatable, Sendable {
    private(set) var endpoints: [Endpoint] = []
    /// URLs of public keys.
    private(set) var publicKeys: [String] = []

    static let imageTag = "ac-discovery"
    static let keysTag = "ac-discovery-pubkeys"

    init(_ tags: [MetaTag], name: String, labels: [(name: String, value: String)]) {
        for tag in tags where tag.name == Self.imageTag || tag.name == Self.keysTag {
            let words = tag.content.split { $0 == " " || $0.isWhitespace }.map(String.init)
            guard words.count == 2, isPathPrefix(words[0], of: name) else { continue }
            if tag.name == Self.keysTag {
                if (try? WebURL(words[1])) != nil { publicKeys.append(words[1]) }
            } else if let archive = filled(words[1], name: name, labels: labels, fileExtension: "aci"),
                let signature = filled(words[1], name: name, labels: labels, fileExtension: "aci.asc")
            {
                endpoints.append(Endpoint(archiveURL: archive, signatureURL: signature))
            }
        }
    }
}

/// Whether `prefix` is `name` or a path above it.
func isPathPrefix(_ prefix: String, of name: String) -> Bool {
    let above = prefix.hasSuffix("/") ? String(prefix.dropLast()) : prefix
    return !above.isEmpty && (name == above || name.hasPrefix("\(above)/"))
}

/// A template with all variables replaced; `nil` when one is unknown, a brace is left, or no URL comes out.
///
/// Values are put in as they are where a URL may have them, and escaped otherwise. The version is `latest` when none
/// was asked for.
func filled(
    _ template: String, name: String, labels: [(name: String, value: String)], fileExtension: String
) -> String? {
    var values = ["name": name, "ext": fileExtension, "version": "latest"]
    for label in labels where label.name != "name" && label.name != "ext" { values[label.name] = label.value }
    var result = ""
    var rest = template[...]
    while let open = rest.firstIndex(of: "{") {
        result += rest[..<open]
        guard let close = rest[open...].firstIndex(of: "}"),
            let value = values[String(rest[rest.index(after: open)..<close])]
        else { return nil }
        result += urlText(value)
        rest = rest[rest.index(after: close)...]
    }
    result += rest
    guard !result.utf8.contains(UInt8(ascii: "}")), (try? WebURL(result)) != nil else { return nil }
    return result
}

/// A value for a place in a URL: what would begin or end another part of it is escaped, slashes are not.
private func urlText(_ value: String) -> String {
    let digits = Array("0123456789ABCDEF".utf8)
    var text: [UInt8] = []
    for byte in value.utf8 {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), 0x30...0x39,
            UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"), UInt8(ascii: "/"),
            UInt8(ascii: "+"), UInt8(ascii: ":"), UInt8(ascii: ","), UInt8(ascii: "="):
            text.append(byte)
        default: text += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
        }
    }
    return String(decoding: text, as: UTF8.self)
}
