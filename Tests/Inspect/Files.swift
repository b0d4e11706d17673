import CLinux
import Glibc

/// What can be done to files and devices.
func inspectFiles(_ name: String, _ words: [String]) -> Bool {
    let path = word(words, 0)
    switch name {
    case "read": report("read \(path)", content(of: path)?.escapingNewlines ?? errorName(errno))
    case "open": report("open \(path)", tryOpening(path, O_RDONLY))
    case "open-write": report("open-write \(path)", tryOpening(path, O_WRONLY))
    case "write": report("write \(path)", put(word(words, 1), into: path, O_WRONLY | O_CREAT | O_TRUNC))
    case "append": report("append \(path)", put(word(words, 1), into: path, O_WRONLY | O_CREAT | O_APPEND))
    case "mkdir": report("mkdir \(path)", outcome(mkdir(path, 0o755)))
    case "rename": report("rename \(path)", outcome(rename(path, word(words, 1))))
    case "swap": swapForEver(path, word(words, 1))
    case "remove": report("remove \(path)", outcome(unlink(path)))
    case "chmod": report("chmod \(path)", outcome(chmod(path, mode_t(number(words, 1)))))
    case "chown": report("chown \(path)", outcome(chown(path, uid_t(number(words, 1)), gid_t(number(words, 2)))))
    case "symlink": report("symlink \(path)", outcome(symlink(word(words, 1), path)))
    case "hard-link": report("hard-link \(path)", outcome(link(path, word(words, 1))))
    case "rmdir": report("rmdir \(path)", outcome(rmdir(path)))
    case "fifo": report("fifo \(path)", outcome(mkfifo(path, 0o640)))
    case "set-attribute": report("set-attribute \(path)", setAttribute(path, word(words, 1), word(words, 2)))
    case "attribute": report("attribute \(path)", attribute(path, word(words, 1)))
    case "stat": report("stat \(path)", status(of: path))
    case "list": report("list \(path)", names(in: path)?.joined(separator: " ") ?? errorName(errno))
    case "link": report("link \(path)", target(ofLink: path) ?? errorName(errno))
    case "exists": report("exists \(path)", access(path, F_OK) == 0 ? "yes" : "no")
    case "device": reportDevice(words)
    case "mount": reportMount(words)
    case "umount": report("umount \(path)", outcome(umount2(path, 2)))
    case "escape": reportEscape(marker: path)
    case "cd": report("cd \(path)", outcome(chdir(path)))
    default: return false
    }
    return true
}

private func tryOpening(_ path: String, _ flags: CInt) -> String {
    let descriptor = open(path, flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
    let result = outcome(descriptor)
    if descriptor != -1 { close(descriptor) }
    return result
}

private func put(_ text: String, into path: String, _ flags: CInt) -> String {
    let descriptor = open(path, flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0o644)
    if descriptor == -1 { return errorName(errno) }
    let bytes = Array((text + "\n").utf8)
    let result = outcome(write(descriptor, bytes, bytes.count))
    close(descriptor)
    return result
}

private func setAttribute(_ path: String, _ name: String, _ value: String) -> String {
    let bytes = Array(value.utf8)
    return outcome(clinux_lsetxattr(path, name, bytes, bytes.count, 0))
}

private func attribute(_ path: String, _ name: String) -> String {
    var value = [UInt8](repeating: 0, count: 4096)
    let count = clinux_lgetxattr(path, name, &value, value.count)
    return count < 0 ? errorName(errno) : String(decoding: value.prefix(count), as: UTF8.self)
}

/// Exchanges two names as fast as it can until the program is ended.
private func swapForEver(_ path: String, _ other: String) {
    report("swapping", path)
    let exchange: UInt32 = 2
    while clinux_renameat2(CLINUX_AT_FDCWD, path, CLINUX_AT_FDCWD, other, exchange) == 0 {}
    report("swapping", errorName(errno))
}

/// `KIND 0oMODE UID:GID SIZE LINKS MAJOR:MINOR` of the name itself.
private func status(of path: String) -> String {
    var info = clinux_stat()
    if clinux_statx(CLINUX_AT_FDCWD, path, CLINUX_AT_SYMLINK_NOFOLLOW, &info) == -1 { return errorName(errno) }
    let kinds: [UInt32: String] = [
        0o140000: "socket", 0o120000: "link", 0o100000: "file", 0o060000: "block", 0o040000: "directory",
        0o020000: "char", 0o010000: "fifo",
    ]
    let kind = kinds[info.mode & 0o170000] ?? "?"
    let mode = "0o" + String(info.mode & 0o7777, radix: 8)
    return "\(kind) \(mode) \(info.user):\(info.group) \(info.size) \(info.links) "
        + "\(info.special_major):\(info.special_minor)"
}

/// `device c|b MAJOR MINOR [DIRECTORY]`: makes the node, opens it both ways, removes it.
private func reportDevice(_ words: [String]) {
    let kind = word(words, 0)
    let major = UInt32(clamping: number(words, 1))
    let minor = UInt32(clamping: number(words, 2))
    let directory = word(words, 3).isEmpty ? "/tmp" : word(words, 3)
    let path = "\(directory)/device-\(kind)-\(major)-\(minor)"
    let type: mode_t = kind == "b" ? 0o060000 : 0o020000
    let made = outcome(clinux_mknodat(CLINUX_AT_FDCWD, path, type | 0o666, clinux_makedev(major, minor)))
    let opened = made == "ok" ? " read=\(tryOpening(path, O_RDONLY)) write=\(tryOpening(path, O_WRONLY))" : ""
    unlink(path)
    report("device \(kind) \(major):\(minor)", "mknod=\(made)\(opened)")
}

/// `mount SOURCE TARGET TYPE [FLAGS]`.
private func reportMount(_ words: [String]) {
    let result = mount(word(words, 0), word(words, 1), word(words, 2), UInt(number(words, 3)), nil)
    report("mount \(word(words, 1))", outcome(result))
}

/// The classic way out of a chroot: a second one below the working directory, then up.
///
/// `marker` is a path on the host.
private func reportEscape(marker: String) {
    mkdir("/tmp/escape", 0o755)
    if chroot("/tmp/escape") == -1 { return report("escape", errorName(errno)) }
    for _ in 0..<64 where chdir("..") == -1 { break }
    if chroot(".") == -1 { return report("escape", errorName(errno)) }
    report("escape", access(marker, F_OK) == 0 ? "outside" : "inside")
}

extension String {
    /// One line, whatever the file held.
    fileprivate var escapingNewlines: String {
        split(separator: "\n", omittingEmptySubsequences: false).joined(separator: "\\n")
    }
}
