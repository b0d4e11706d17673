/// An empty volume that nobody asked for: a mount point of an image wants one, and nothing else is mounted there.
package struct ImplicitVolume: Equatable, Sendable {
    package let point: MountPoint
    /// Of the volume's directory in the pod; not the name of any other.
    package let directoryName: String
}

extension PodManifest {
    /// The mount points of an app, `app` being what it runs, that get a volume of their own.
    ///
    /// One that shares its path with a mount of the app, or its name with a volume of the pod, does not.
    ///
    /// Source: rkt 1.30.0, stage1/init/common/mount.go, for the rule and for names of the form `APP-POINT`.
    package func implicitVolumes(of runtime: RuntimeApp, app: App) -> [ImplicitVolume] {
        var taken = Set(runtime.mounts.map { cleanedPath($0.path) })
        return app.mountPoints.compactMap { point in
            guard taken.insert(cleanedPath(point.path)).inserted, self[volume: point.name] == nil else { return nil }
            return ImplicitVolume(point: point, directoryName: directoryName(of: point, in: runtime.name))
        }
    }

    /// `APP-POINT`, unless a volume or a mount point of another app could have this name too: nothing is shared by accident.
    ///
    /// In a pod whose apps come and go any other app may come.
    private func directoryName(of point: MountPoint, in app: ACName) -> String {
        let usual = "\(app)-\(point.name)"
        let isAmbiguous =
            hasMutableApps != false || volumes.contains { $0.name.rawValue == usual }
            || apps.contains { $0.name != app && usual.hasPrefix("\($0.name)-") }
        return isAmbiguous ? "\(app)..\(point.name)" : usual
    }
}

/// A path without empty parts and dots, with `..` taken back; what climbs above the root stays at the root.
///
/// Only for comparing: nothing is opened by it where a symlink could stand before a `..`.
package func cleanedPath(_ path: String) -> String {
    var parts: [Substring] = []
    for part in path.split(separator: "/") {
        switch part {
        case ".": continue
        case "..": _ = parts.popLast()
        default: parts.append(part)
        }
    }
    return "/" + parts.joined(separator: "/")
}

/// Whether a cleaned path is another one or lies below it.
package func isPath(_ path: String, atOrBelow other: String) -> Bool {
    path == other || other == "/" || (path.hasPrefix(other) && path.utf8.dropFirst(other.utf8.count).first == 47)
}
