import CLinux
import Glibc
import ImageArchive
import LinuxSystem

/// A copy of this process that unpacks a part of the layers.
///
/// Tells over a pipe what it did: seven numbers for each layer, or why it failed. Killed when this value goes away early,
/// or when this process ends.
struct UnpackingProcess: ~Copyable {
    private static let numbersPerLayer = 7
    private static let failureMark: UInt8 = 1
    /// Bytes of what a process tells of its failure.
    private static let maximumFailureBytes = 16 << 10

    private let child: ChildProcess
    private let answer: Descriptor
    private var hasEnded = false

    /// Only for processes with one thread.
    init(
        _ tasks: [LayerTask], _ data: borrowing Descriptor, _ table: borrowing Descriptor, _ limits: ArchiveLimits
    ) throws {
        let pipe = try Pipe()
        let (writerNumber, dataNumber, tableNumber) = (pipe.writer.raw, data.raw, table.raw)
        let parent = getpid()
        child = try forkProcess {
            clinux_set_parent_death_signal(SIGKILL)
            if getppid() != parent { _exit(1) }
            var unpacker = LayerUnpacker(
                data: Descriptor(owning: dataNumber), table: Descriptor(owning: tableNumber), limits: limits)
            let message: [UInt8]
            do {
                message = Self.encode(try unpackAll(tasks, with: &unpacker))
            } catch {
                let sentences = (error as? Failure)?.chain ?? ["\(error)"]
                message = [Self.failureMark] + sentences.map { Array($0.utf8) }.joined(separator: [0])
            }
            try? Descriptor(owning: writerNumber).writeAll(message)  // the parent is gone: nobody to tell
            _exit(0)
        }
        answer = pipe.takeReader()
    }

    deinit {
        if hasEnded { return }
        try? child.send(SIGKILL)  // it has ended already
        _ = try? child.wait()  // nothing else to wait for
    }

    /// Waits for the end: the layers in the order of the tasks.
    consuming func finish(count: Int) throws -> [UnpackedLayer] {
        let message = try answer.readAll(limit: count * Self.numbersPerLayer * 8 + Self.maximumFailureBytes)
        let end = try child.wait()
        hasEnded = true
        if message.first == Self.failureMark {
            let sentences = message.dropFirst().split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
            throw Self.failure(sentences)
        }
        let layers = Self.decode(message.dropFirst())
        guard end == .exited(0), layers.count == count else {
            throw Failure("the process that unpacks layers ended early")
        }
        return layers
    }

    /// The outermost sentence first.
    private static func failure(_ sentences: [String]) -> Failure {
        var failure: Failure?
        for sentence in sentences.reversed() { failure = Failure(sentence, cause: failure) }
        return failure ?? Failure("the process that unpacks layers failed")
    }

    private static func encode(_ layers: [UnpackedLayer]) -> [UInt8] {
        var message: [UInt8] = [0]
        for layer in layers {
            for number in [
                layer.records.lowerBound, layer.records.upperBound, layer.entryCount, layer.nameBytes,
                layer.declaredBytes, layer.compressedBytes, layer.plainBytes,
            ] {
                withUnsafeBytes(of: number.littleEndian) { message.append(contentsOf: $0) }
            }
        }
        return message
    }

    private static func decode(_ message: ArraySlice<UInt8>) -> [UnpackedLayer] {
        var numbers: [UInt64] = []
        var rest = message
        while rest.count >= 8 {
            numbers.append(rest.prefix(8).reversed().reduce(0) { $0 << 8 | UInt64($1) })
            rest = rest.dropFirst(8)
        }
        var layers: [UnpackedLayer] = []
        for start in stride(from: 0, through: numbers.count - numbersPerLayer, by: numbersPerLayer) {
            let part = Array(numbers[start..<start + numbersPerLayer])
            guard part[0] <= part[1] else { return [] }
            layers.append(
                UnpackedLayer(
                    records: part[0]..<part[1], entryCount: part[2], nameBytes: part[3], declaredBytes: part[4],
                    compressedBytes: part[5], plainBytes: part[6]))
        }
        return layers
    }
}
