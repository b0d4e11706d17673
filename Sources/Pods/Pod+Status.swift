package import AppContainer
import LinuxSystem
import SystemPackage

/// What the supervisor in a pod writes below `/rkt` of its own root.
extension Pod {
    /// The supervisor's directory, below the pod's.
    ///
    /// With overlayfs it is read from the upper directory: the pod's mounts are in its own namespace.
    package func supervisorDirectory() throws -> String {
        usesOverlay() ? "\(PodFile.overlay)/\(try stage1TreeID())/upper/rkt" : "\(PodFile.stage1)/rootfs/rkt"
    }

    /// The status an app ended with; nil as long as it runs, or when its stage1 writes none.
    package func exitStatus(of app: ACName) throws -> Int32? {
        let file = "\(try supervisorDirectory())/status/\(app)"
        guard let bytes = try read(file) else { return nil }
        let digits = bytes.drop { $0 == 32 }.prefix { $0 == 45 || (48...57).contains($0) }
        guard let status = Int32(String(decoding: digits, as: UTF8.self)) else {
            throw PodError.unreadable(id, file: file)
        }
        return status
    }

    /// When an app ended, in nanoseconds since 1970; nil as long as it runs.
    package func exitTime(of app: ACName) throws -> Int64? {
        try modificationTime("\(supervisorDirectory())/status/\(app)")
    }

    /// Whether the supervisor says that every app has started.
    package func isReady() throws -> Bool {
        do {
            let directory = try descriptor.openBeneath(
                supervisorDirectory(), [.directory, .path], confinement: .beneath)
            return try directory.readLink("supervisor-status") == "ready"
        } catch let error as SystemCallError where error.errno == .noSuchFileOrDirectory {
            return false
        } catch PodError.unreadable {
            return false  // not prepared yet
        }
    }
}
