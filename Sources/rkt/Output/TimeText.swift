import Glibc

/// A point in time, in nanoseconds since 1970, as `2016-01-25 17:42:32.563 +0100 CET`: local time, at most
/// milliseconds, without trailing zeros.
func absoluteTime(_ nanoseconds: Int64) -> String { timeText(nanoseconds, digits: 3) }

/// The same to the nanosecond, as Go prints a time that nobody formats.
func fullTime(_ nanoseconds: Int64) -> String { timeText(nanoseconds, digits: 9) }

private func timeText(_ nanoseconds: Int64, digits: Int) -> String {
    let (quotient, remainder) = nanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
    var seconds = time_t(remainder < 0 ? quotient - 1 : quotient)
    let rest = padded(Int(remainder < 0 ? remainder + 1_000_000_000 : remainder), 9).prefix(digits)
    var parts = tm()
    localtime_r(&seconds, &parts)
    var text = "\(padded(Int(parts.tm_year) + 1900, 4))-\(padded(Int(parts.tm_mon) + 1, 2))"
    text += "-\(padded(Int(parts.tm_mday), 2)) \(padded(Int(parts.tm_hour), 2)):\(padded(Int(parts.tm_min), 2))"
    text += ":\(padded(Int(parts.tm_sec), 2))"
    if let last = rest.lastIndex(where: { $0 != "0" }) { text += "." + rest[...last] }
    let offset = Int(parts.tm_gmtoff) / 60
    text += offset < 0 ? " -" : " +"
    text += padded(abs(offset) / 60, 2) + padded(abs(offset) % 60, 2)
    let zone = parts.tm_zone.map { String(cString: $0) } ?? "UTC"
    return text + " " + (zone == "GMT" && offset == 0 ? "UTC" : zone)
}

/// How long ago something happened, or how far away it is, in the words of rkt's tables.
func relativeTime(_ nanoseconds: Int64, now: Int64) -> String {
    let (difference, overflow) = now.subtractingReportingOverflow(nanoseconds)
    if overflow { return "a long while ago" }
    let suffix = difference < 0 ? "from now" : "ago"
    let seconds = difference.magnitude / 1_000_000_000
    let minute: UInt64 = 60
    let hour = 60 * minute
    let day = 24 * hour
    let week = 7 * day
    let month = 30 * day
    let year = 12 * month
    switch seconds {
    case 0: return "now"
    case 1: return "1 second \(suffix)"
    case ..<minute: return "\(seconds) seconds \(suffix)"
    case ..<(2 * minute): return "1 minute \(suffix)"
    case ..<hour: return "\(seconds / minute) minutes \(suffix)"
    case ..<(2 * hour): return "1 hour \(suffix)"
    case ..<day: return "\(seconds / hour) hours \(suffix)"
    case ..<(2 * day): return "1 day \(suffix)"
    case ..<week: return "\(seconds / day) days \(suffix)"
    case ..<(2 * week): return "1 week \(suffix)"
    case ..<month: return "\(seconds / week) weeks \(suffix)"
    case ..<(2 * month): return "1 month \(suffix)"
    case ..<year: return "\(seconds / month) months \(suffix)"
    case ..<(18 * month): return "1 year \(suffix)"
    case ..<(2 * year): return "2 years \(suffix)"
    case ..<(37 * year): return "\(seconds / year) years \(suffix)"
    default: return "a long while \(suffix)"
    }
}

private func padded(_ number: Int, _ digits: Int) -> String {
    let text = String(number)
    return String(repeating: "0", count: max(0, digits - text.count)) + text
}
