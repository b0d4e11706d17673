import Glibc
package import SystemPackage

/// Takes the topmost mount off a path, also while somebody uses it; a symlink at the end is not followed.
///
/// Nothing there, or nothing mounted there, is no error.
package func unmountIfMounted(_ path: FilePath) throws(SystemCallError) {
    do {
        try check("umount2", "'\(path)'") { umount2(path.string, CInt(MNT_DETACH) | CInt(UMOUNT_NOFOLLOW)) }
    } catch  where error.errno == .invalidArgument || error.errno == .noSuchFileOrDirectory {
        return
    }
}
