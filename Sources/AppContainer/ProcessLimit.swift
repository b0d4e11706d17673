import JSON

/// A limit that the kernel keeps per process or user, as `setrlimit(2)` sets it, such as `nofile=1024:4096`.
package struct ProcessLimit: Equatable, Sendable {
    /// What is limited; in the order of the kernel's numbers on every architecture we run on.
    ///
    /// Source: getrlimit(2); include/uapi/asm-generic/resource.h of Linux.
    package enum Resource: String, CaseIterable, Sendable {
        case cpu, fsize, data, stack, core, rss, nproc, nofile, memlock
        case addressSpace = "as"
        case locks, sigpending, msgqueue, nice, rtprio, rttime

        package var number: UInt32 { UInt32(Self.allCases.firstIndex(of: self) ?? 0) }

        package init?(number: UInt32) {
            guard let number = Int(exactly: number), Self.allCases.indices.contains(number) else { return nil }
            self = Self.allCases[number]
        }

        /// In bytes; with less the kernel cannot execute any program.
        fileprivate var smallest: UInt64 {
            switch self {
            case .addressSpace: 1 << 20
            case .stack: 128 << 10
            default: 0
            }
        }
    }

    package let resource: Resource
    /// In the resource's own unit; ``unlimited`` is none.
    package let soft: UInt64
    package let hard: UInt64

    package static let unlimited = UInt64.max

    package init(_ resource: Resource, soft: UInt64, hard: UInt64) throws(ProcessLimitError) {
        if soft > hard { throw .softAboveHard(resource, soft: soft, hard: hard) }
        if soft < resource.smallest { throw .tooLow(resource, soft, smallest: resource.smallest) }
        self.resource = resource
        self.soft = soft
        self.hard = hard
    }

    /// Reads `SOFT[:HARD]`, decimal or `unlimited`; one value is both.
    package init(name: String, value: String) throws(ProcessLimitError) {
        guard let resource = Resource(rawValue: name) else { throw .unknownName(name) }
        let parts = value.split(separator: ":", omittingEmptySubsequences: false)
        let values = parts.compactMap(Self.value)
        guard let soft = values.first, let hard = values.last, values.count == parts.count, parts.count <= 2 else {
            throw .malformed(value)
        }
        try self.init(resource, soft: soft, hard: hard)
    }

    /// Reads `NAME=SOFT[:HARD]`.
    package init(parsing text: String) throws(ProcessLimitError) {
        guard let equals = text.firstIndex(of: "=") else { throw .malformed(text) }
        try self.init(name: String(text[..<equals]), value: String(text[text.index(after: equals)...]))
    }

    private static func value(_ text: Substring) -> UInt64? {
        if text == "unlimited" { return unlimited }
        guard !text.isEmpty, text.utf8.allSatisfy(\.isDigit), let number = UInt64(text), number < unlimited else {
            return nil
        }
        return number
    }

    /// As ``init(name:value:)`` reads it.
    package var value: String {
        let texts = [soft, hard].map { $0 == Self.unlimited ? "unlimited" : String($0) }
        return soft == hard ? texts[0] : texts.joined(separator: ":")
    }
}

/// Reads and writes a list as an object with the names as keys, such as `{"nofile":"1024:4096","core":"0"}`.
struct ProcessLimitList: JSONDecodable, JSONEncodable {
    let limits: [ProcessLimit]

    init(_ limits: [ProcessLimit]) { self.limits = limits }

    init(json: JSONValue, at path: JSONPath) throws {
        limits = try StringMap(json: json, at: path).entries.map { name, value in
            try path.member(name).locate { try ProcessLimit(name: name, value: value) }
        }
    }

    var json: JSONValue {
        var map = StringMap()
        for limit in limits { map[limit.resource.rawValue] = limit.value }
        return map.json
    }
}

/// Why something is no ``ProcessLimit``.
package enum ProcessLimitError: Error, Equatable, CustomStringConvertible {
    case unknownName(String)
    case malformed(String)
    case softAboveHard(ProcessLimit.Resource, soft: UInt64, hard: UInt64)
    case tooLow(ProcessLimit.Resource, UInt64, smallest: UInt64)

    package var description: String {
        switch self {
        case .unknownName(let name):
            "unknown rlimit '\(name)'; there are "
                + ProcessLimit.Resource.allCases.map(\.rawValue).sorted().joined(separator: ", ")
        case .malformed(let text): "'\(text)' is no rlimit such as nofile=1024, nofile=1024:4096 or core=unlimited"
        case .softAboveHard(let resource, let soft, let hard):
            "the soft limit \(soft) of rlimit \(resource.rawValue) is above its hard limit \(hard)"
        case .tooLow(let resource, let value, let smallest):
            "rlimit \(resource.rawValue) of \(value) bytes lets nothing start; at least \(smallest) are needed"
        }
    }
}
