package import AppContainer
package import LinuxSystem
import SystemPackage

/// What a pod's directory tells. Nothing here needs the pod's lock; a file may appear or change at any time.
///
/// Source: rkt 1.30.0, pkg/pod/pods.go.
extension Pod {
    /// The largest manifest that is read.
    static let maximumManifestBytes = 4 << 20

    /// The content of a small file; nil when it is not there.
    ///
    /// Symlinks lead nowhere outside the pod.
    package func read(_ name: String, limit: Int = 4096) throws(SystemCallError) -> [UInt8]? {
        do {
            let flags: OpenFlags = [.readOnly, .nonBlocking, .noControllingTerminal]
            return try descriptor.openBeneath(name, flags, confinement: .beneath).readAll(limit: limit)
        } catch  where error.errno == .noSuchFileOrDirectory || error.errno == .notDirectory {
            return nil
        }
    }

    /// The pod manifest as it was written, for `rkt cat-manifest`.
    package func manifestBytes() throws -> [UInt8] {
        guard let bytes = try read(PodFile.manifest, limit: Self.maximumManifestBytes) else {
            throw PodError.unreadable(id, file: PodFile.manifest)
        }
        return bytes
    }

    package func manifest() throws -> PodManifest {
        let bytes = try manifestBytes()
        return try explaining("cannot read the manifest of pod \"\(id)\"") { try PodManifest(parsing: bytes) }
    }

    /// The manifest of an app's image, as it was when the pod was prepared.
    package func imageManifest(of app: ACName) throws -> ImageManifest {
        let name = PodFile.imageManifest(of: app.rawValue)
        guard let bytes = try read(name, limit: Self.maximumManifestBytes) else {
            throw PodError.unreadable(id, file: name)
        }
        return try explaining("cannot read the image manifest of app '\(app)'") { try ImageManifest(parsing: bytes) }
    }

    /// When the pod was prepared, in nanoseconds since 1970; nil before that.
    package func creationTime() throws -> Int64? {
        try modificationTime(PodFile.created) ?? modificationTime(PodFile.manifest)
    }

    /// When the pod's first process started, in nanoseconds since 1970; nil before that.
    package func startTime() throws -> Int64? {
        guard state == .running || state.isAfterRun else { return nil }
        return try modificationTime(PodFile.pid) ?? modificationTime(PodFile.parentPID)
    }

    /// When the pod was marked as garbage, in nanoseconds since 1970; nil before that.
    package func markedTime() throws -> Int64? {
        switch state {
        case .garbage, .exitedGarbage, .deleting, .exitedDeleting: try FileStatus(of: descriptor).changeTime
        case .embryo, .preparing, .abortedPrepare, .prepared, .running, .exited: nil
        }
    }

    func modificationTime(_ name: String) throws(SystemCallError) -> Int64? {
        do {
            return try FileStatus(of: name, below: descriptor).modificationTime
        } catch  where error.errno == .noSuchFileOrDirectory {
            return nil
        }
    }

    /// The pod's first process, or the one that started it; nil when neither is known yet.
    package func pid() throws -> Int32? {
        try number(PodFile.pid) ?? number(PodFile.parentPID)
    }

    /// The pod's first process as its own stage1 wrote it; nil as long as the pod cannot be entered.
    func ownPID() throws -> Int32? { try number(PodFile.pid) }

    /// The process that became stage1's `run`, which may be gone.
    package func supervisorPID() throws -> Int32? { try number(PodFile.supervisorPID) }

    /// The process that started the pod's first process.
    func parentPID() throws -> Int32? { try number(PodFile.parentPID) }

    func number(_ name: String) throws -> Int32? {
        guard let bytes = try read(name) else { return nil }
        guard let value = Int32(trimmed(bytes)), value >= 0 else { throw PodError.unreadable(id, file: name) }
        return value
    }

    /// Whether the pod's trees are shared through overlayfs.
    package func usesOverlay() -> Bool { contains(PodFile.overlayPrepared) }

    func contains(_ name: String) -> Bool {
        (try? FileStatus(of: name, below: descriptor)) != nil  // any failure means that it cannot be used
    }

    /// The tree of the pod's stage1, as a name in the tree store.
    package func stage1TreeID() throws -> String {
        try treeID(PodFile.stage1TreeID)
    }

    /// The tree of an app of an overlay pod, as a name in the tree store.
    package func treeID(of app: ACName) throws -> String {
        try treeID(PodFile.treeID(of: app.rawValue))
    }

    private func treeID(_ file: String) throws -> String {
        guard let bytes = try read(file) else { throw PodError.unreadable(id, file: file) }
        let text = String(trimmed(bytes))
        guard !text.isEmpty, !text.hasPrefix("."), !text.contains("/") else {
            throw PodError.unreadable(id, file: file)
        }
        return text
    }

    private func trimmed(_ bytes: [UInt8]) -> Substring {
        let text = String(decoding: bytes, as: UTF8.self)
        let start = text.drop(while: \.isWhitespace)
        guard let last = start.lastIndex(where: { !$0.isWhitespace }) else { return "" }
        return start[...last]
    }
}
