/// A duration as Go prints it, such as `30m0s`.
func goDuration(_ duration: Duration) -> String {
    let (seconds, attoseconds) = duration.components
    if seconds == 0, attoseconds == 0 { return "0s" }
    if seconds == 0 {
        let nanoseconds = attoseconds / 1_000_000_000
        if nanoseconds < 1000 { return "\(nanoseconds)ns" }
        if nanoseconds < 1_000_000 { return "\(decimal(nanoseconds, 1000))µs" }
        return "\(decimal(nanoseconds, 1_000_000))ms"
    }
    var text = ""
    if seconds >= 3600 { text += "\(seconds / 3600)h" }
    if seconds >= 60 { text += "\(seconds / 60 % 60)m" }
    let nanoseconds = seconds % 60 * 1_000_000_000 + attoseconds / 1_000_000_000
    return text + "\(decimal(nanoseconds, 1_000_000_000))s"
}

/// `value` divided by a power of ten, without trailing zeros.
private func decimal(_ value: Int64, _ divisor: Int64) -> String {
    let (whole, rest) = value.quotientAndRemainder(dividingBy: divisor)
    if rest == 0 { return "\(whole)" }
    let digits = "\(rest + divisor)".dropFirst()
    return "\(whole).\(digits.reversed().drop { $0 == "0" }.reversed().map(String.init).joined())"
}
