import Glibc

/// Prints one fact.
///
/// Written at once: a program that is killed next has said what it knew.
func report(_ name: String, _ value: String) {
    writeAll("\(name)=\(value)\n", to: 1)
}

func writeAll(_ text: String, to descriptor: CInt) {
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
        let written = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        if written <= 0 { return }
        rest = rest.dropFirst(written)
    }
}

func leave(_ status: CInt) -> Never {
    _exit(status)
}

/// `ok`, or the name of `errno`.
///
/// Call it in the statement after the system call.
func outcome(_ result: Int) -> String {
    result == -1 ? errorName(errno) : "ok"
}

func outcome(_ result: CInt) -> String {
    result == -1 ? errorName(errno) : "ok"
}

/// The name of an errno as in errno(3), for those that tests ask for.
func errorName(_ code: CInt) -> String {
    errorNames[code] ?? "errno \(code)"
}

private let errorNames: [CInt: String] = [
    EPERM: "EPERM", ENOENT: "ENOENT", ESRCH: "ESRCH", EINTR: "EINTR", EIO: "EIO", ENXIO: "ENXIO", E2BIG: "E2BIG",
    ENOEXEC: "ENOEXEC", EBADF: "EBADF", ECHILD: "ECHILD", EAGAIN: "EAGAIN", ENOMEM: "ENOMEM", EACCES: "EACCES",
    EFAULT: "EFAULT", EBUSY: "EBUSY", EEXIST: "EEXIST", EXDEV: "EXDEV", ENODEV: "ENODEV", ENOTDIR: "ENOTDIR",
    EISDIR: "EISDIR", EINVAL: "EINVAL", ENFILE: "ENFILE", EMFILE: "EMFILE", ENOTTY: "ENOTTY", ETXTBSY: "ETXTBSY",
    EFBIG: "EFBIG", ENOSPC: "ENOSPC", ESPIPE: "ESPIPE", EROFS: "EROFS", EMLINK: "EMLINK", EPIPE: "EPIPE",
    ELOOP: "ELOOP", ENAMETOOLONG: "ENAMETOOLONG", ENOSYS: "ENOSYS", ENOTEMPTY: "ENOTEMPTY", EUSERS: "EUSERS",
    EPROTONOSUPPORT: "EPROTONOSUPPORT", ESOCKTNOSUPPORT: "ESOCKTNOSUPPORT", EOPNOTSUPP: "EOPNOTSUPP",
    EAFNOSUPPORT: "EAFNOSUPPORT", EADDRINUSE: "EADDRINUSE", EADDRNOTAVAIL: "EADDRNOTAVAIL",
    ENETUNREACH: "ENETUNREACH", ECONNREFUSED: "ECONNREFUSED", ENODATA: "ENODATA", EOVERFLOW: "EOVERFLOW",
]

private let signalNames: [CInt: String] = [
    SIGHUP: "HUP", SIGINT: "INT", SIGQUIT: "QUIT", SIGILL: "ILL", SIGABRT: "ABRT", SIGKILL: "KILL", SIGUSR1: "USR1",
    SIGSEGV: "SEGV", SIGUSR2: "USR2", SIGPIPE: "PIPE", SIGTERM: "TERM", SIGCONT: "CONT", SIGWINCH: "WINCH",
    SIGSYS: "SYS",
]

func signalName(_ number: CInt) -> String {
    signalNames[number] ?? String(number)
}

func signalNumber(_ name: String) -> CInt? {
    CInt(name) ?? signalNames.first { $0.value == name }?.key
}

/// A number as people write it: decimal, `0x…` or `0o…`.
func number(_ words: [String], _ index: Int, default fallback: Int = 0) -> Int {
    guard words.indices.contains(index) else { return fallback }
    let word = words[index]
    if word.hasPrefix("0x") { return Int(word.dropFirst(2), radix: 16) ?? fallback }
    if word.hasPrefix("0o") { return Int(word.dropFirst(2), radix: 8) ?? fallback }
    return Int(word) ?? fallback
}

func word(_ words: [String], _ index: Int) -> String {
    words.indices.contains(index) ? words[index] : ""
}

/// What a file holds, up to a mebibyte; `nil` when it cannot be read, with errno set.
func content(of path: String) -> String? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    if descriptor == -1 { return nil }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65536)
    while bytes.count < 1 << 20 {
        let count = read(descriptor, &buffer, buffer.count)
        if count <= 0 {
            if count == -1 && bytes.isEmpty {
                let code = errno
                close(descriptor)
                errno = code
                return nil
            }
            break
        }
        bytes += buffer[..<count]
    }
    close(descriptor)
    return String(decoding: bytes, as: UTF8.self)
}

func lines(of path: String) -> [String] {
    (content(of: path) ?? "").split(separator: "\n").map(String.init)
}

/// Names in a directory, sorted; `nil` when it cannot be read, with errno set.
func names(in path: String) -> [String]? {
    guard let directory = opendir(path) else { return nil }
    var found: [String] = []
    while let entry = readdir(directory) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) {
            $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        if name != "." && name != ".." { found.append(name) }
    }
    closedir(directory)
    return found.sorted()
}

func target(ofLink path: String) -> String? {
    var buffer = [CChar](repeating: 0, count: 4096)
    let count = readlink(path, &buffer, buffer.count)
    return count < 0 ? nil : String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
}
