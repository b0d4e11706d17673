/// The restrictions that `--insecure-options` lifts.
///
/// Source: rkt 1.30.0, rkt/flag/secflags.go, except that `ondisk` means something again: rendered images are checked
/// before a pod starts, unless it is given; `all-run` includes it.
struct InsecureOptions: OptionSet, Sendable {
    let rawValue: Int

    static let image = InsecureOptions(rawValue: 1)
    static let tls = InsecureOptions(rawValue: 2)
    static let onDisk = InsecureOptions(rawValue: 4)
    static let http = InsecureOptions(rawValue: 8)
    static let publicKey = InsecureOptions(rawValue: 16)
    static let capabilities = InsecureOptions(rawValue: 32)
    static let paths = InsecureOptions(rawValue: 64)
    static let seccomp = InsecureOptions(rawValue: 128)

    private static let allFetch: InsecureOptions = [.image, .tls, .http, .publicKey]
    private static let allRun: InsecureOptions = [.onDisk, .capabilities, .paths, .seccomp]

    private static let named: [(name: String, options: InsecureOptions)] = [
        ("none", []), ("image", .image), ("tls", .tls), ("ondisk", .onDisk), ("http", .http), ("pubkey", .publicKey),
        ("capabilities", .capabilities), ("paths", .paths), ("seccomp", .seccomp),
        ("all-fetch", allFetch), ("all-run", allRun), ("all", [allFetch, allRun]),
    ]

    static var names: [String] { named.map(\.name) }

    init(rawValue: Int) { self.rawValue = rawValue }

    /// Reads a comma-separated list; capitals do not matter, and nothing at all is the empty set.
    init(_ list: String) throws(ListError) {
        self = []
        for name in try checkedList(list.lowercased(), allowed: Self.names) {
            for entry in Self.named where entry.name == name { formUnion(entry.options) }
        }
    }

    /// What to tell the user, once, about each restriction that is lifted.
    var warnings: [String] {
        let texts = [
            "image": "image signatures are not checked",
            "tls": "TLS verification has been disabled",
            "ondisk": "rendered images are not checked before they run",
            "http": "images and keys may be fetched over plain http",
            "pubkey": "keys may be fetched without TLS verification",
            "capabilities": "what apps may do as root is not restricted",
            "paths": "/proc and /sys are not protected from apps",
            "seccomp": "system calls of apps are not filtered",
        ]
        return Self.named.compactMap { name, option in
            guard let text = texts[name], contains(option) else { return nil }
            return "warning: \(text) (--insecure-options=\(name))"
        }
    }
}

/// Why a comma-separated list of words is refused.
enum ListError: Error, Equatable, CustomStringConvertible {
    case unknown(String)
    case duplicated(String)

    var description: String {
        switch self {
        case .unknown(let word): "unknown option \(quoted(word))"
        case .duplicated(let word): "duplicated option \(quoted(word))"
        }
    }
}

/// Splits a comma-separated list in which each word is one of `allowed`, at most once.
///
/// Empty text is the empty list.
func checkedList(_ text: String, allowed: [String]) throws(ListError) -> [String] {
    if text.isEmpty { return [] }
    var seen: [String] = []
    for word in text.split(separator: ",", omittingEmptySubsequences: false).map(String.init) {
        if !allowed.contains(word) { throw .unknown(word) }
        if seen.contains(word) { throw .duplicated(word) }
        seen.append(word)
    }
    return seen
}
