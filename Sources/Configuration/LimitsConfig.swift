import JSON
import SystemPackage

/// Kind `limits`: what an image or a server may cost, where the defaults do not fit.
///
/// Not known to rkt.
package struct LimitsConfig: Equatable, Sendable {
    /// One limit; it is named in the file as in the code and in the error that says it was reached.
    package enum Limit: String, CaseIterable, Sendable {
        case maximumEntries, maximumTotalBytes, maximumRatio, ratioFreeBytes
        case maximumXZDictionaryBytes, maximumZstandardWindowBytes
        case maximumDownloadBytes, maximumDocumentBytes, maximumLayers, maximumRedirects, maximumIndexDepth
        case connectSeconds, stallSeconds

        /// What may be set: above, numbers would not fit, or memory would not be bounded any more.
        package var range: ClosedRange<UInt64> {
            switch self {
            case .maximumTotalBytes, .ratioFreeBytes, .maximumDownloadBytes: 1...1 << 50
            case .maximumEntries: 1...1 << 30
            case .maximumRatio: 1...1_000_000
            case .maximumDocumentBytes: 1024...64 << 20
            case .maximumXZDictionaryBytes, .maximumZstandardWindowBytes: 1 << 20...1 << 30
            case .maximumLayers: 1...10_000
            case .maximumRedirects: 0...50
            case .maximumIndexDepth: 1...16
            case .connectSeconds, .stallSeconds: 1...86_400
            }
        }
    }

    /// What is configured; everything else has its default.
    package private(set) var values: [Limit: UInt64] = [:]

    package init(_ values: [Limit: UInt64] = [:]) { self.values = values }

    /// Reads `limits.d` of all directories; each limit comes from the last directory that has it.
    ///
    /// Other than in files that rkt knows, a member that is no limit is an error: a limit that is misspelt would be none.
    package init(from directories: ConfigDirectories) throws {
        self.init()
        for directory in directories.inOrder {
            var own: [Limit: UInt64] = [:]
            try ConfigSubdirectory.limits.read(in: directory) { _, fields in
                for (name, value) in fields.object.members where name != "rktKind" && name != "rktVersion" {
                    guard let limit = Limit(rawValue: name) else { throw ConfigError.unknownLimit(name) }
                    guard let number = value.number?.uint64, limit.range.contains(number) else {
                        throw ConfigError.limitOutOfRange(name, limit.range)
                    }
                    if own.updateValue(number, forKey: limit) != nil { throw ConfigError.limitRepeated(name) }
                }
            }
            values.merge(own) { $1 }
        }
    }

    /// The value of a limit, if one is configured.
    package subscript(limit: Limit) -> UInt64? { values[limit] }
}
