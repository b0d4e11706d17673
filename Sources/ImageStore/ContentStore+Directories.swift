import Glibc
package import LinuxSystem
package import SystemPackage

extension ContentStore {
    /// Where files are that nobody needs when their locks are free.
    package var temporaryDirectory: FilePath { layout.temporary }

    /// Makes the directories of the store; what is there stays as it is.
    package func makeDirectories() throws { try layout.create() }

    /// Makes a directory beside those of the store for files that come from outside, and opens it.
    ///
    /// It belongs to `owner` when root makes it. Who shares the store shares it, too; else it is its owner's alone. A
    /// symlink in its place is an error.
    package func openInbox(_ name: String, owner: UInt32) throws -> Descriptor {
        try layout.create()
        let group = StoreLayout.sharedGroup()
        let parent = try FileStatus(of: layout.top)
        let isShared = group != nil || parent.mode & 0o2000 != 0
        let mode: UInt32 = isShared ? 0o2770 : 0o700
        let path = layout.top.appending(name)
        try layout.make(path, mode: mode, group: group)
        let directory = try Descriptor.open(path, [.directory, .noFollow])
        let status = try FileStatus(of: directory)
        if geteuid() == 0, status.user != owner || status.permissions != mode {
            try directory.setOwner(owner, group ?? status.group, mode: mode)
        }
        return directory
    }
}
