import CLinux
import LinuxSystem
import Stage1Interface
package import SystemPackage

/// The number in a pid file of the pod directory.
package func readPIDFile(_ path: FilePath) throws -> CInt {
    do {
        let text = try readTextFile(path, limit: 64)
        guard let pid = CInt(text.prefix { $0 != "\n" }), pid > 0 else { throw Failure("'\(path)' holds no pid") }
        return pid
    } catch {
        throw Failure("error reading pid", cause: error)
    }
}

/// Puts a pid file in place.
package func writePIDFile(_ path: FilePath, _ pid: CInt) throws {
    do {
        try writeFile(Array("\(pid)\n".utf8), to: path, mode: 0o644, durable: false)
    } catch {
        throw Failure("error writing pid", cause: error)
    }
}

/// Keeps the lock on the pod directory in this process and out of every program it starts.
///
/// Source: rkt 1.30.0: the descriptor's number is in ``Stage1ABI/lockDescriptorVariable``.
package func takeLockDescriptor(inheritable: Bool) throws {
    guard let text = environmentVariable(Stage1ABI.lockDescriptorVariable), let number = CInt(text), number > 2 else {
        throw Failure("failed to get rkt lock fd: \(Stage1ABI.lockDescriptorVariable) is not set to an open descriptor")
    }
    do {
        try check("fcntl", "descriptor \(number)") { clinux_set_descriptor_flags(number, inheritable ? 0 : 1) }
    } catch {
        throw Failure("failed to get rkt lock fd", cause: error)
    }
}
