import AppContainer

/// One line, or part of one, that an app wrote: an entry of its log.
///
/// On disk: `2026-11-28T12:00:00.000000000Z stdout F text` and a newline; `P` instead of `F` where the line goes on in the
/// next entry. Files are `logs/<app>/stdout` and `stderr` in the pod directory; the older half of each has `.1` behind it.
///
/// Source: the Kubernetes container log format, design-proposals/node/kubelet-cri-logging.md.
package struct LogRecord: Equatable, Sendable {
    package enum Stream: String, CaseIterable, Sendable {
        case standardOutput = "stdout"
        case standardError = "stderr"
    }

    /// Where logs are in the pod directory; beyond rkt.
    package static let directory = "logs"
    /// Behind the name of the file that was full.
    package static let olderSuffix = ".1"

    /// Nanoseconds since 1970.
    package let time: Int64
    package let stream: Stream
    /// Whether the line ends here.
    package let isComplete: Bool
    package let text: ArraySlice<UInt8>

    /// Reads a line without its newline; `nil` when it is no entry.
    package init?(parsing line: ArraySlice<UInt8>) {
        let fields = line.split(separator: 0x20, maxSplits: 3, omittingEmptySubsequences: false)
        guard fields.count == 4, let time = LogTime.parse(fields[0]),
            let stream = Stream(rawValue: String(decoding: fields[1], as: UTF8.self)),
            fields[2].count == 1, let tag = fields[2].first, tag == 0x46 || tag == 0x50
        else { return nil }
        self.time = time
        self.stream = stream
        isComplete = tag == 0x46
        text = fields[3]
    }

    /// Appends entries for what an app wrote at once: one for each line, the last one partial unless it ends there.
    package static func append(
        _ bytes: UnsafeRawBufferPointer, _ stream: Stream, time: Int64, to output: inout [UInt8]
    ) {
        let beginning = LogTime.text(time) + Array(" \(stream.rawValue) ".utf8)
        var rest = bytes[...]
        while !rest.isEmpty {
            let end = rest.firstIndex(of: 0x0a)
            output += beginning
            output.append(end == nil ? 0x50 : 0x46)
            output.append(0x20)
            output += rest[..<(end ?? rest.endIndex)]
            output.append(0x0a)
            rest = end.map { rest[($0 + 1)...] } ?? rest[rest.endIndex...]
        }
    }
}

/// Times as RFC 3339 in UTC with nine digits of a second: 30 characters, whose order is that of the times.
package enum LogTime {
    private static let length = 30
    private static let second: Int64 = 1_000_000_000
    private static let point = 19

    /// `nanoseconds` since 1970, not before.
    package static func text(_ nanoseconds: Int64) -> [UInt8] {
        let fraction = String(nanoseconds % second + second).utf8.dropFirst()
        var text = Array(ACDate(secondsSince1970: nanoseconds / second).description.utf8.dropLast())
        text.append(UInt8(ascii: "."))
        text += fraction
        text.append(UInt8(ascii: "Z"))
        return text
    }

    /// Reads what ``text(_:)`` wrote, and nothing else.
    package static func parse(_ text: some Collection<UInt8>) -> Int64? {
        let bytes = Array(text)
        guard bytes.count == length, bytes[point] == UInt8(ascii: "."), bytes[length - 1] == UInt8(ascii: "Z") else {
            return nil
        }
        let digits = bytes[(point + 1)..<(length - 1)]
        guard digits.allSatisfy({ (0x30...0x39).contains($0) }),
            let date = try? ACDate(String(decoding: bytes[..<point], as: UTF8.self) + "Z"),  // no time, no entry
            (0..<Int64.max / second).contains(date.secondsSince1970)
        else { return nil }
        return date.secondsSince1970 * second + digits.reduce(0) { $0 * 10 + Int64($1 - 0x30) }
    }
}
