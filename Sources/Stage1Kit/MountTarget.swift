import Glibc
package import LinuxSystem
import SystemPackage

/// As the kernel follows at most.
private let maximumLinks = 40

/// Opens the place in an app's root where something is to be mounted, and makes it when it is missing.
///
/// The kernel keeps every step below `root`, so an image that links `/data` to `/etc` gets its own `/etc`, and one that
/// links it to something missing gets that made. Directories are made with mode 0755; with `isDirectory` false the last
/// name is a file, mode 0644. What is there stays as it is.
package func openMountTarget(
    _ pathInApp: String, below root: borrowing Descriptor, isDirectory: Bool
) throws(SystemCallError) -> Descriptor {
    let flags: OpenFlags = isDirectory ? [.path, .directory] : [.path]
    do {
        return try root.openBeneath(pathInApp, flags)
    } catch {
        if error.errno != .noSuchFileOrDirectory { throw error }
    }
    var path = pathInApp
    for _ in 0..<maximumLinks {
        guard let next = try make(path, below: root, isDirectory: isDirectory) else {
            return try root.openBeneath(cleaned(path), flags)
        }
        path = next
    }
    throw SystemCallError(call: "openat2", subject: "'\(pathInApp)'", errno: .tooManySymbolicLinkLevels)
}

/// Makes what is missing of a path.
///
/// Where a link leads nowhere, nothing is made from there on, and the path to go on with is the result.
private func make(
    _ pathInApp: String, below root: borrowing Descriptor, isDirectory: Bool
) throws(SystemCallError) -> String? {
    let names = cleaned(pathInApp).split(separator: "/").map(String.init)
    for (index, name) in names.enumerated() {
        let above = "/" + names[..<index].joined(separator: "/")
        let isFile = index == names.count - 1 && !isDirectory
        if try isThere("\(above)/\(name)", below: root) { continue }
        let parent = try root.openBeneath(above, [.directory])
        if let target = try linkTarget(name, in: parent) {
            let start = target.hasPrefix("/") ? target : "\(above)/\(target)"
            return ([start] + names[(index + 1)...]).joined(separator: "/")
        }
        if isFile {
            try parent.createFile([], name: name, mode: 0o644)
        } else {
            try parent.makeDirectory(name, mode: 0o755)
        }
    }
    return nil
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
    if code == ENOENT { return nil }
    throw SystemCallError(call: "readlinkat", subject: "'\(name)'", errno: Errno(rawValue: code))
}
