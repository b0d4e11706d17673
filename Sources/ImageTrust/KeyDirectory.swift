import FetchInterface
import Glibc
import LinuxSystem
import SystemPackage

/// One file of the key store.
struct KeyFile: Equatable {
    let fingerprint: String
    /// Armored; empty in a file that takes trust away.
    let text: String
}

/// What a directory of the key store holds, sorted.
struct KeyDirectoryNames: Equatable {
    var fingerprints: [String] = []
    /// Longer prefixes.
    var directories: [String] = []
    var misnamed: [FilePath] = []
}

/// One directory of the key store: the files right in it are keys.
struct KeyDirectory {
    /// The directory `trustedkeys`.
    let store: FilePath
    /// Below `store`.
    let elements: [String]

    var path: FilePath { store.appending(elements.joined(separator: "/")) }

    /// What is here; nothing when the directory does not exist.
    ///
    /// The store may be reached over symlinks, but a directory within it may not be one. Hidden names are passed over:
    /// ours while we write.
    func names() throws(KeyStoreError) -> KeyDirectoryNames {
        var names = KeyDirectoryNames()
        for entry in try entries().sorted(by: { $0.name < $1.name }) where !entry.name.hasPrefix(".") {
            let file = path.appending(entry.name)
            let kind = entry.kind ?? (try? FileStatus(of: file, followSymlinks: false))?.kind  // nil: it is gone
            if kind == .directory, elements.first != "root.d" {
                names.directories.append(entry.name)
            } else if elements == ["prefix.d"] {
                continue  // a key for no prefix at all: nobody looks for one here
            } else if isFingerprint(entry.name) {
                names.fingerprints.append(entry.name)
            } else {
                names.misnamed.append(file)
            }
        }
        return names
    }

    private func entries() throws(KeyStoreError) -> [DirectoryEntry] {
        do throws(SystemCallError) {
            let top = try Descriptor.open(store, [.directory])
            let name = elements.joined(separator: "/")
            return try directoryEntries(
                top.openBeneath(name, [.directory], confinement: .inRootWithoutSymlinks))
        } catch {
            switch error.errno {
            case .noSuchFileOrDirectory, .fileNameTooLong: return []
            case .notDirectory, .tooManySymbolicLinkLevels: throw .notDirectory(path)
            default: throw .unreadable(path, error)
            }
        }
    }

    /// Every key right in this directory.
    ///
    /// - Throws: for the first file that is no key.
    func read() throws(KeyStoreError) -> [KeyFile] {
        let names = try names()
        if let file = names.misnamed.first { throw .misnamed(file) }
        guard names.fingerprints.count <= TrustLimits.maximumKeys else { throw .tooManyKeys(path) }
        var files: [KeyFile] = []
        for name in names.fingerprints {
            if let file = try read(name) { files.append(file) }
        }
        return files
    }

    /// One key; nil when there is none.
    ///
    /// Never waits and never reads much: a symlink must lead to a regular file of a sensible size.
    func read(_ fingerprint: String) throws(KeyStoreError) -> KeyFile? {
        let path = path.appending(fingerprint)
        guard exists(path, followSymlinks: false) else { return nil }
        let kind: FileKind?
        var content: [UInt8] = []
        do throws(SystemCallError) {
            kind = try FileStatus(of: path).kind
            if kind == .file { content = try readFile(path, limit: TrustLimits.maximumKeyFileBytes) }
        } catch {
            throw error.errno.rawValue == EFBIG ? .tooLarge(path) : .unreadable(path, error)
        }
        guard kind == .file else { throw .notRegular(path) }
        guard content.isEmpty || holdsArmoredKey(content) else { throw .notArmored(path) }
        return KeyFile(fingerprint: fingerprint, text: String(decoding: content, as: UTF8.self))
    }
}

/// Whether a line of the file begins a public key.
func holdsArmoredKey(_ content: [UInt8]) -> Bool {
    let beginning = Array("-----BEGIN PGP PUBLIC KEY BLOCK-----".utf8)
    return content.split(separator: UInt8(ascii: "\n")).contains { $0.starts(with: beginning) }
}
