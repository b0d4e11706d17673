package import AppContainer
package import FetchInterface
package import SystemPackage

/// The keys that vouch for images, in two configuration directories.
///
/// `trustedkeys/root.d/FINGERPRINT` vouches for everything, `trustedkeys/prefix.d/PREFIX/FINGERPRINT` for the name
/// PREFIX and those below it. A file is an armored key; an empty one takes trust away from the key it is named after.
///
/// Source: rkt 1.30.0, pkg/keystore, except that prefixes go by whole elements of the path: there, a key for
/// `example.com/app` also vouches for `example.com/app-other`.
package struct KeyStore: Equatable, Sendable {
    let system: FilePath
    let local: FilePath

    /// - Parameters:
    ///   - system: the vendor's configuration directory, which is only read.
    ///   - local: the administrator's, whose files win.
    package init(system: FilePath, local: FilePath) {
        self.system = system.appending("trustedkeys")
        self.local = local.appending("trustedkeys")
    }

    /// The keys that vouch for a name, in the order of their fingerprints.
    ///
    /// Read in the order system root, local root, system prefixes, local prefixes, the shorter ones first; a later file
    /// replaces an earlier one of the same key, an empty one removes it. Only files that may matter for this name are
    /// looked at.
    ///
    /// - Throws: for a file or directory among them that is not what it should be, so that nothing it may take trust
    ///   from counts by accident.
    package func keys(for name: ACIdentifier) throws(KeyStoreError) -> [TrustedKey] {
        let prefixes = try prefixDirectories(of: name)
        var found: [String: TrustedKey] = [:]
        for directories in [[["root.d"]], prefixes] {
            for store in [system, local] {
                for elements in directories {
                    for file in try KeyDirectory(store: store, elements: elements).read() {
                        found[file.fingerprint] =
                            file.text.isEmpty ? nil : TrustedKey(fingerprint: file.fingerprint, text: file.text)
                    }
                    try checkSize(Array(found.values))
                }
            }
        }
        return found.values.sorted { $0.fingerprint < $1.fingerprint }
    }

    /// Whether there is a key for this prefix or a shorter one, root keys not counted: then nobody looks for keys on
    /// the net.
    ///
    /// A key of the system that was taken back counts as well: it is not offered again.
    package func hasKeys(forPrefix name: ACIdentifier) throws(KeyStoreError) -> Bool {
        for elements in try prefixDirectories(of: name) {
            for store in [system, local] {
                let files = try KeyDirectory(store: store, elements: elements).read()
                if files.contains(where: { !$0.text.isEmpty }) { return true }
            }
        }
        return false
    }

    private func checkSize(_ keys: [TrustedKey]) throws(KeyStoreError) {
        guard keys.count <= TrustLimits.maximumKeys,
            keys.reduce(0, { $0 + $1.text.utf8.count }) <= TrustLimits.maximumKeyBytesPerName
        else { throw .tooManyKeys(local) }
    }

    /// For `a/b`: `prefix.d/a`, `prefix.d/a/b`.
    private func prefixDirectories(of name: ACIdentifier) throws(KeyStoreError) -> [[String]] {
        let elements = try pathElements(of: name)
        return elements.indices.map { ["prefix.d"] + elements[...$0] }
    }
}
