import Glibc

/// The proxies that the environment names, chosen as Go's net/http chooses them.
///
/// Source: Go 1.22, golang.org/x/net/http/httpproxy, documentation of Config.
struct ProxySettings: Sendable {
    private let http: String
    private let https: String
    private let exceptions: [Exception]

    init(environment: (String) -> String?) {
        func variable(_ name: String) -> String {
            for candidate in [name.uppercased(), name] {
                if let value = environment(candidate), !value.isEmpty { return value }
            }
            return ""
        }
        // In a CGI program HTTP_PROXY may come from a header of the request.
        http = environment("REQUEST_METHOD") == nil ? variable("http_proxy") : environment("http_proxy") ?? ""
        https = variable("https_proxy")
        exceptions = variable("no_proxy").split(separator: ",").compactMap { Exception($0) }
    }

    /// The proxy for this URL as libcurl wants it, `nil` for none.
    func proxy(for url: WebURL) throws(HTTPError) -> String? {
        let value = url.scheme == .https ? https : http
        if value.isEmpty || isExcepted(host: url.host, port: url.port) { return nil }
        let text = value.hasScheme ? value : "http://\(value)"
        for (scheme, name) in [("http", "http"), ("https", "https"), ("socks5", "socks5h"), ("socks5h", "socks5h")]
        where text.hasPrefix("\(scheme)://") {
            return "\(name)\(text.dropFirst(scheme.count))"
        }
        throw HTTPError.badProxy(value.split(separator: "@").last.map(String.init) ?? value)
    }

    private func isExcepted(host: String, port: Int) -> Bool {
        let plain = host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host
        let address = IPAddress(plain)
        if plain == "localhost" || address?.isLoopback == true { return true }
        return exceptions.contains { $0.matches(host: plain, address: address, port: port) }
    }

    private enum Exception {
        case everything
        case network(IPAddress, bits: Int)
        case address(IPAddress, port: Int?)
        /// With the dot in front; `itself` when the name without it counts, too.
        case domain(String, itself: Bool, port: Int?)

        init?(_ entry: Substring) {
            let text = entry.trimmed.lowercased()
            if text.isEmpty { return nil }
            if text == "*" {
                self = .everything
                return
            }
            if let slash = text.firstIndex(of: "/") {
                guard let address = IPAddress(String(text[..<slash])),
                    let bits = Int(text[text.index(after: slash)...]),
                    0...address.bytes.count * 8 ~= bits
                else { return nil }
                self = .network(address, bits: bits)
                return
            }
            let (host, port) = Self.split(text)
            if let address = IPAddress(host) {
                self = .address(address, port: port)
                return
            }
            if host.isEmpty { return nil }
            let name = host.hasPrefix("*.") ? String(host.dropFirst()) : host
            self = .domain(name.hasPrefix(".") ? name : ".\(name)", itself: !name.hasPrefix("."), port: port)
        }

        private static func split(_ text: String) -> (host: String, port: Int?) {
            if text.hasPrefix("["), let end = text.firstIndex(of: "]") {
                let host = String(text[text.index(after: text.startIndex)..<end])
                return (host, Int(text[text.index(after: end)...].dropFirst()))
            }
            let parts = text.split(separator: ":", omittingEmptySubsequences: false)
            guard parts.count == 2, let port = Int(parts[1]) else { return (text, nil) }
            return (String(parts[0]), port)
        }

        func matches(host: String, address: IPAddress?, port: Int) -> Bool {
            switch self {
            case .everything: true
            case .network(let network, let bits): address?.isInside(network, bits: bits) == true
            case .address(let wanted, let wantedPort): address == wanted && (wantedPort ?? port) == port
            case .domain(let suffix, let itself, let wantedPort):
                (host.hasSuffix(suffix) || itself && host == suffix.dropFirst()) && (wantedPort ?? port) == port
            }
        }
    }
}

/// An address of version 4 or 6.
struct IPAddress: Equatable, Sendable {
    /// 4 or 16.
    let bytes: [UInt8]

    init?(_ text: String) {
        var found: [UInt8]?
        for (family, size) in [(AF_INET, 4), (AF_INET6, 16)] {
            var buffer = [UInt8](repeating: 0, count: size)
            if inet_pton(family, text, &buffer) == 1 { found = buffer }
        }
        guard let found else { return nil }
        let mapped: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff]
        bytes = found.starts(with: mapped) ? Array(found.dropFirst(12)) : found
    }

    var isLoopback: Bool {
        bytes.count == 4 ? bytes[0] == 127 : bytes == [UInt8](repeating: 0, count: 15) + [1]
    }

    func isInside(_ network: IPAddress, bits: Int) -> Bool {
        guard bytes.count == network.bytes.count, 0...bytes.count * 8 ~= bits else { return false }
        let whole = bits / 8
        guard bytes.prefix(whole) == network.bytes.prefix(whole) else { return false }
        if bits % 8 == 0 { return true }
        let mask = UInt8(truncatingIfNeeded: 0xff00 >> (bits % 8))
        return bytes[whole] & mask == network.bytes[whole] & mask
    }
}

extension String {
    fileprivate var hasScheme: Bool {
        guard let colon = firstIndex(of: ":") else { return false }
        return self[colon...].hasPrefix("://")
    }
}

extension Substring {
    /// Without white space at both ends.
    var trimmed: Substring {
        let start = drop { $0 == " " || $0 == "\t" }
        guard let last = start.lastIndex(where: { $0 != " " && $0 != "\t" }) else { return "" }
        return start[...last]
    }
}
