package import AppContainer
package import FetchInterface
import LinuxSystem
import SystemPackage

/// How keys come to be trusted: who looks at them, and where the lines go.
package struct KeyReview {
    /// Nobody is asked.
    package var isSkipped: Bool
    /// Keys whose server proved who it is are taken without asking.
    package var trustsHTTPS: Bool
    /// Takes a message for the user.
    package var log: (String) -> Void
    /// Takes text that the user is to look at.
    package var show: (String) -> Void
    /// Asks whether the key just shown is to be trusted; throws when nobody can be asked.
    package var ask: () throws -> Bool

    package init(
        isSkipped: Bool = false, trustsHTTPS: Bool, log: @escaping (String) -> Void,
        show: @escaping (String) -> Void, ask: @escaping () throws -> Bool
    ) {
        self.isSkipped = isSkipped
        self.trustsHTTPS = trustsHTTPS
        self.log = log
        self.show = show
        self.ask = ask
    }
}

/// Why a key is not trusted though nobody said no.
package enum KeyReviewError: Error, Equatable, CustomStringConvertible {
    case expired(String)
    case revoked(String)
    case noKeys

    package var description: String {
        switch self {
        case .expired(let fingerprint): "key \(fingerprint) has expired: signatures by it do not count"
        case .revoked(let fingerprint): "key \(fingerprint) was revoked: signatures by it do not count"
        case .noKeys: "no public key in the file"
        }
    }
}

/// What a person sees of a key, to compare it with what its owner says somewhere else.
package func reviewText(_ key: PublicKey) -> String {
    var lines = ["gpg key fingerprint is: \(fingerprintText(key.fingerprint))"]
    lines += key.subkeyFingerprints.map { "    Subkey fingerprint: \(fingerprintText($0))" }
    lines += key.identities.map { "\t\(printable($0))" }
    if key.isRevoked { lines.append("    This key was revoked.") }
    if key.isExpired { lines.append("    This key has expired.") }
    return lines.joined(separator: "\n") + "\n"
}

extension KeyStore {
    /// Shows the keys of a file and trusts all of them, for everything when there is no prefix, unless somebody says no.
    ///
    /// A key that has expired or was revoked is shown and left out; when the others are stored, it is an error.
    ///
    /// Source: rkt 1.30.0, rkt/pubkey/pubkey.go.
    package func accept(_ file: PublicKeyFile, prefix: ACIdentifier?, review: KeyReview) throws {
        let location = inQuotes(file.location)
        let scope = inQuotes(prefix?.rawValue ?? "")
        guard !file.keys.isEmpty else { throw KeyReviewError.noKeys }
        review.log("prefix: \(scope)\nkey: \(location)")
        for key in file.keys { review.show(reviewText(key)) }
        let usable = file.keys.filter { !$0.isExpired && !$0.isRevoked }
        if !usable.isEmpty {
            let isForced = review.isSkipped || review.trustsHTTPS && file.isAuthenticated
            guard try isForced || explaining("error reviewing key", review.ask) else {
                review.log("not trusting \(location)")
                return
            }
            let how = isForced ? "without fingerprint review" : "after fingerprint review"
            review.log("Trusting \(location) for prefix \(scope) \(how).")
        }
        for key in usable {
            let path = inQuotes(try explaining("error adding key") { try add(key, prefix: prefix) }.string)
            review.log(prefix == nil ? "Added root key at \(path)" : "Added key for prefix \(scope) at \(path)")
        }
        if let key = file.keys.first(where: { $0.isRevoked }) { throw KeyReviewError.revoked(key.fingerprint) }
        if let key = file.keys.first(where: { $0.isExpired }) { throw KeyReviewError.expired(key.fingerprint) }
    }

    /// Looks on the net for keys of an image's name, unless there are some, and offers them to the user.
    ///
    /// True when there were keys already, and nothing was done. `fetch` does one request of the fetch program. What goes
    /// wrong with it is told through `report` and no error: the image is not taken then, for want of keys.
    ///
    /// Source: rkt 1.30.0, rkt/image/namefetcher.go, `maybeFetchPubKeys`.
    package func obtainKeys(
        for name: ACIdentifier, review: KeyReview, fetch: (KeySource) throws -> [PublicKeyFile],
        report: (any Error) -> Void
    ) throws -> Bool {
        if try hasKeys(forPrefix: name) { return true }
        let files: [PublicKeyFile]
        do {
            files = try explaining("error determining key location") { try fetch(.discovery(prefix: name.rawValue)) }
        } catch {
            report(error)
            return false
        }
        for file in files {
            do { try accept(file, prefix: name, review: review) } catch { report(error) }
        }
        return false
    }
}

/// Text in double quotes, as messages of rkt have it.
private func inQuotes(_ text: String) -> String {
    var result = "\""
    for character in printable(text) {
        if character == "\"" || character == "\\" { result.append("\\") }
        result.append(character)
    }
    return result + "\""
}
