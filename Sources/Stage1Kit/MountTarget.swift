import AppContainer
import CLinux
import Glibc
package import LinuxSystem
import SystemPackage

/// As the kernel follows at most.
private let maximumLinks = 40

/// How often a path is looked up again that somebody changes meanwhile.
private let maximumLooks = 100

/// Where volumes may be mounted in an app, beyond what their paths say: links of the image are followed.
package struct MountTargetRules: Sendable {
    /// The mounts in which targets may be, and may be made; `nil` for all.
    package var mounts: Set<UInt64>?
    /// Places that cannot be covered themselves.
    package var places: [FileStatus] = []
    /// Places whose whole file systems cannot be covered.
    package var fileSystems: [FileStatus] = []

    package init() {}

    fileprivate func allowsMaking(in directory: FileStatus) -> Bool { mounts?.contains(directory.mountID) ?? true }

    fileprivate func allowsCovering(_ target: FileStatus) -> Bool {
        allowsMaking(in: target)
            && !places.contains { $0.mountID == target.mountID && $0.inode == target.inode }
            && !fileSystems.contains {
                $0.deviceMajor == target.deviceMajor && $0.deviceMinor == target.deviceMinor
            }
    }
}

/// Opens the place in an app's root where something is to be mounted, and makes it when it is missing.
///
/// The kernel keeps every step below `root`, so an image that links `/data` to `/etc` gets its own `/etc`, and one that
/// links it to something missing gets that made. Directories are made with mode 0755; with `isDirectory` false the last
/// name is a file, mode 0644. What is there stays as it is. Somebody who swaps names meanwhile can choose another place
/// below the root, or make this fail, and nothing else: no step follows a name that was looked at before.
///
/// A place that `rules` forbid is `EPERM`.
package func openMountTarget(
    _ pathInApp: String, below root: borrowing Descriptor, isDirectory: Bool, rules: MountTargetRules? = nil
) throws(SystemCallError) -> Descriptor {
    let flags: OpenFlags = isDirectory ? [.path, .directory] : [.path]
    var path = cleanedPath(pathInApp)
    var links = 0
    for _ in 0..<maximumLooks {
        do throws(SystemCallError) {
            let target = try root.openBeneath(path, flags)
            if let rules, try !rules.allowsCovering(FileStatus(of: target)) { throw forbidden(pathInApp) }
            return target
        } catch {
            if error.errno != .noSuchFileOrDirectory { throw error }
        }
        do {
            guard let next = try make(path, below: root, isDirectory: isDirectory, rules) else { continue }
            path = cleanedPath(next)
            links += 1
            if links > maximumLinks { break }
        } catch {
            // Made or taken away by somebody else just now.
            if error.errno != .fileExists && error.errno != .noSuchFileOrDirectory { throw error }
        }
    }
    throw SystemCallError(call: "openat2", subject: "'\(pathInApp)'", errno: .tooManySymbolicLinkLevels)
}

private func forbidden(_ path: String) -> SystemCallError {
    SystemCallError(
        call: "move_mount", subject: "'\(path)', which leads to what belongs to the kernel or the host",
        errno: .notPermitted)
}

/// Makes what is missing of a path.
///
/// Where a link leads nowhere, nothing is made from there on, and the path to go on with is the result.
private func make(
    _ pathInApp: String, below root: borrowing Descriptor, isDirectory: Bool, _ rules: MountTargetRules?
) throws(SystemCallError) -> String? {
    let names = pathInApp.split(separator: "/").map(String.init)
    for (index, name) in names.enumerated() {
        let above = "/" + names[..<index].joined(separator: "/")
        let isFile = index == names.count - 1 && !isDirectory
        if try isThere("\(above)/\(name)", below: root) { continue }
        let parent = try root.openBeneath(above, [.directory])
        if let target = try linkTarget(name, in: parent) {
            let start = target.hasPrefix("/") ? target : "\(above)/\(target)"
            return ([start] + names[(index + 1)...]).joined(separator: "/")
        }
        if let rules, try !rules.allowsMaking(in: FileStatus(of: parent)) { throw forbidden(pathInApp) }
        if isFile {
            try parent.createFile([], name: name, mode: 0o644)
        } else {
            try parent.makeNewDirectory(name, mode: 0o755)
        }
    }
    return nil
}

extension Descriptor {
    /// Makes a directory with exactly this mode in one step: the name may be another thing already in the next.
    package borrowing func makeNewDirectory(_ name: String, mode: UInt32) throws(SystemCallError) {
        let directory = raw
        let mask = clinux_umask(0)
        defer { _ = clinux_umask(mask) }
        try check("mkdirat", "'\(name)'") { mkdirat(directory, name, mode_t(mode)) }
    }
}

private func isThere(_ pathInApp: String, below root: borrowing Descriptor) throws(SystemCallError) -> Bool {
    do {
        _ = try root.openBeneath(pathInApp, [.path]).raw
        return true
    } catch {
        if error.errno == .noSuchFileOrDirectory { return false }
        throw error
    }
}

/// Where a symlink leads; `nil` when there is none of this name.
private func linkTarget(_ name: String, in directory: borrowing Descriptor) throws(SystemCallError) -> String? {
    let number = directory.raw
    var buffer = [UInt8](repeating: 0, count: 4096)
    let length = buffer.withUnsafeMutableBytes { bytes in
        bytes.baseAddress.map { readlinkat(number, name, $0.assumingMemoryBound(to: CChar.self), bytes.count) } ?? -1
    }
    let code = errno
    if length >= 0 { return String(decoding: buffer.prefix(length), as: UTF8.self) }
    if code == ENOENT || code == EINVAL { return nil }
    throw SystemCallError(call: "readlinkat", subject: "'\(name)'", errno: Errno(rawValue: code))
}
