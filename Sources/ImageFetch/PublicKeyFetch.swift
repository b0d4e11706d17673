package import FetchInterface
import LinuxSystem

/// Says what keys a text has.
package typealias KeyReader = (_ text: String) throws -> [PublicKey]

/// Key files of one name that are fetched.
private let maximumKeyFiles = 32
/// Bytes of all of them.
private let maximumKeyBytes = 8 << 20

/// Fetches public keys, which nobody trusts by that.
func fetchPublicKeys(
    _ source: KeySource, _ client: HTTPClient, _ log: DebugLog, read: KeyReader
) throws -> [PublicKeyFile] {
    switch source {
    case .text(let text):
        return [PublicKeyFile(location: "", isAuthenticated: false, text: text, keys: try read(text))]
    case .url(let url):
        return [try fetchKeyFile(url, foundSecurely: true, client, log, read: read)]
    case .discovery(let prefix):
        let walk = DiscoveryWalk(client: client, log: log, credentials: [])
        let page = try walk.first(prefix, labels: [], tag: DiscoveryTags.keysTag, \.publicKeys)
        guard page.found.count <= maximumKeyFiles else {
            throw Failure("'\(prefix)' offers more than \(maximumKeyFiles) files with keys")
        }
        var files: [PublicKeyFile] = []
        for url in page.found where !files.contains(where: { $0.location == url }) {
            files.append(try fetchKeyFile(url, foundSecurely: page.isAuthenticated, client, log, read: read))
            guard files.reduce(0, { $0 + $1.text.utf8.count }) <= maximumKeyBytes else {
                throw Failure("the keys of '\(prefix)' have more than \(maximumKeyBytes) bytes")
            }
        }
        return files
    }
}

/// A file is authenticated only when the page that named it was, too.
private func fetchKeyFile(
    _ url: String, foundSecurely: Bool, _ client: HTTPClient, _ log: DebugLog, read: KeyReader
) throws -> PublicKeyFile {
    let parsed = try WebURL(url)
    return try explaining("error accessing the key '\(parsed)'") {
        guard parsed.scheme == .https || client.options.allowsHTTP else {
            throw Failure("keys come over http only when that is allowed")
        }
        log.line("fetching public key from \(parsed)")
        let response = try client.document(HTTPRequest(url))
        guard response.status == 200 else { throw HTTPError.status(response.status, url: response.url) }
        let text = keyText(response.body)
        return PublicKeyFile(
            location: "\(parsed)", isAuthenticated: foundSecurely && response.isAuthenticated, text: text,
            keys: try read(text))
    }
}
