/// The name of the directory in an image that becomes the root of the app.
package let rootFileSystemName = "rootfs"
/// The name of the image manifest in an image.
package let manifestName = "manifest"

/// Paths of an archive as the rest of the program may see them.
///
/// Cleaning is lexical, as the original does it, with one difference: `..` does not lead out of `rootfs`, as it does not
/// lead out of `/`. It keeps nobody out of anything; unpacking is confined by the kernel.
enum ArchivePath {
    /// `nil` for an image's own top, as in `./`; that of a layer is empty.
    static func clean(
        _ raw: String, _ layout: ArchiveLayout = .image, limits: ArchiveLimits
    ) throws(ArchiveError) -> String? {
        let slash = UInt8(ascii: "/")
        if isClean(raw, limits: limits) { return raw }
        var components: [Substring] = []
        for component in raw.utf8.split(separator: slash, omittingEmptySubsequences: true) {
            let component = Substring(component)
            switch component {
            case ".": continue
            case "..":
                let isTop = layout == .image && components.count == 1 && components[0] == rootFileSystemName
                if !components.isEmpty, !isTop { components.removeLast() }
            default:
                components.append(component)
                if component.utf8.count > limits.maximumNameBytes {
                    throw .nameTooLong(path: shortened(raw), maximumNameBytes: limits.maximumNameBytes)
                }
            }
        }
        let path = components.joined(separator: "/")
        if path.utf8.count > limits.maximumPathBytes {
            throw .pathTooLong(path: shortened(raw), maximumPathBytes: limits.maximumPathBytes)
        }
        if components.count > limits.maximumDepth {
            throw .tooDeep(path: shortened(raw), maximumDepth: limits.maximumDepth)
        }
        return path.isEmpty && layout == .image ? nil : path
    }

    /// The target of a hard link as a path of the archive: what does not name `rootfs` lies in it, `/etc/x` for example.
    static func cleanLinkTarget(
        _ raw: String, _ layout: ArchiveLayout, limits: ArchiveLimits
    ) throws(ArchiveError) -> String {
        guard let path = try clean(raw, layout, limits: limits) else { return rootFileSystemName }
        return layout == .layer || isBelowRoot(path) ? path : "\(rootFileSystemName)/\(path)"
    }

    static func isBelowRoot(_ path: String) -> Bool {
        path == rootFileSystemName || path.hasPrefix(rootFileSystemName + "/")
    }

    /// The common case, without allocation: nothing to clean and no limit near.
    private static func isClean(_ raw: String, limits: ArchiveLimits) -> Bool {
        let slash = UInt8(ascii: "/")
        let dot = UInt8(ascii: ".")
        var length = 0
        var dots = 0
        var depth = 1
        var total = 0
        for byte in raw.utf8 {
            total += 1
            if byte == slash {
                if length == 0 || dots == length && length <= 2 || length > limits.maximumNameBytes { return false }
                length = 0
                dots = 0
                depth += 1
            } else {
                length += 1
                if byte == dot { dots += 1 }
            }
        }
        return length > 0 && !(dots == length && length <= 2) && length <= limits.maximumNameBytes
            && total <= limits.maximumPathBytes && depth <= limits.maximumDepth
    }

    private static func shortened(_ path: String) -> String { String(path.prefix(80)) }
}
