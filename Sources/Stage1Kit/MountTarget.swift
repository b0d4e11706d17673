import Glibc
package import LinuxSystem
import SystemPackage

/// Opens the place in an app's root where something is to be mounted, and makes it when it is missing.
///
/// The kernel keeps every step below `root`, so an image that links `/data` to `/etc` gets its own `/etc`. Directories
/// are made with mode 0755; with `isDirectory` false the last name is a file, mode 0644. What is there stays as it is.
package func openMountTarget(
    _ pathInApp: String, below root: borrowing Descriptor, isDirectory: Bool
) throws(SystemCallError) -> Descriptor {
    let flags: OpenFlags = isDirectory ? [.path, .directory] : [.path]
    do {
        return try root.openBeneath(pathInApp, flags)
    } catch  where error.errno == .noSuchFileOrDirectory {
        try make(pathInApp, below: root, isDirectory: isDirectory)
        return try root.openBeneath(pathInApp, flags)
    }
}

private func make(
    _ pathInApp: String, below root: borrowing Descriptor, isDirectory: Bool
) throws(SystemCallError) {
    let names = cleaned(pathInApp).split(separator: "/").map(String.init)
    var parent = try root.duplicate()
    for (index, name) in names.enumerated() {
        let path = "/" + names[...index].joined(separator: "/")
        let isLast = index == names.count - 1
        do {
            let next = try root.openBeneath(path, isLast && !isDirectory ? [.path] : [.path, .directory])
            parent = next
            continue
        } catch  where error.errno == .noSuchFileOrDirectory {
            // made below
        }
        if isLast && !isDirectory {
            try parent.createFile([], name: name, mode: 0o644)
        } else {
            try parent.makeDirectory(name, mode: 0o755)
        }
        let made = try root.openBeneath(path, [.path])
        parent = made
    }
}
