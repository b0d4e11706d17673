package import JSON

package typealias JSONCodable = JSONDecodable & JSONEncodable

/// What is wrong with a field that has the right kind.
package enum FieldProblem: Error, Equatable, CustomStringConvertible {
    case outside(UInt64, UInt64)
    case notDigits(count: Int)
    case notDigest
    case notFileName
    case notBase64
    case notURL
    case notHeaderText
    case notLabel
    case unknownChoice(String)
    case notOneChoice

    package var description: String {
        switch self {
        case .outside(let least, let most): "must be between \(least) and \(most)"
        case .notDigits(let count): "must be \(count) lower-case hexadecimal digits"
        case .notDigest: "must be 'sha256:' and 64 lower-case hexadecimal digits"
        case .notFileName: "must be a plain file name"
        case .notBase64: "must be base64"
        case .notURL: "must be a http or https URL"
        case .notHeaderText: "must be a short text without control characters"
        case .notLabel: "must be 1 to \(FetchReport.maximumLabelLength) visible characters of ASCII"
        case .unknownChoice(let name): "'\(printable(name))' is unknown"
        case .notOneChoice: "must have exactly one member"
        }
    }
}

/// An object with one member, whose key says what the value is.
struct Choice {
    let name: String
    let path: JSONPath
    private let json: JSONValue

    init(_ json: JSONValue, at path: JSONPath) throws {
        let object = try JSONObject(json: json, at: path)
        guard object.count == 1, let member = object.members.first else {
            throw JSONFieldError(at: path, FieldProblem.notOneChoice)
        }
        name = member.key
        self.json = member.value
        self.path = path.member(member.key)
    }

    func value<Value: JSONDecodable>() throws -> Value { try Value(json: json, at: path) }
    func fields() throws -> JSONFields { try JSONFields(json, at: path) }
    var unknown: JSONFieldError { JSONFieldError(at: path, FieldProblem.unknownChoice(String(name.prefix(40)))) }
}

extension JSONFields {
    /// A string for which `isGood` holds.
    func checked(_ key: String, _ problem: FieldProblem, _ isGood: (String) -> Bool) throws -> String {
        let text: String = try required(key)
        return try check(key) {
            guard isGood(text) else { throw problem }
            return text
        }
    }

    /// The fingerprint of an OpenPGP key of version 4.
    func fingerprint(_ key: String) throws -> String { try digits(key, count: 40) }

    func digits(_ key: String, count: Int) throws -> String {
        try checked(key, .notDigits(count: count)) { $0.utf8.count == count && isHexadecimal($0) }
    }

    func digest(_ key: String) throws -> String {
        try checked(key, .notDigest) {
            $0.utf8.count == 71 && $0.hasPrefix("sha256:") && isHexadecimal($0.dropFirst(7))
        }
    }

    func fileName(_ key: String) throws -> String { try checked(key, .notFileName, isPlainFileName) }
    func base64(_ key: String) throws -> String { try checked(key, .notBase64) { bytes(base64: $0) != nil } }
    func url(_ key: String) throws -> String { try checked(key, .notURL, isWebURL) }

    /// What came in a header.
    func headerText(_ key: String) throws -> String {
        try checked(key, .notHeaderText) { text in
            text.utf8.count <= 8192 && !text.unicodeScalars.contains(where: isControl)
        }
    }
}

func isHexadecimal(_ text: some StringProtocol) -> Bool {
    text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
}

/// Whether this names a file in a directory and cannot name anything else; hidden ones do not count.
package func isPlainFileName(_ text: String) -> Bool {
    1...255 ~= text.utf8.count && text.utf8.first != UInt8(ascii: ".")
        && text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"):
                true
            default: false
            }
        }
}

/// Whether this has the scheme of the web and only characters that a URL may have.
package func isWebURL(_ text: String) -> Bool {
    let start = text.prefix(8).lowercased()
    return (start.hasPrefix("http://") || start == "https://") && text.utf8.count <= 65_536
        && text.utf8.allSatisfy { 0x21..<0x7f ~= $0 }
}

private func isControl(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0..<0x20, 0x7f..<0xa0, 0x2028, 0x2029, 0x202a...0x202e, 0x2066...0x2069, 0x200e, 0x200f: true
    default: false
    }
}

/// The text as it may be shown: without control characters and without what turns the direction of writing.
package func printable(_ text: String) -> String {
    guard text.unicodeScalars.contains(where: isControl) else { return text }
    var result = String.UnicodeScalarView()
    for scalar in text.unicodeScalars { result.append(isControl(scalar) ? "\u{fffd}" : scalar) }
    return String(result)
}
