/// Follows the frames of a zstd file and refuses one whose window is too large, before the decoder sees it.
///
/// libarchive takes whatever window a frame asks for, up to 128 MiB. Only headers are looked at; whether the content is
/// sound is the decoder's business.
///
/// Source: RFC 8878, section 3.
struct ZstandardFrames: CompressedFormatCheck {
    private enum Part { case magic, skippableSize, frameDescriptor, frameHeader(UInt8), blockHeader, checksum }

    private let limits: ArchiveLimits
    private var part = Part.magic
    private var hasChecksum = false
    private var collector = Collector(4)

    init(limits: ArchiveLimits) { self.limits = limits }

    mutating func check(_ bytes: UnsafeRawBufferPointer) throws(ArchiveError) {
        var rest = bytes[...]
        while collector.take(from: &rest) {
            let field = collector.field
            switch part {
            case .magic: try startFrame(field)
            case .skippableSize: next(.magic, 4, skipping: littleEndian(field[...]))
            case .frameDescriptor: describeFrame(field[0])
            case .frameHeader(let descriptor):
                try checkWindow(descriptor, field)
                next(.blockHeader, 3)
            case .blockHeader: endBlock(littleEndian(field[...]))
            case .checksum: next(.magic, 4)
            }
        }
    }

    private mutating func next(_ part: Part, _ length: Int, skipping: UInt64 = 0) {
        self.part = part
        collector.start(length, skipping: skipping)
    }

    private mutating func startFrame(_ field: [UInt8]) throws(ArchiveError) {
        switch littleEndian(field[...]) {
        case 0xfd2f_b528: next(.frameDescriptor, 1)
        case 0x184d_2a50...0x184d_2a5f: next(.skippableSize, 4)
        default: throw .damaged("no zstd frame where one should start")
        }
    }

    private mutating func describeFrame(_ descriptor: UInt8) {
        let isSingleSegment = descriptor & 0x20 != 0
        let dictionary = [0, 1, 2, 4][Int(descriptor & 3)]
        let contentSize = [isSingleSegment ? 1 : 0, 2, 4, 8][Int(descriptor >> 6)]
        hasChecksum = descriptor & 4 != 0
        next(.frameHeader(descriptor), (isSingleSegment ? 0 : 1) + dictionary + contentSize)
    }

    private func checkWindow(_ descriptor: UInt8, _ field: [UInt8]) throws(ArchiveError) {
        var window: UInt64
        if descriptor & 0x20 != 0 {
            let length = [1, 2, 4, 8][Int(descriptor >> 6)]
            window = littleEndian(field.suffix(length))
            if length == 2 { window += 256 }
        } else {
            let base = UInt64(1) << (10 + UInt64(field[0] >> 3))
            window = base + base / 8 * UInt64(field[0] & 7)
        }
        if window > limits.maximumZstandardWindowBytes {
            throw .windowTooLarge(bytes: window, maximumZstandardWindowBytes: limits.maximumZstandardWindowBytes)
        }
    }

    private mutating func endBlock(_ header: UInt64) {
        // The second of the four types is one byte, repeated.
        let size = header >> 1 & 3 == 1 ? 1 : header >> 3
        if header & 1 == 0 {
            next(.blockHeader, 3, skipping: size)
        } else if hasChecksum {
            next(.checksum, 4, skipping: size)
        } else {
            next(.magic, 4, skipping: size)
        }
    }
}

/// Looks at compressed bytes on their way to the decoder, in pieces of any size.
protocol CompressedFormatCheck {
    mutating func check(_ bytes: UnsafeRawBufferPointer) throws(ArchiveError)
}

/// Collects a field of known length from bytes that come in pieces, after jumping over what lies before it.
struct Collector {
    private(set) var field: [UInt8] = []
    private var wanted: Int
    private var skip: UInt64 = 0

    init(_ wanted: Int) { self.wanted = wanted }

    /// Starts the next field, which lies `skipping` bytes further on.
    mutating func start(_ wanted: Int, skipping: UInt64 = 0) {
        field.removeAll(keepingCapacity: true)
        self.wanted = wanted
        skip = skipping
    }

    /// Keeps the field and waits for `count` bytes more.
    mutating func extend(by count: Int) { wanted += count }

    /// Takes bytes from the front; `true` when the field is complete.
    mutating func take(from rest: inout Slice<UnsafeRawBufferPointer>) -> Bool {
        if skip > 0 {
            let jump = Int(clamping: min(skip, UInt64(rest.count)))
            rest = rest.dropFirst(jump)
            skip -= UInt64(jump)
            if skip > 0 { return false }
        }
        let count = min(wanted - field.count, rest.count)
        field.append(contentsOf: rest.prefix(count))
        rest = rest.dropFirst(count)
        return field.count == wanted
    }
}

func littleEndian(_ bytes: ArraySlice<UInt8>) -> UInt64 { bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) } }
