/// Follows the blocks of an xz file and refuses one whose dictionary is too large, before the decoder sees it.
///
/// libarchive lets the decoder use 1 GiB. Every filter chain ends with LZMA2, whose chunks tell their length, so all
/// blocks of all streams can be found without decoding.
///
/// Source: The .xz File Format 1.1.0; the chunks of LZMA2 as in the Linux kernel, lib/xz/xz_dec_lzma2.c.
struct XZBlocks: CompressedFormatCheck {
    private enum Part {
        case streamHeader, blockSize, blockHeader, chunkControl, chunkSize(UInt8)
        case indexNumber(left: UInt64?), footer, padding
    }

    private let limits: ArchiveLimits
    private var part = Part.streamHeader
    private var checkSize: UInt64 = 0
    /// Bytes of the block's data, or of the index, so far: both are filled up to a multiple of four.
    private var length: UInt64 = 0
    private var collector = Collector(12)

    init(limits: ArchiveLimits) { self.limits = limits }

    mutating func check(_ bytes: UnsafeRawBufferPointer) throws(ArchiveError) {
        var rest = bytes[...]
        while collector.take(from: &rest) {
            let field = collector.field
            switch part {
            case .streamHeader: try startStream(field)
            case .blockSize: startBlockOrIndex(field[0])
            case .blockHeader:
                try checkFilters(field)
                length = 0
                next(.chunkControl, 1)
            case .chunkControl: try startChunk(field[0])
            case .chunkSize(let control): skipChunk(control, field)
            case .indexNumber(let left): try indexNumber(field, left: left)
            case .footer: next(.padding, 4)
            case .padding: endPadding(field)
            }
        }
    }

    private mutating func next(_ part: Part, _ length: Int, skipping: UInt64 = 0) {
        self.part = part
        collector.start(length, skipping: skipping)
    }

    private static let magic: [UInt8] = [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]

    private mutating func startStream(_ field: [UInt8]) throws(ArchiveError) {
        guard field.starts(with: Self.magic) else { throw .damaged("no xz stream where one should start") }
        let sizes: [UInt64] = [0, 4, 4, 4, 8, 8, 8, 16, 16, 16, 32, 32, 32, 64, 64, 64]
        checkSize = sizes[Int(field[7] & 15)]
        next(.blockSize, 1)
    }

    private mutating func startBlockOrIndex(_ size: UInt8) {
        if size == 0 {
            length = 1
            next(.indexNumber(left: nil), 1)
        } else {
            part = .blockHeader
            collector.extend(by: Int(size) * 4 + 3)
        }
    }

    private func checkFilters(_ header: [UInt8]) throws(ArchiveError) {
        var rest = header.dropFirst(2)
        let flags = header[1]
        if flags & 0x40 != 0 { _ = try number(&rest) }
        if flags & 0x80 != 0 { _ = try number(&rest) }
        for _ in 0...(flags & 3) {
            let filter = try number(&rest)
            let size = try number(&rest)
            guard size <= UInt64(rest.count) else { throw .damaged("xz block header") }
            let properties = rest.prefix(Int(size))
            rest = rest.dropFirst(Int(size))
            guard filter == 0x21, let bits = properties.first else { continue }
            if bits > 40 { throw .damaged("xz dictionary size") }
            let bytes = bits == 40 ? UInt64(UInt32.max) : (2 | UInt64(bits & 1)) << (UInt64(bits) / 2 + 11)
            if bytes > limits.maximumXZDictionaryBytes {
                throw .dictionaryTooLarge(bytes: bytes, maximumXZDictionaryBytes: limits.maximumXZDictionaryBytes)
            }
        }
    }

    private mutating func startChunk(_ control: UInt8) throws(ArchiveError) {
        length += 1
        switch control {
        case 0: next(.blockSize, 1, skipping: padding(length) + checkSize)
        case 1, 2: next(.chunkSize(control), 2)
        case 0x80...0xbf: next(.chunkSize(control), 4)
        case 0xc0...0xff: next(.chunkSize(control), 5)
        default: throw .damaged("xz chunk")
        }
    }

    private mutating func skipChunk(_ control: UInt8, _ field: [UInt8]) {
        let size = control < 0x80 ? field.prefix(2) : field[2..<4]
        let data = UInt64(size[size.startIndex]) << 8 + UInt64(size[size.startIndex + 1]) + 1
        length += UInt64(field.count) + data
        next(.chunkControl, 1, skipping: data)
    }

    /// Numbers of the index: how many records there are, then two for each.
    private mutating func indexNumber(_ field: [UInt8], left: UInt64?) throws(ArchiveError) {
        if let last = field.last, last & 0x80 != 0 {
            if field.count == 9 { throw .damaged("xz index") }
            return collector.extend(by: 1)
        }
        length += UInt64(field.count)
        var all = field[...]
        let value = try number(&all)
        var remaining: UInt64
        if let left {
            remaining = left - 1
        } else {
            let (records, overflow) = value.multipliedReportingOverflow(by: 2)
            if overflow { throw .damaged("xz index") }
            remaining = records
        }
        if remaining > 0 {
            next(.indexNumber(left: remaining), 1)
        } else {
            next(.footer, 12, skipping: padding(length) + 4)
        }
    }

    /// After a stream: more padding, or the start of another stream.
    private mutating func endPadding(_ field: [UInt8]) {
        if field == [0, 0, 0, 0] {
            next(.padding, 4)
        } else {
            part = .streamHeader
            collector.extend(by: 8)
        }
    }

    private func padding(_ length: UInt64) -> UInt64 { (4 - length % 4) % 4 }

    private func number(_ bytes: inout ArraySlice<UInt8>) throws(ArchiveError) -> UInt64 {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 63, by: 7) {
            guard let byte = bytes.popFirst() else { throw .damaged("xz header") }
            value |= UInt64(byte & 0x7f) << shift
            if byte & 0x80 == 0 { return value }
        }
        throw .damaged("xz header")
    }
}
