import AppContainer
import Glibc
import LinuxSystem
import SystemPackage

/// Where the store keeps what, and who may read it.
///
/// `blob/sha512/<2 digits>/<key>` (uncompressed archives), `imageManifest/sha512/<2 digits>/<key>` (their manifests),
/// `db/index.sqlite`, `imagelocks/<key>` (locks; their modification time is when the image was used last), `tmp`.
///
/// Directories have mode 0770 and files 0660. Where root makes them and there is a group `rkt`, they belong to it and
/// pass it on.
///
/// Source: rkt 1.30.0, dist/init/systemd/tmpfiles.d/rkt.conf.
struct StoreLayout {
    let dataDirectory: FilePath

    var top: FilePath { dataDirectory.appending("cas") }
    var index: FilePath { top.appending("db/index.sqlite") }
    var temporary: FilePath { top.appending("tmp") }
    /// What is on its way from elsewhere; the program that downloads writes here and nowhere else.
    var downloads: FilePath { top.appending("download") }
    var locks: FilePath { top.appending("imagelocks") }
    var blobs: FilePath { top.appending("blob/sha512") }
    var manifests: FilePath { top.appending("imageManifest/sha512") }

    func blob(_ key: ImageID) -> FilePath { shard(of: key, in: blobs).appending("\(key)") }
    func manifest(_ key: ImageID) -> FilePath { shard(of: key, in: manifests).appending("\(key)") }
    func lock(_ key: ImageID) -> FilePath { locks.appending("\(key)") }

    /// Images are spread over 256 directories by their first two digits.
    func shard(of key: ImageID, in directory: FilePath) -> FilePath {
        directory.appending(String(key.digits.prefix(2)))
    }

    static let directoryMode: UInt32 = 0o770
    static let fileMode: UInt32 = 0o660
    private static let dataDirectoryMode: UInt32 = 0o750
    private static let groupName = "rkt"

    /// Makes what is missing.
    ///
    /// Costs one look when nothing is.
    func create() throws {
        if exists(temporary) && exists(index) { return }
        let group = Self.sharedGroup()
        if !exists(dataDirectory) {
            let parent = dataDirectory.removingLastComponent()
            if !parent.isEmpty { try makeDirectories(parent, mode: 0o755) }
            try make(dataDirectory, mode: Self.dataDirectoryMode, group: group)
        }
        let shared = ["blob", "blob/sha512", "db", "imageManifest", "imageManifest/sha512", "imagelocks"]
        try make(top, mode: Self.directoryMode, group: group)
        // `tmp` comes last: its presence says that the others are there.
        for name in shared + ["tmp"] { try make(top.appending(name), mode: Self.directoryMode, group: group) }
    }

    /// Makes the directory for the images whose digits begin like those of `key`, synced.
    func createShard(of key: ImageID, in directory: FilePath) throws {
        let path = shard(of: key, in: directory)
        if exists(path) { return }
        try make(path, mode: Self.directoryMode, group: Self.sharedGroup())
        try Descriptor.open(directory, [.directory]).sync()
    }

    /// Gives a new file its mode and, where root made it, the group that may share it.
    func share(_ file: borrowing Descriptor) throws(SystemCallError) {
        if let group = Self.sharedGroup() { try file.setOwner(0, group, mode: Self.fileMode) }
        try file.setMode(Self.fileMode)
    }

    func make(_ path: FilePath, mode: UInt32, group: UInt32?) throws(SystemCallError) {
        if exists(path) { return }
        do {
            try makeDirectory(path, mode: mode)
        } catch  where error.errno == .fileExists {
            return  // another process was faster
        }
        guard let group else { return }
        let directory = try Descriptor.open(path, [.directory, .noFollow])
        try directory.setOwner(0, group, mode: mode | 0o2000)
    }

    /// The group whose members use the store without being root; `nil` where there is none, or we may not give it files.
    static func sharedGroup() -> UInt32? {
        guard geteuid() == 0, let text = try? readTextFile("/etc/group") else { return nil }  // none is needed
        for line in text.split(separator: "\n") {
            let fields = line.split(separator: ":", omittingEmptySubsequences: false)
            if fields.count >= 3, fields[0] == groupName { return UInt32(fields[2]) }
        }
        return nil
    }
}
