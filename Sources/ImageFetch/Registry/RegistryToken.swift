import JSON
import OCIImage

/// What a token server gives us to show to its registry.
///
/// Source: distribution, docs/spec/auth/token.md.
struct RegistryToken: Equatable, Sendable {
    let text: String

    /// Bytes of a token; the largest ones known have 4 KiB, and servers take headers of 8 to 32 KiB.
    static let maximumBytes = 16 << 10
    private static let jsonLimits = JSONLimits(maximumBytes: 64 << 10, maximumDepth: 8, maximumValues: 1_000)

    /// Reads the answer of a token server: `token`, or `access_token` where that is missing.
    init(parsing content: [UInt8]) throws(RegistryError) {
        let json: JSONValue
        do { json = try JSONValue(parsing: content, limits: Self.jsonLimits) } catch {
            throw .invalidToken("\(error)")
        }
        guard case .object = json else { throw .invalidToken("\(json.kind) where an object should be") }
        let values = ["token", "access_token"].compactMap { json[$0] }.filter { !$0.isNull && $0.string != "" }
        guard let value = values.first else { throw .invalidToken("neither 'token' nor 'access_token'") }
        guard let text = value.string else { throw .invalidToken("\(value.kind) where a text should be") }
        guard text.utf8.count <= Self.maximumBytes else {
            throw .invalidToken("it is longer than \(Self.maximumBytes) bytes")
        }
        guard text.utf8.allSatisfy({ (0x21..<0x7f).contains($0) }) else {
            throw .invalidToken("it has characters that no token has")
        }
        self.text = text
    }
}
