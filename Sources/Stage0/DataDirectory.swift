import Glibc
package import ImageRender
package import ImageStore
import LinuxSystem
package import Pods
package import SystemPackage

/// Where everything is that rkt keeps: pods, images and rendered trees.
///
/// Nothing is opened before it is needed.
package final class DataDirectory {
    package let path: FilePath
    package let pods: PodStore
    private var openedImages: ContentStore?
    private var openedTrees: TreeStore?
    private var foundFetchProgram: FetchProgram?

    package init(_ path: FilePath) {
        self.path = path
        pods = PodStore(dataDirectory: path)
    }

    package func images() throws -> ContentStore {
        if let openedImages { return openedImages }
        let store = try ContentStore(dataDirectory: path)
        openedImages = store
        return store
    }

    package func trees() throws -> TreeStore {
        if let openedTrees { return openedTrees }
        let store = TreeStore(dataDirectory: path, store: try images())
        openedTrees = store
        return store
    }

    /// The program that downloads and verifies; it works in `cas/download`.
    package func fetchProgram() throws -> FetchProgram {
        if let foundFetchProgram { return foundFetchProgram }
        let isRoot = geteuid() == 0
        let user = FetchUser(isRoot: isRoot, accounts: isRoot ? (try? readTextFile("/etc/passwd")) ?? "" : "")
        let owner = if case .own(let user, _) = user { user } else { geteuid() }
        let inbox = try explaining("cannot make the download directory") {
            try images().openInbox("download", owner: owner)
        }
        let program = try FetchProgram(inbox: inbox, user: user)
        foundFetchProgram = program
        return program
    }

    /// Keeps `rkt image gc` from removing what a pod is being prepared from; it takes the lock exclusively.
    func lockPreparation(_ kind: LockKind) throws -> FileLock {
        try pods.makeDirectories()
        return try FileLock(path.appending("locks/prepareLock"), kind)
    }
}
