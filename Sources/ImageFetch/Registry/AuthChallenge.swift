/// How a server wants to be told who we are: one challenge of a `WWW-Authenticate` field.
///
/// Source: RFC 9110, sections 11.3 and 11.6.1.
struct AuthChallenge: Equatable, Sendable {
    /// In lower case, as `bearer`.
    let scheme: String
    /// Names in lower case, each once; values without quotes.
    let parameters: [String: String]

    subscript(name: String) -> String? { parameters[name] }

    /// Bytes of one field that are read.
    static let maximumBytes = 16 << 10
    /// Challenges of one answer.
    static let maximumChallenges = 16
    /// Parameters of one challenge.
    static let maximumParameters = 32

    /// Reads the challenges of all `WWW-Authenticate` fields of an answer, in their order.
    static func parse(_ fields: [String]) throws(RegistryError) -> [AuthChallenge] {
        var challenges: [AuthChallenge] = []
        for field in fields {
            guard field.utf8.count <= maximumBytes else { throw .invalidChallenge("longer than \(maximumBytes) bytes") }
            var parser = ChallengeParser(field)
            while let challenge = try parser.challenge() {
                guard challenges.count < maximumChallenges else {
                    throw .invalidChallenge("more than \(maximumChallenges) challenges")
                }
                challenges.append(challenge)
            }
        }
        return challenges
    }
}

private struct ChallengeParser {
    private let bytes: [UInt8]
    private var position = 0

    init(_ field: String) { bytes = Array(field.utf8) }

    private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    /// Nil at the end.
    mutating func challenge() throws(RegistryError) -> AuthChallenge? {
        skip(",", " ", "\t")
        if next == nil { return nil }
        guard let scheme = token() else { throw .invalidChallenge("a scheme is missing") }
        var parameters: [String: String] = [:]
        if !skip(" ", "\t") || skipToken68() { return AuthChallenge(scheme: scheme.lowercased(), parameters: [:]) }
        while let (name, value) = try parameter() {
            guard parameters.count < AuthChallenge.maximumParameters else {
                throw .invalidChallenge("more than \(AuthChallenge.maximumParameters) parameters")
            }
            guard parameters.updateValue(value, forKey: name) == nil else {
                throw .invalidChallenge("a parameter occurs twice")
            }
            skip(" ", "\t")
            if next == nil { break }
            guard next == UInt8(ascii: ",") else { throw .invalidChallenge("a comma is missing") }
            skip(",", " ", "\t")
        }
        return AuthChallenge(scheme: scheme.lowercased(), parameters: parameters)
    }

    /// Nil when what follows is the next challenge, or nothing.
    private mutating func parameter() throws(RegistryError) -> (String, String)? {
        let start = position
        guard let name = token() else {
            if next == nil || next == UInt8(ascii: ",") { return nil }
            throw .invalidChallenge("the name of a parameter is missing")
        }
        skip(" ", "\t")
        guard next == UInt8(ascii: "=") else {
            position = start
            return nil
        }
        position += 1
        skip(" ", "\t")
        if next == UInt8(ascii: "\"") { return (name.lowercased(), try quotedString()) }
        guard let value = token() else { throw .invalidChallenge("the value of a parameter is missing") }
        return (name.lowercased(), value)
    }

    private mutating func quotedString() throws(RegistryError) -> String {
        position += 1
        var content: [UInt8] = []
        while let byte = next {
            position += 1
            switch byte {
            case UInt8(ascii: "\""): return String(decoding: content, as: UTF8.self)
            case UInt8(ascii: "\\"):
                guard let escaped = next else { throw .invalidChallenge("a quoted text has no end") }
                position += 1
                content.append(escaped)
            default: content.append(byte)
            }
        }
        throw .invalidChallenge("a quoted text has no end")
    }

    private mutating func token() -> String? {
        let start = position
        while let byte = next, Self.isTokenByte(byte) { position += 1 }
        return start == position ? nil : String(decoding: bytes[start..<position], as: UTF8.self)
    }

    /// Skips what schemes such as Negotiate have in place of parameters; leaves parameters alone.
    private mutating func skipToken68() -> Bool {
        let start = position
        while let byte = next, Self.isTokenByte(byte) || byte == UInt8(ascii: "/") { position += 1 }
        if position > start {
            skip("=")
            skip(" ", "\t")
            if next == nil || next == UInt8(ascii: ",") { return true }
        }
        position = start
        return false
    }

    @discardableResult
    private mutating func skip(_ wanted: Unicode.Scalar...) -> Bool {
        let start = position
        while let byte = next, wanted.contains(Unicode.Scalar(byte)) { position += 1 }
        return position > start
    }

    private static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }
}
