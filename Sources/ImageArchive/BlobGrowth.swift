import AppContainer
import Glibc
package import LinuxSystem

/// Tells another process how far a blob is written, so that it can be read while it grows.
///
/// The reader may fall behind, end early or never look: the writer does not wait for it, but at the end.
package final class BlobGrowth {
    private let socket: Descriptor
    private var told: UInt64 = 0
    private var isFollowed = true

    /// How many bytes are written before the reader hears of them.
    private static let step: UInt64 = 1 << 20

    init(_ socket: consuming Descriptor) { self.socket = socket }

    /// Both ends; each process drops the one that is not its own.
    package static func pair() throws(SystemCallError) -> (writer: BlobGrowth, reader: GrowingBlob) {
        var ends: [CInt] = [-1, -1]
        let type = CInt(SOCK_SEQPACKET.rawValue) | CInt(SOCK_CLOEXEC.rawValue)
        try check("socketpair", "to tell of a growing blob") { socketpair(AF_UNIX, type, 0, &ends) }
        return (BlobGrowth(Descriptor(owning: ends[0])), GrowingBlob(Descriptor(owning: ends[1])))
    }

    /// The blob has this many bytes by now.
    package func reach(_ bytes: UInt64) {
        guard isFollowed, bytes - told >= Self.step else { return }
        told = bytes
        send(.bytes, bytes, CInt(MSG_DONTWAIT))
    }

    /// The blob is complete, and is this image; nothing has been said about whether it is trusted.
    package func complete(_ archive: ImportedArchive) {
        if !isFollowed { return }
        send(.complete, archive.size, 0)
        send(.name, Array("\(archive.id.key)".utf8), 0)
    }

    /// In the process of the reader: leaves the writing end to the other one.
    package func close() { Glibc.close(socket.raw) }

    private func send(_ kind: GrowthMessage, _ number: UInt64, _ flags: CInt) {
        send(kind, withUnsafeBytes(of: number.littleEndian) { Array($0) }, flags)
    }

    /// A queue that is full loses nothing: the next message says more.
    private func send(_ kind: GrowthMessage, _ content: [UInt8], _ flags: CInt) {
        let message = [kind.rawValue] + content
        let done = message.withUnsafeBytes {
            Glibc.send(socket.raw, $0.baseAddress, $0.count, flags | CInt(MSG_NOSIGNAL))
        }
        if done < 0, errno != EAGAIN { isFollowed = false }
    }
}

private enum GrowthMessage: UInt8 {
    case bytes, complete, name
}

/// The reading side of ``BlobGrowth``.
package final class GrowingBlob {
    private let socket: Descriptor
    /// Bytes that are there for sure.
    private var reached: UInt64 = 0
    /// All bytes there will be, as soon as that is known.
    private var total: UInt64?

    init(_ socket: consuming Descriptor) { self.socket = socket }

    /// Waits until the blob has `bytes` or is complete, and says how many it has.
    ///
    /// - Throws: ``ArchiveError/truncated`` when the writer has given up.
    func wait(for bytes: UInt64) throws -> UInt64 {
        while total == nil, reached < bytes { try receive() }
        return total ?? reached
    }

    /// Waits until the blob is complete and gives its size.
    func waitForEnd() throws -> UInt64 { try wait(for: .max) }

    /// Waits until the writer says which image it is.
    package func waitForName() throws -> String {
        while true {
            if let name = try receive() { return name }
        }
    }

    @discardableResult
    private func receive() throws -> String? {
        var message = [UInt8](repeating: 0, count: 256)
        let count = try check("recv", "from the writer of a blob") { recv(socket.raw, &message, message.count, 0) }
        guard count > 1, let kind = GrowthMessage(rawValue: message[0]) else { throw ArchiveError.truncated }
        let content = message[1..<count]
        switch kind {
        case .name: return String(decoding: content, as: UTF8.self)
        case .bytes: reached = max(reached, number(content))
        case .complete: total = number(content)
        }
        return nil
    }

    private func number(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
}
