import Glibc
import LinuxSystem
import SystemPackage

/// The right to do something alone, among all processes that share the store.
///
/// Given back when it goes away; nothing is left then.
package final class WorkLock {
    private let directory: Descriptor
    private let name: String
    private let file: Descriptor
    /// Whether somebody else was at it, who may have done the work.
    package let hasWaited: Bool

    fileprivate init(
        _ file: consuming Descriptor, _ name: String, in directory: consuming Descriptor, hasWaited: Bool
    ) {
        self.file = file
        self.name = name
        self.directory = directory
        self.hasWaited = hasWaited
    }

    deinit { try? directory.removeFile(name) }  // unlocked files there are collected anyway
}

extension ContentStore {
    /// Waits until nobody else does the work of this name, which is a plain file name.
    ///
    /// `waiting` is called once before waiting.
    package func lockWork(_ name: String, waiting: () -> Void) throws -> WorkLock {
        try layout.create()
        var hasWaited = false
        while true {
            let directory = try Descriptor.open(layout.temporary, [.directory])
            let file = try directory.open(name, [.readWrite, .create, .noFollow], mode: StoreLayout.fileMode)
            if try !file.tryLock(.exclusive) {
                if !hasWaited { waiting() }
                hasWaited = true
                try file.lock(.exclusive)
            }
            // Whoever had the lock before has removed the name: what we hold is nobody's then.
            guard let current = try? FileStatus(of: name, below: directory).inode,
                try FileStatus(of: file).inode == current
            else { continue }
            try? layout.share(file)  // it is another member's, who has shared it
            return WorkLock(file, name, in: directory, hasWaited: hasWaited)
        }
    }
}
