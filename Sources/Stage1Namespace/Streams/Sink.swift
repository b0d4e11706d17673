import CLinux
import Glibc
import LinuxSystem
import SystemPackage

/// Somewhere for bytes to go, without ever making the event loop wait.
///
/// What is not taken at once waits here, in memory: whoever writes stops while ``isFull``.
final class Sink {
    /// How to write without waiting.
    private enum Manner {
        /// The kernel takes everything, as regular files do.
        case atOnce
        /// The descriptor says so itself.
        case nonBlocking
        case socket
        /// Somebody else may rely on the descriptor being blocking: little by little, when there is room.
        case littleByLittle
    }

    private let loop: EventLoop
    private let descriptor: Descriptor
    private let manner: Manner
    private var waiting: [UInt8] = []
    private var whenFree: [() -> Void] = []
    private(set) var isBroken = false
    private var whenBroken: [() -> Void] = []

    var number: CInt { descriptor.raw }

    private init(_ loop: EventLoop, _ descriptor: consuming Descriptor, _ manner: Manner) {
        self.loop = loop
        self.descriptor = descriptor
        self.manner = manner
    }

    /// A pipe or terminal of ours that is non-blocking.
    static func nonBlocking(_ descriptor: consuming Descriptor, _ loop: EventLoop) -> Sink {
        Sink(loop, descriptor, .nonBlocking)
    }

    static func socket(_ descriptor: consuming Descriptor, _ loop: EventLoop) -> Sink {
        Sink(loop, descriptor, .socket)
    }

    /// Standard output or error of this process, which other processes may share.
    static func own(_ number: CInt, _ loop: EventLoop) throws -> Sink {
        let copy = Descriptor(owning: try check("fcntl", "descriptor \(number)") { clinux_duplicate(number, 3) })
        switch try FileStatus(of: copy).kind {
        case .socket: return Sink(loop, copy, .socket)
        case .fifo, .characterDevice:
            // A description of our own may be non-blocking; not everything can be opened a second time.
            if let own = try? Descriptor.open(
                FilePath(copy.procPath), [.writeOnly, .nonBlocking, .noControllingTerminal])
            {
                return Sink(loop, own, .nonBlocking)
            }
            return Sink(loop, copy, .littleByLittle)
        default: return Sink(loop, copy, .atOnce)
        }
    }

    deinit { loop.forget(descriptor.raw) }

    /// Whether something waits.
    var isFull: Bool { !waiting.isEmpty && !isBroken }

    /// Calls `body` when nobody takes anything any more.
    func addWhenBroken(_ body: @escaping () -> Void) { whenBroken.append(body) }

    /// Calls `body` once when nothing waits any more, or nothing ever will be taken.
    func whenFree(_ body: @escaping () -> Void) { whenFree.append(body) }

    func write(_ bytes: UnsafeRawBufferPointer) {
        if isBroken { return }
        if !waiting.isEmpty {
            waiting += bytes
            return
        }
        let taken = take(bytes)
        guard taken < bytes.count, !isBroken else { return }
        waiting += bytes[taken...]
        do {
            try loop.watch(descriptor.raw, .writing) { [unowned self] _ in flush() }
        } catch {
            end()
        }
    }

    private func flush() {
        let taken = waiting.withUnsafeBytes { take($0) }
        waiting.removeFirst(taken)
        guard waiting.isEmpty, !isBroken else { return }
        loop.forget(descriptor.raw)
        free()
    }

    private func free() {
        let calls = whenFree
        whenFree = []
        for call in calls { call() }
    }

    /// Nobody reads any more: what waits and what comes is thrown away.
    func end() {
        if isBroken { return }
        isBroken = true
        waiting = []
        loop.forget(descriptor.raw)
        free()
        let calls = whenBroken
        whenBroken = []
        for call in calls { call() }
    }

    /// Writes what goes without waiting; the number of bytes.
    private func take(_ bytes: UnsafeRawBufferPointer) -> Int {
        var taken = 0
        while taken < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[taken...])
            let count = writeSome(rest)
            let code = errno
            if count > 0 {
                taken += count
            } else if count == 0 || code == EAGAIN {
                break
            } else if code != EINTR {
                end()
                break
            }
        }
        return taken
    }

    private func writeSome(_ bytes: UnsafeRawBufferPointer) -> Int {
        switch manner {
        case .atOnce, .nonBlocking: Glibc.write(descriptor.raw, bytes.baseAddress, bytes.count)
        case .socket: clinux_send_now(descriptor.raw, bytes.baseAddress, bytes.count)
        case .littleByLittle:
            // With room for anything there is room for this much: pipe(7), PIPE_BUF.
            clinux_can_write(descriptor.raw) == 1
                ? Glibc.write(descriptor.raw, bytes.baseAddress, min(bytes.count, Int(PIPE_BUF))) : 0
        }
    }
}
