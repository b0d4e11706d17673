import LinuxSystem
import SystemPackage

/// A home directory for gpg below the working directory, for one operation; removed when it goes away.
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

    private let location: FilePath
    /// Holds the lock that says this directory is in use.
    private let directory: Descriptor

    /// The name that gpg knows it by: the working directory may lie where its own path cannot be walked.
    var path: String { location.isAbsolute ? location.string : "/proc/self/cwd/\(location)" }

    /// Makes a home in `parent`.
    init(in parent: FilePath) throws {
        // Until our own directory is locked, nobody may take it for an abandoned one.
        let parentDirectory = try Descriptor.open(parent, [.directory])
        try parentDirectory.lock(.exclusive)
        try Self.removeAbandoned(in: parent)
        let location = parent.appending(Self.prefix + hexadecimal(try randomBytes(8)))
        try makeDirectory(location, mode: 0o700)
        do {
            directory = try Self.prepared(location)
        } catch {
            try removeTree(location)
            throw error
        }
        self.location = location
    }

    private static func prepared(_ location: FilePath) throws -> Descriptor {
        let directory = try Descriptor.open(location, [.directory])
        try directory.lock(.exclusive)
        try directory.createFile(Array(options.utf8), name: "gpg.conf", mode: 0o600)
        return directory
    }

    deinit { try? removeTree(location) }  // what cannot be removed now is removed by the next one

    private static func removeAbandoned(in parent: FilePath) throws {
        for name in try listDirectory(parent) where name.hasPrefix(prefix) {
            let location = parent.appending(name)
            if isAbandoned(location) { try removeTree(location) }
        }
    }

    private static func isAbandoned(_ location: FilePath) -> Bool {
        do {
            let directory = try Descriptor.open(location, [.directory, .noFollow])
            return try directory.tryLock(.exclusive)
        } catch {
            return false  // gone, or nothing of ours
        }
    }
}
