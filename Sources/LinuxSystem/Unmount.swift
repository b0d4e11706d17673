import Glibc
package import SystemPackage

/// Takes the topmost mount off a path, also while somebody uses it; a symlink at the end is not followed.
///
/// Nothing there, or nothing mounted there, is no error: `false` then.
@discardableResult
package func unmountIfMounted(_ path: FilePath) throws(SystemCallError) -> Bool {
    do {
        try check("umount2", "'\(path)'") { umount2(path.string, CInt(MNT_DETACH) | CInt(UMOUNT_NOFOLLOW)) }
        return true
    } catch  where error.errno == .invalidArgument || error.errno == .noSuchFileOrDirectory {
        return false
    }
}
