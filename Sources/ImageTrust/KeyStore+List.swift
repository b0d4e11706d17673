import AppContainer
package import SystemPackage

/// One file of the key store.
package struct StoredKey: Equatable, Sendable {
    package enum Origin: String, Sendable { case system, local }

    package enum Content: Equatable, Sendable {
        case key
        /// Nothing: trust is taken away.
        case mask
        case unusable(KeyStoreError)
    }

    package let fingerprint: String
    package let scope: KeyScope
    package let origin: Origin
    package let path: FilePath
    package let content: Content
    /// Whether an empty local file for the same scope takes this key's trust away.
    package var isMasked = false
}

/// Everything in the key store.
package struct KeyListing: Equatable, Sendable {
    /// Root keys first, then by prefix, then by fingerprint, the system's before local ones.
    package var keys: [StoredKey] = []
    /// What is there and is no key.
    package var problems: [KeyStoreError] = []

    package init() {}
}

/// Directories of the key store that are looked at when it is listed.
private let maximumDirectories = 10_000

extension KeyStore {
    /// Lists the whole store; a file that is no key does not stop it.
    package func list() throws(KeyStoreError) -> KeyListing {
        var listing = KeyListing()
        for (origin, store) in [(StoredKey.Origin.system, system), (.local, local)] {
            var pending = [["root.d"], ["prefix.d"]]
            var seen = 0
            while let elements = pending.popLast() {
                seen += 1
                guard seen <= maximumDirectories else { throw .tooDeep(store) }
                let directory = KeyDirectory(store: store, elements: elements)
                let names: KeyDirectoryNames
                do throws(KeyStoreError) {
                    names = try directory.names()
                } catch {
                    listing.problems.append(error)
                    continue
                }
                pending += names.directories.map { elements + [$0] }
                listing.problems += names.misnamed.map { .misnamed($0) }
                guard !names.fingerprints.isEmpty else { continue }
                guard let scope = KeyScope(directory: elements) else {
                    listing.problems.append(.unsuitablePrefix(elements.dropFirst().joined(separator: "/")))
                    continue
                }
                listing.keys += names.fingerprints.compactMap { stored($0, in: directory, scope, origin) }
            }
        }
        let masks = Set(listing.keys.filter { $0.origin == .local && $0.content == .mask }.map(\.place))
        for index in listing.keys.indices where listing.keys[index].origin == .system {
            listing.keys[index].isMasked = masks.contains(listing.keys[index].place)
        }
        listing.keys.sort { $0.order < $1.order }
        return listing
    }

    /// The armored text of a listed key; nothing when it is gone or not usable any more.
    package func text(of key: StoredKey) -> String {
        let store = key.origin == .system ? system : local
        guard let elements = try? key.scope.directory(),  // it was listed, so it has one
            let file = try? KeyDirectory(store: store, elements: elements).read(key.fingerprint)  // as said above
        else { return "" }
        return file.text
    }

    private func stored(
        _ fingerprint: String, in directory: KeyDirectory, _ scope: KeyScope, _ origin: StoredKey.Origin
    ) -> StoredKey? {
        let content: StoredKey.Content
        do throws(KeyStoreError) {
            guard let file = try directory.read(fingerprint) else { return nil }
            content = file.text.isEmpty ? .mask : .key
        } catch {
            content = .unusable(error)
        }
        return StoredKey(
            fingerprint: fingerprint, scope: scope, origin: origin, path: directory.path.appending(fingerprint),
            content: content)
    }
}

extension StoredKey {
    fileprivate struct Place: Hashable {
        let scope: KeyScope
        let fingerprint: String
    }

    fileprivate var place: Place { Place(scope: scope, fingerprint: fingerprint) }

    fileprivate var order: (String, String, String) {
        switch scope {
        case .root: ("", fingerprint, origin == .system ? "" : "local")
        case .prefix(let prefix): (prefix.rawValue, fingerprint, origin == .system ? "" : "local")
        }
    }
}

extension KeyScope {
    /// What keys in a directory below `trustedkeys` vouch for; nil when no name can be meant.
    init?(directory elements: [String]) {
        if elements == ["root.d"] {
            self = .root
        } else {
            do {
                self = .prefix(try ACIdentifier(elements.dropFirst().joined(separator: "/")))
            } catch {
                return nil
            }
        }
    }
}
