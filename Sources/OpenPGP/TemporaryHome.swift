import LinuxSystem
import SystemPackage

/// A home directory for gpg in the working directory, for one operation; removed when it goes away.
///
/// The user's own one is never looked at. A process that was killed leaves its directory; the next one removes it.
struct TemporaryHome: ~Copyable {
    private static let prefix = "gnupg-"

    /// Options that decide what gpg does beside what it is told on its command line, where libgpgme adds
    /// `--batch --no-tty --disable-dirmngr`.
    private static let options = """
        no-autostart
        no-auto-key-locate
        no-auto-key-retrieve
        no-auto-check-trustdb
        no-random-seed-file
        lock-never
        trust-model always
        weak-digest MD5
        weak-digest SHA1
        weak-digest RIPEMD160

        """

    private let name: String
    /// Holds the lock that says this directory is in use.
    private let directory: Descriptor

    /// The name that gpg knows it by: the working directory may lie where its own path cannot be walked.
    var path: String { "/proc/self/cwd/\(name)" }

    init() throws {
        // Until our own directory is locked, nobody may take it for an abandoned one.
        let workingDirectory = try Descriptor.open(".", [.directory])
        try workingDirectory.lock(.exclusive)
        try Self.removeAbandoned()
        let name = Self.prefix + hexadecimal(try randomBytes(8))
        try makeDirectory(FilePath(name), mode: 0o700)
        do {
            directory = try Self.prepared(name)
        } catch {
            try removeTree(FilePath(name))
            throw error
        }
        self.name = name
    }

    private static func prepared(_ name: String) throws -> Descriptor {
        let directory = try Descriptor.open(FilePath(name), [.directory])
        try directory.lock(.exclusive)
        try directory.createFile(Array(options.utf8), name: "gpg.conf", mode: 0o600)
        return directory
    }

    deinit { try? removeTree(FilePath(name)) }  // what cannot be removed now is removed by the next one

    private static func removeAbandoned() throws {
        for name in try listDirectory(".") where name.hasPrefix(prefix) {
            guard isAbandoned(name) else { continue }
            try removeTree(FilePath(name))
        }
    }

    private static func isAbandoned(_ name: String) -> Bool {
        do {
            let directory = try Descriptor.open(FilePath(name), [.directory, .noFollow])
            return try directory.tryLock(.exclusive)
        } catch {
            return false  // gone, or nothing of ours
        }
    }
}
