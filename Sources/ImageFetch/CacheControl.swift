/// How long an answer stays good: seconds, 0 for not at all; the last directive that says something counts.
///
/// Source: RFC 9111, section 5.2.2; rkt 1.30.0, rkt/image: the last of `max-age`, `no-store` and `no-cache` wins.
func maxAge(cacheControl values: [String]) -> Int64 {
    var seconds: Int64 = 0
    for directive in values.flatMap({ $0.split(separator: ",") }) {
        let parts = directive.trimmed.split(separator: "=", maxSplits: 1)
        switch parts.first.map({ $0.trimmed.lowercased() }) {
        case "no-store", "no-cache": seconds = 0
        case "max-age":
            guard parts.count == 2 else { continue }
            let digits = parts[1].trimmed.filter { $0 != "\"" }
            guard !digits.isEmpty, digits.utf8.allSatisfy({ 0x30...0x39 ~= $0 }) else { continue }
            seconds = min(Int64(digits) ?? maximumAge, maximumAge)
        default: continue
        }
    }
    return seconds
}

/// Seconds; larger values mean this one.
///
/// Source: RFC 9111, section 1.2.2.
private let maximumAge: Int64 = 2_147_483_648
