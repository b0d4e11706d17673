import FetchInterface
import ImageTrust

/// What the fetch program says about a file that is being stored meanwhile.
///
/// Which keys count is known only when the manifest was read, so it may be given more keys than that.
final class EarlyVerdict {
    private let process: FetchProcess
    private let keys: [TrustedKey]

    init(_ process: FetchProcess, keys: [TrustedKey]) {
        self.process = process
        self.keys = keys
    }

    /// The verdict, if it is the same as one by these keys alone; nil when nobody knows.
    func content(for trusted: [TrustedKey]) throws -> SignedContent? {
        guard trusted.allSatisfy(keys.contains) else { return nil }
        return try process.answer().signatures()
    }

    /// Waits for the end, so that nothing is left of it.
    func wait() {
        if !process.hasEnded { _ = try? process.answer() }  // nobody is interested any more
    }
}

extension KeyStore {
    /// All keys that may count for some name; nothing when they are many, or one key is stored in two forms.
    ///
    /// Whoever verifies with these sees of each key the one form that would count.
    func likelyKeys() throws -> [TrustedKey] {
        let maximumKeys = 64
        let stored = try list().keys.filter { $0.content == .key }
        guard stored.count <= maximumKeys else { return [] }
        var keys: [String: TrustedKey] = [:]
        for key in stored {
            let found = TrustedKey(fingerprint: key.fingerprint, text: text(of: key))
            if let known = keys.updateValue(found, forKey: key.fingerprint), known != found { return [] }
        }
        return keys.values.filter { !$0.text.isEmpty }.sorted { $0.fingerprint < $1.fingerprint }
    }
}
