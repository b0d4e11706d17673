/// Which paths of an image belong into a tree.
///
/// Source: appc spec 0.8.11, aci.md, "pathWhitelist"; rkt 1.30.0, pkg/acirenderer/acirenderer.go.
struct PathFilter {
    private let own: Set<[UInt8]>?
    private let inherited: Set<[UInt8]>?

    /// - Parameters:
    ///   - own: the list of the image itself: files not on it are left out, directories stay.
    ///   - inherited: the list of an image above: files and directories not on it are left out.
    ///
    /// An empty list leaves out nothing.
    init(own: [String], inherited: [String]) {
        self.own = Self.paths(own)
        self.inherited = Self.paths(inherited)
    }

    /// Nothing is left out.
    var isOpen: Bool { own == nil && inherited == nil }

    /// Whether a path, in the form of ``confinedPath(_:)``, is to be unpacked.
    func admits(_ path: [UInt8], isDirectory: Bool) -> Bool {
        if let own, !isDirectory, !own.contains(path) { return false }
        if let inherited, !inherited.contains(path), !path.isEmpty { return false }
        return true
    }

    private static func paths(_ list: [String]) -> Set<[UInt8]>? {
        list.isEmpty ? nil : Set(list.map { confinedPath(Array($0.utf8)) })
    }
}
