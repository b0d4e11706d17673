import CInspect
import CLinux
import Glibc

/// Talking to others, and to itself over loopback.
func inspectSockets(_ name: String, _ words: [String]) -> Bool {
    switch name {
    case "serve": serve(at: word(words, 0))
    case "connect": report("connect \(word(words, 0))", ask(word(words, 1), at: word(words, 0)))
    case "loopback": reportLoopback()
    case "interfaces": reportInterfaces()
    case "notify": notify(words)
    case "passed": reportPassedSockets()
    case "greet": greet(on: CInt(truncatingIfNeeded: number(words, 0)), word(words, 1))
    default: return false
    }
    return true
}

private func withAddress<Result>(
    of path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
) -> Result {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix($0.count - 1)) }
    return withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
    }
}

/// Answers each connection on a socket file with its own message in capital letters, until a message says `stop`.
private func serve(at path: String) {
    let listener = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0)
    let bound = withAddress(of: path) { bind(listener, $0, $1) }
    if bound == -1 || listen(listener, 16) == -1 { return report("serve", errorName(errno)) }
    report("serve", "ready")
    while true {
        let connection = accept(listener, nil, nil)
        if connection == -1 { return report("serve", errorName(errno)) }
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = read(connection, &buffer, buffer.count)
        let message = String(decoding: buffer[..<max(count, 0)], as: UTF8.self)
        writeAll(message.uppercased(), to: connection)
        close(connection)
        if message == "stop" { break }
    }
    report("serve", "stopped")
}

private func ask(_ message: String, at path: String) -> String {
    let connection = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0)
    if withAddress(of: path, { connect(connection, $0, $1) }) == -1 { return errorName(errno) }
    writeAll(message, to: connection)
    var buffer = [UInt8](repeating: 0, count: 4096)
    let count = read(connection, &buffer, buffer.count)
    close(connection)
    return String(decoding: buffer[..<max(count, 0)], as: UTF8.self)
}

/// Whether a datagram to 127.0.0.1 comes back.
private func reportLoopback() {
    let descriptor = socket(AF_INET, CInt(SOCK_DGRAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let result = withUnsafeMutablePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
            if bind(descriptor, pointer, length) == -1 { return errorName(errno) }
            getsockname(descriptor, pointer, &length)
            if sendto(descriptor, "x", 1, 0, pointer, length) != 1 { return errorName(errno) }
            var byte: UInt8 = 0
            return recv(descriptor, &byte, 1, 0) == 1 ? "ok" : errorName(errno)
        }
    }
    close(descriptor)
    report("loopback", result)
}

/// Says something to the service manager, or at the path that is the second word, and waits until it is heard, as
/// systemd-notify(1) does: who has ended cannot be told from a stranger.
private func notify(_ words: [String]) {
    let place = words.count > 1 ? words[1] : getenv("NOTIFY_SOCKET").map { String(cString: $0) } ?? ""
    let text = word(words, 0)
    var result = clinux_send_notification(place, text, text.utf8.count)
    if result == 0 { result = cinspect_notify_barrier(place, 5_000) }
    report("notify \(text)", result == 0 ? "ok" : errorName(errno))
}

/// The sockets that this process was started with, as sd_listen_fds(3) finds them.
private func reportPassedSockets() {
    func variable(_ name: String) -> String { getenv(name).map { String(cString: $0) } ?? "" }
    report("passed", variable("LISTEN_PID") == String(getpid()) ? variable("LISTEN_FDS") : "none")
    let names = variable("LISTEN_FDNAMES").split(separator: ":", omittingEmptySubsequences: false)
    for (index, name) in names.enumerated() {
        var (type, listens, port): (CInt, CInt, CInt) = (0, 0, 0)
        let result = clinux_describe_socket(CInt(index) + 3, &type, &listens, &port)
        let kind = type == CInt(SOCK_STREAM.rawValue) ? "stream" : "datagram"
        report("passed.\(index + 3)", result == -1 ? errorName(errno) : "\(name) \(kind) \(port)")
    }
}

/// Takes one connection of a listening socket and writes a line to it.
private func greet(on listener: CInt, _ text: String) {
    let connection = accept(listener, nil, nil)
    if connection == -1 { return report("greet", errorName(errno)) }
    writeAll(text + "\n", to: connection)
    close(connection)
    report("greet", "done")
}

private func reportInterfaces() {
    let found = lines(of: "/proc/net/dev").dropFirst(2).compactMap { $0.split(separator: ":").first }
    report("interfaces", found.map { $0.filter { $0 != " " } }.sorted().joined(separator: " "))
}
