package import AppContainer
package import FetchInterface
import LinuxSystem
package import SystemPackage

extension KeyStore {
    /// Trusts a key, for everything when there is no prefix; the file it was written to.
    ///
    /// Directories get mode 0755, the file 0644, whatever the umask. On return the file and the way to it are on the
    /// disk; after a failure or a crash there is the whole file or none.
    package func add(_ key: PublicKey, prefix: ACIdentifier?) throws -> FilePath {
        guard isFingerprint(key.fingerprint) else { throw KeyStoreError.badFingerprint(key.fingerprint) }
        let content = Array(key.text.utf8)
        guard holdsArmoredKey(content), content.count <= TrustLimits.maximumKeyFileBytes else {
            throw KeyStoreError.badKey(key.fingerprint)
        }
        return try write(content, key.fingerprint, for: prefix.map { .prefix($0) } ?? .root)
    }

    /// Takes trust away from a key, in one scope or wherever it is trusted; the files that were removed or made.
    ///
    /// What is in the system's directory stays there and is masked by an empty file. Idempotent, except that a key that
    /// is not trusted at all is an error. Files need not be readable keys.
    package func remove(fingerprint: String, from scope: KeyScope?) throws -> [FilePath] {
        let stored = try list().keys.filter { $0.fingerprint == fingerprint && (scope == nil || $0.scope == scope) }
        let scopes = Set(stored.map(\.scope))
        guard !scopes.isEmpty else { throw KeyStoreError.noSuchKey(fingerprint, scope) }
        var changed: [FilePath] = []
        for scope in scopes.sorted(by: { $0.phrase < $1.phrase }) {
            let own = stored.filter { $0.scope == scope }
            let isVendors = own.contains { $0.origin == .system && $0.content != .mask }
            if isVendors {
                changed.append(try write([], fingerprint, for: scope))
            } else {
                for key in own where key.origin == .local {
                    try removeFile(key)
                    changed.append(key.path)
                }
            }
        }
        return changed
    }

    private func write(_ content: [UInt8], _ fingerprint: String, for scope: KeyScope) throws -> FilePath {
        let elements = try scope.directory()
        try makeDirectories(local, mode: 0o755)
        try syncDirectory(local.removingLastComponent())
        var directory = try Descriptor.open(local, [.directory])
        for element in elements {
            try directory.makeDirectory(element, mode: 0o755, mayExist: true)
            try directory.sync()
            directory = try directory.open(element, [.directory, .noFollow])
        }
        try directory.writeFile(content, name: fingerprint, mode: 0o644, durable: true)
        return KeyDirectory(store: local, elements: elements).path.appending(fingerprint)
    }

    /// Removes a local file, and the directories of its prefix as far as nothing else is in them.
    private func removeFile(_ key: StoredKey) throws {
        var elements = try key.scope.directory()
        let parent = try Descriptor.open(key.path.removingLastComponent(), [.directory])
        try parent.removeFile(key.fingerprint)
        try parent.sync()
        while elements.count > 1 {
            let path = KeyDirectory(store: local, elements: elements).path
            elements.removeLast()
            do throws(SystemCallError) {
                try removeEmptyDirectory(path)
            } catch {
                return  // others are in it
            }
            try syncDirectory(path.removingLastComponent())
        }
    }
}

private func syncDirectory(_ path: FilePath) throws { try Descriptor.open(path, [.directory]).sync() }
