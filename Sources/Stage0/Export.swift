package import AppContainer
import CLinux
import ImageArchive
import ImageRender
import LinuxSystem
package import Pods
import Stage1Interface
package import SystemPackage

/// Why a pod cannot be exported.
package enum ExportError: Error, Equatable, CustomStringConvertible {
    case notExited
    case notAnImageName(FilePath)
    case targetExists
    case severalApps([ACName])
    case noApps
    case unknownApp(ACName)
    case remainingMounts

    package var description: String {
        switch self {
        case .notExited: "pod is not exited. Only exited pods can be exported"
        case .notAnImageName(let given): "extension must be .aci (given \(given.extension.map { ".\($0)" } ?? "none"))"
        case .targetExists: "target file exists (try --overwrite)"
        case .severalApps: "pod has more than one app; choose one with --app"
        case .noApps: "pod contains zero apps"
        case .unknownApp(let name): "no app '\(name)' in the pod"
        case .remainingMounts:
            "pod has remaining mountpoints. Only pods using overlayfs or with no mountpoints can be exported"
        }
    }
}

/// Writes an app of an exited pod, with what it changed, as a gzip image.
///
/// The file appears when it is complete. The manifest is that of the app's image. Needs `CAP_SYS_ADMIN` for overlay pods.
///
/// `app`: may be nil for a pod with one app.
///
/// Source: rkt 1.30.0, rkt/export.go.
package func exportPod(
    _ pod: Pod, app: ACName?, to target: FilePath, overwrite: Bool, in data: DataDirectory
) throws {
    guard pod.state == .exited || pod.state == .exitedGarbage else { throw ExportError.notExited }
    guard target.extension == "aci" else { throw ExportError.notAnImageName(target) }
    if !overwrite, exists(target, followSymlinks: false) { throw ExportError.targetExists }
    let name = try chosenApp(app, of: pod.manifest())
    guard let manifest = try pod.read(PodFile.imageManifest(of: name.rawValue), limit: 4 << 20) else {
        throw PodError.unreadable(pod.id, file: PodFile.imageManifest(of: name.rawValue))
    }
    let users = try pod.users()
    let root = try openRoot(of: name, in: pod, data, users)

    try writeWhole(target, overwrite: overwrite) { file in
        var writer = try ACIWriter(writingTo: file.duplicate(), compression: .gzip, options: .init(users: users))
        try writer.add(manifest: manifest)
        try writer.add(tree: root)
        try writer.finish()
        try file.setMode(0o644)
        try file.sync()
    }
}

/// Puts a file in place when `write` has filled it; nothing is left when that fails.
private func writeWhole(
    _ target: FilePath, overwrite: Bool, _ write: (borrowing Descriptor) throws -> Void
) throws {
    let parent = target.removingLastComponent()
    let directory = try Descriptor.open(parent.isEmpty ? "." : parent, .directory)
    let name = target.lastComponent?.string ?? ""
    let temporary = ".\(name).\(hexadecimal(try randomBytes(6)))"
    let file = try directory.open(temporary, [.readWrite, .create, .exclusive], mode: 0o600)
    do {
        try write(file)
        let number = directory.raw
        let flags = overwrite ? 0 : UInt32(CLINUX_RENAME_NOREPLACE)
        try check("renameat2", "'\(target)'") { clinux_renameat2(number, temporary, number, name, flags) }
    } catch {
        try? directory.removeFile(temporary)  // the first error is the one to tell
        throw error
    }
}

private func chosenApp(_ app: ACName?, of manifest: PodManifest) throws -> ACName {
    if let app {
        guard manifest[app: app] != nil else { throw ExportError.unknownApp(app) }
        return app
    }
    let names = manifest.apps.map(\.name)
    guard let name = names.first else { throw ExportError.noApps }
    guard names.count == 1 else { throw ExportError.severalApps(names) }
    return name
}

/// The app's root as the app left it; with `users`, the pod's own, the owners are those that they have outside.
///
/// An overlay is mounted for this process alone, and nowhere in its tree. Where a copied root has mounts, which only a
/// stage1 of others leaves, what they show is not the app's.
private func openRoot(
    of app: ACName, in pod: Pod, _ data: DataDirectory, _ users: UserRange?
) throws -> Descriptor {
    guard pod.usesOverlay() else {
        let root = Stage1ABI.Path.appRoot(app.rawValue)
        guard try !hasMounts(onOrBelow: absolute(pod.path).pushing(root)) else {
            throw ExportError.remainingMounts
        }
        return try pod.descriptor.openBeneath(root.string, .directory, confinement: .beneath)
    }
    let tree = PodTree(tree: try TreeID(parsing: pod.treeID(of: app)), app: app)
    let root = try absolute(data.trees().rootFileSystem(of: tree.tree))
    let directory = try absolute(pod.path)
    guard let users else { return try tree.overlayForReading(root, in: directory).descriptor.open(".", .directory) }
    // What the pod changed has the owners that its users have outside; here the rest gets them too.
    try Namespaces.mount.unshare()
    try setPropagation(.slave, of: "/", recursive: true)
    let mount = try tree.withOwners(
        of: UserNamespace(users), root, at: directory.pushing(Stage1ABI.Path.stage1Root)
    ) { try tree.overlayForReading($0, in: directory) }
    return try mount.descriptor.open(".", .directory)
}

/// Whether anything is mounted on a path, or below it.
private func hasMounts(onOrBelow path: FilePath) throws -> Bool {
    // Blanks and such are written as octal numbers in this file.
    let escaped = path.string.unicodeScalars.map { scalar in
        switch scalar {
        case " ": "\\040"
        case "\t": "\\011"
        case "\n": "\\012"
        case "\\": "\\134"
        default: String(scalar)
        }
    }.joined()
    return try readTextFile("/proc/self/mountinfo").split(separator: "\n").contains { line in
        let fields = line.split(separator: " ")
        guard fields.count > 4 else { return false }
        return fields[4] == escaped || fields[4].hasPrefix(escaped + "/")
    }
}
