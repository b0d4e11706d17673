/// An absolute http or https URL that means the same to everyone who reads it.
///
/// Stricter than RFC 3986: ASCII only, hosts of letters, digits, `-`, `_` and `.` or IPv6 in brackets, no percent signs
/// or backslashes in front of the path. What is sent is always put together from the parts, without user and password.
///
/// Source: RFC 3986; RFC 9110, section 4.2.
struct WebURL: Equatable, Sendable {
    enum Scheme: String, Sendable {
        case http, https
        var defaultPort: Int { self == .http ? 80 : 443 }
    }

    let scheme: Scheme
    /// In lower case, IPv6 in brackets.
    let host: String
    let port: Int
    /// Starts with a slash; without `.` and `..`.
    let path: String
    let query: String?
    /// Decoded; who writes them into the URL means them for this origin.
    let user: String?
    let password: String?

    private static let maximumLength = 65_536

    init(_ text: String) throws(HTTPError) {
        func bad(_ why: String) -> HTTPError { .badURL(text, why) }
        guard text.utf8.count <= Self.maximumLength else { throw bad("longer than \(Self.maximumLength) bytes") }
        guard text.utf8.allSatisfy({ 0x21..<0x7f ~= $0 && $0 != UInt8(ascii: "\\") }) else {
            throw bad("it has characters that must be escaped")
        }
        guard let colon = text.firstIndex(of: ":"), let scheme = Scheme(rawValue: text[..<colon].lowercased()),
            text[text.index(after: colon)...].hasPrefix("//")
        else { throw bad("only http and https URLs are supported") }
        let rest = text[text.index(colon, offsetBy: 3)...]
        let end = rest.firstIndex { $0 == "/" || $0 == "?" || $0 == "#" } ?? rest.endIndex
        guard let authority = Authority(rest[..<end], defaultPort: scheme.defaultPort) else {
            throw bad("host or port cannot be understood")
        }
        let (path, query) = Self.parts(of: rest[end...])
        self.init(scheme: scheme, authority: authority, path: path, query: query)
    }

    private init(scheme: Scheme, authority: Authority, path: Substring, query: Substring?) {
        self.scheme = scheme
        host = authority.host
        port = authority.port
        user = authority.user
        password = authority.password
        self.path = Self.withoutDots(path)
        self.query = query.map(String.init)
    }

    /// Where `location` leads from here; user and password do not come along and are not taken from it.
    func resolved(_ location: String) throws(HTTPError) -> WebURL {
        let bad = HTTPError.badRedirect(from: description, to: location)
        guard let target = Self.escaped(location), target.utf8.count <= Self.maximumLength else { throw bad }
        let absolute: String
        if let colon = target.firstIndex(of: ":"), target[..<colon].allSatisfy(\.isASCIISchemeCharacter),
            colon > target.startIndex
        {
            absolute = target
        } else if target.hasPrefix("//") {
            absolute = "\(scheme.rawValue):\(target)"
        } else if target.hasPrefix("/") {
            absolute = origin + target
        } else if target.hasPrefix("?") {
            absolute = origin + path + target
        } else if target.isEmpty || target.hasPrefix("#") {
            absolute = origin + path + (query.map { "?\($0)" } ?? "")
        } else {
            absolute = origin + path[...(path.lastIndex(of: "/") ?? path.startIndex)] + target
        }
        do {
            return try WebURL(absolute).withoutUser
        } catch {
            throw bad
        }
    }

    /// `https://HOST[:PORT]`.
    var origin: String { "\(scheme.rawValue)://\(host)\(port == scheme.defaultPort ? "" : ":\(port)")" }

    var withoutUser: WebURL { WebURL(self, query: query) }

    /// The same with another query.
    func with(query: String?) -> WebURL { WebURL(self, query: query) }

    private init(_ other: WebURL, query: String?) {
        (scheme, host, port, path, user, password) = (other.scheme, other.host, other.port, other.path, nil, nil)
        self.query = query
    }

    /// Path and query, without the fragment.
    private static func parts(of text: Substring) -> (path: Substring, query: Substring?) {
        let whole = text.prefix { $0 != "#" }
        guard let mark = whole.firstIndex(of: "?") else { return (whole, nil) }
        return (whole[..<mark], whole[whole.index(after: mark)...])
    }

