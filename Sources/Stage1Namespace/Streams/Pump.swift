import CLinux
import Glibc
import LinuxSystem
import SystemPackage

/// Carries bytes from one descriptor to any number of sinks, as fast as the slowest of them takes them.
final class Pump {
    /// As much as a pipe holds.
    ///
    /// One for all pumps; unsafe only in name: the process has one thread.
    nonisolated(unsafe) private static let chunk = UnsafeMutableRawBufferPointer.allocate(
        byteCount: 1 << 16, alignment: 16)

    private let loop: EventLoop
    private let source: Descriptor
    private(set) var sinks: [Sink] = []
    /// Sees all bytes before the sinks do.
    private let inspect: ((UnsafeRawBufferPointer) -> Void)?
    /// Whether an empty source has nothing more to come.
    private var isLast = false
    private(set) var hasEnded = false
    /// Called once.
    var whenEnded: (() -> Void)?

    /// `source` does not block; if it does, it is only read when there is something.
    init(
        _ loop: EventLoop, from source: consuming Descriptor, to sinks: [Sink] = [],
        inspect: ((UnsafeRawBufferPointer) -> Void)? = nil
    ) throws {
        self.loop = loop
        self.source = source
        self.sinks = sinks
        self.inspect = inspect
        try loop.watch(self.source.raw, .reading) { [unowned self] _ in move() }
    }

    deinit { loop.forget(source.raw) }

    /// Standard input of this process, which other processes may share.
    static func ownInput(_ number: CInt) throws -> Descriptor {
        let copy = Descriptor(owning: try check("fcntl", "descriptor \(number)") { clinux_duplicate(number, 3) })
        switch try FileStatus(of: copy).kind {
        case .fifo, .characterDevice:
            let flags: OpenFlags = [.readOnly, .nonBlocking, .noControllingTerminal]
            if let own = try? Descriptor.open(FilePath(copy.procPath), flags) { return own }  // not all can be reopened
        default: break
        }
        return copy
    }

    func add(_ sink: Sink) { sinks.append(sink) }

    func remove(_ sink: Sink) {
        sinks.removeAll { $0 === sink }
        resume()
    }

    /// Everybody who could write is gone: what is there now is all.
    func finish() {
        isLast = true
        if !sinks.contains(where: \.isFull) { move() }
    }

    /// Lets go of the source.
    func end() {
        if hasEnded { return }
        hasEnded = true
        loop.forget(source.raw)
        sinks = []
        whenEnded?()
        whenEnded = nil
    }

    private func move() {
        repeat {
            if hasEnded { return }
            let count = Glibc.read(source.raw, Self.chunk.baseAddress, Self.chunk.count)
            let code = errno
            if count < 0 && code == EINTR { continue }
            if count < 0 && code == EAGAIN && !isLast { return }
            guard count > 0 else { return end() }  // a terminal ends with EIO
            let bytes = UnsafeRawBufferPointer(rebasing: Self.chunk[..<count])
            inspect?(bytes)
            for sink in sinks { sink.write(bytes) }
            if sinks.contains(where: \.isFull) { return pause() }
        } while isLast
    }

    private func pause() {
        try? loop.want([], of: source.raw)  // what cannot be paused is read on, into memory
        for sink in sinks where sink.isFull { sink.whenFree { [weak self] in self?.resume() } }
    }

    private func resume() {
        guard !hasEnded, !sinks.contains(where: \.isFull) else { return }
        if isLast { return move() }
        do { try loop.want(.reading, of: source.raw) } catch { end() }
    }
}
