import CLinux
package import SystemPackage

/// Takes from this process, for good, the right to change files, except below `directories` and in `files`.
///
/// What is open already stays as it is. Sets no-new-privileges. `false` where the kernel does not have it: older than
/// 5.13, or switched off.
///
/// Source: landlock(7).
package func confineWriting(toDirectories directories: [FilePath], files: [FilePath]) throws(SystemCallError) -> Bool {
    let version = clinux_landlock_version()
    if version < 1 { return false }
    let rights = LandlockRights.writing(version: version)
    let ruleset = Descriptor(owning: try check("landlock_create_ruleset", "files") { clinux_landlock_create(rights) })
    let number = ruleset.raw
    for (paths, allowed) in [(directories, rights), (files, rights & LandlockRights.ofFiles)] {
        for path in paths {
            guard let place = try openPlace(path) else { continue }
            let beneath = place.raw
            try check("landlock_add_rule", "'\(path)'") { clinux_landlock_allow(number, beneath, allowed) }
        }
    }
    try check("prctl", "no new privileges") { clinux_set_no_new_privileges() }
    try check("landlock_restrict_self", "this process") { clinux_landlock_restrict(number) }
    return true
}

/// `nil` where there is nothing to allow.
private func openPlace(_ path: FilePath) throws(SystemCallError) -> Descriptor? {
    do {
        return try Descriptor.open(path, [.path])
    } catch {
        guard error.errno == .noSuchFileOrDirectory else { throw error }
        return nil
    }
}

/// Source: linux/landlock.h, LANDLOCK_ACCESS_FS_*.
private enum LandlockRights {
    private static let writeFile: UInt64 = 1 << 1
    private static let truncate: UInt64 = 1 << 14
    /// Removing and making of every kind.
    private static let changeDirectory: UInt64 = 0x1ff << 4
    /// Renaming and linking between directories.
    private static let refer: UInt64 = 1 << 13

    static let ofFiles = writeFile | truncate

    static func writing(version: CInt) -> UInt64 {
        writeFile | changeDirectory | (version >= 2 ? refer : 0) | (version >= 3 ? truncate : 0)
    }
}