    /// Source: RFC 3986, section 5.2.4.
    private static func withoutDots(_ path: Substring) -> String {
        var kept: [Substring] = []
        let segments = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        for (index, segment) in segments.enumerated() {
            let isLast = index == segments.count - 1
            switch segment {
            case ".": if isLast { kept.append("") }
            case "..":
                if !kept.isEmpty { kept.removeLast() }
                if isLast { kept.append("") }
            default: kept.append(segment)
            }
        }
        return "/" + kept.joined(separator: "/")
    }

    /// Escapes what servers forget to escape; `nil` where control characters are in it.
    private static func escaped(_ location: String) -> String? {
        let digits = Array("0123456789ABCDEF".utf8)
        var text: [UInt8] = []
        for byte in location.utf8 {
            switch byte {
            case 0x21..<0x7f: text.append(byte)
            case 0x20, 0x80...0xff:
                text.append(UInt8(ascii: "%"))
                text.append(digits[Int(byte >> 4)])
                text.append(digits[Int(byte & 15)])
            default: return nil
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}

extension WebURL: CustomStringConvertible {
    /// Without user and password.
    var description: String { origin + path + (query.map { "?\($0)" } ?? "") }
}

/// What stands between `//` and the path.
struct Authority: Equatable, Sendable {
    let host: String
    let port: Int
    let user: String?
    let password: String?

    init?(_ text: some StringProtocol, defaultPort: Int) {
        var rest = Substring(text)
        if let at = rest.firstIndex(of: "@") {
            let parts = rest[..<at].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = parts.first.flatMap({ percentDecoded($0) }) else { return nil }
            user = name
            password = parts.count > 1 ? percentDecoded(parts[1]) : nil
            if parts.count > 1 && password == nil { return nil }
            rest = rest[rest.index(after: at)...]
        } else {
            user = nil
            password = nil
        }
        let end =
            rest.hasPrefix("[") ? rest.firstIndex(of: "]").map { rest.index(after: $0) } : rest.firstIndex(of: ":")
        let host = rest[..<(end ?? rest.endIndex)]
        guard Self.isHost(host) else { return nil }
        self.host = host.lowercased()
        let tail = rest[host.endIndex...]
        if tail.isEmpty || tail == ":" {
            port = defaultPort
        } else {
            guard tail.hasPrefix(":"), tail.utf8.count <= 6, tail.dropFirst().utf8.allSatisfy({ 0x30...0x39 ~= $0 }),
                let number = Int(tail.dropFirst()), 1...65535 ~= number
            else { return nil }
            port = number
        }
    }

    private static func isHost(_ host: Substring) -> Bool {
        if host.hasPrefix("[") {
            return 4...47 ~= host.utf8.count && host.hasSuffix("]")
                && host.dropFirst().dropLast().utf8.allSatisfy { byte in
                    switch byte | 0x20 {
                    case UInt8(ascii: "a")...UInt8(ascii: "f"), 0x30...0x39, 0x3a: true
                    default: byte == UInt8(ascii: ".")
                    }
                }
        }
        return 1...253 ~= host.utf8.count
            && host.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), 0x30...0x39,
                    UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
                    true
                default: false
                }
            }
    }
}

extension Character {
    fileprivate var isASCIISchemeCharacter: Bool {
        isASCII && (isLetter || isNumber || self == "+" || self == "-" || self == ".")
    }
}

/// The text without `%XX`; `nil` where they are wrong or no UTF-8 comes out.
func percentDecoded(_ text: some StringProtocol) -> String? {
    var bytes: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
        guard byte == UInt8(ascii: "%") else {
            bytes.append(byte)
            continue
        }
        guard let high = rest.popFirst().flatMap(hexadecimalValue), let low = rest.popFirst().flatMap(hexadecimalValue)
        else { return nil }
        bytes.append(high << 4 | low)
    }
    return String(validating: bytes, as: UTF8.self)
}

private func hexadecimalValue(_ digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
    default: nil
    }
}
