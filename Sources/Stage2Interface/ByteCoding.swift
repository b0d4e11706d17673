/// Writes numbers as eight bytes, lowest first, and everything else with its length before it.
package struct ByteWriter {
    package private(set) var bytes: [UInt8] = []

    package init() {}

    package mutating func put(_ number: UInt64) {
        for shift in stride(from: 0, to: 64, by: 8) { bytes.append(UInt8(truncatingIfNeeded: number >> shift)) }
    }

    package mutating func put(_ numbers: [UInt64]) {
        put(UInt64(numbers.count))
        for number in numbers { put(number) }
    }

    package mutating func put(_ content: [UInt8]) {
        put(UInt64(content.count))
        bytes += content
    }

    package mutating func put(_ text: String) { put(Array(text.utf8)) }

    package mutating func put(_ texts: [String]) {
        put(UInt64(texts.count))
        for text in texts { put(text) }
    }

    package mutating func put(_ text: String?) { put(text.map { [$0] } ?? []) }
}

/// Reads what ``ByteWriter`` wrote; no length can make it take more than there is.
package struct ByteReader {
    private var bytes: ArraySlice<UInt8>

    package init(_ bytes: [UInt8]) { self.bytes = bytes[...] }

    package mutating func number() throws(LaunchSpecError) -> UInt64 {
        guard bytes.count >= 8 else { throw .truncated }
        var number: UInt64 = 0
        for byte in bytes.prefix(8).reversed() { number = number << 8 | UInt64(byte) }
        bytes = bytes.dropFirst(8)
        return number
    }

    package mutating func number32() throws(LaunchSpecError) -> UInt32 { UInt32(truncatingIfNeeded: try number()) }

    /// A count of things that take at least `size` bytes each.
    private mutating func count(of size: Int) throws(LaunchSpecError) -> Int {
        let number = try number()
        guard number <= UInt64(bytes.count / size) else { throw .truncated }
        return Int(number)
    }

    package mutating func numbers() throws(LaunchSpecError) -> [UInt64] {
        var numbers: [UInt64] = []
        for _ in 0..<(try count(of: 8)) { numbers.append(try number()) }
        return numbers
    }

    package mutating func content() throws(LaunchSpecError) -> [UInt8] {
        let length = try count(of: 1)
        let content = Array(bytes.prefix(length))
        bytes = bytes.dropFirst(length)
        return content
    }

    package mutating func text() throws(LaunchSpecError) -> String { String(decoding: try content(), as: UTF8.self) }

    package mutating func texts() throws(LaunchSpecError) -> [String] {
        var texts: [String] = []
        for _ in 0..<(try count(of: 8)) { texts.append(try text()) }
        return texts
    }

    package mutating func optionalText() throws(LaunchSpecError) -> String? { try texts().first }

    package func finish() throws(LaunchSpecError) { if !bytes.isEmpty { throw .trailingBytes } }
}
