/// Why a word is not a value of the wanted type, in the words of Go's `strconv` and `time`, which scripts know.
struct GoValueError: Error, Equatable, CustomStringConvertible {
    let description: String
}

/// Reads a truth value as Go's `strconv.ParseBool`.
func parseGoBool(_ text: String) throws(GoValueError) -> Bool {
    switch text {
    case "1", "t", "T", "true", "TRUE", "True": return true
    case "0", "f", "F", "false", "FALSE", "False": return false
    default: throw GoValueError(description: "strconv.ParseBool: parsing \(quoted(text)): invalid syntax")
    }
}

/// Reads a duration such as `1h30m`, `10s`, `1.5h` or `0`, in nanoseconds, as Go's `time.ParseDuration`.
func parseGoDuration(_ text: String) throws(GoValueError) -> Int64 {
    let invalid = GoValueError(description: "time: invalid duration \(text)")
    var rest = Substring(text)
    var negative = false
    if let sign = rest.first, sign == "-" || sign == "+" {
        negative = sign == "-"
        rest.removeFirst()
    }
    if rest == "0" { return 0 }
    if rest.isEmpty { throw invalid }
    var total: Int64 = 0
    while !rest.isEmpty {
        let number = rest.prefix { ("0"..."9").contains($0) || $0 == "." }
        rest = rest.dropFirst(number.count)
        let unit = rest.prefix { !("0"..."9").contains($0) && $0 != "." }
        rest = rest.dropFirst(unit.count)
        if number.isEmpty || number == "." { throw invalid }
        if unit.isEmpty { throw GoValueError(description: "time: missing unit in duration \(text)") }
        guard let scale = nanosecondsPerUnit(unit) else {
            throw GoValueError(description: "time: unknown unit \(unit) in duration \(text)")
        }
        guard let part = scaled(number, by: scale) else { throw invalid }
        let (sum, overflow) = total.addingReportingOverflow(part)
        if overflow { throw invalid }
        total = sum
    }
    return negative ? -total : total
}

private func nanosecondsPerUnit(_ unit: Substring) -> Int64? {
    switch unit {
    case "ns": 1
    case "us", "µs", "μs": 1000
    case "ms": 1_000_000
    case "s": 1_000_000_000
    case "m": 60_000_000_000
    case "h": 3_600_000_000_000
    default: nil
    }
}

/// Digits with at most one point among them, times `scale`; `nil` when malformed or too large.
private func scaled(_ number: Substring, by scale: Int64) -> Int64? {
    let parts = number.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count <= 2, let whole = parts.first.flatMap({ $0.isEmpty ? 0 : Int64($0) }) else { return nil }
    let (base, overflow) = whole.multipliedReportingOverflow(by: scale)
    if overflow { return nil }
    guard parts.count == 2 else { return base }
    var fraction: Int64 = 0
    var place = scale
    for digit in parts[1].prefix(18) {
        place /= 10
        fraction += Int64(digit.wholeNumberValue ?? 0) * place
    }
    let (sum, carry) = base.addingReportingOverflow(fraction)
    return carry ? nil : sum
}

/// A duration in nanoseconds as Go prints it: `30m0s`, `24h0m0s`, `1.5s`, `20ms`, `0s`.
func goDurationText(_ nanoseconds: Int64) -> String {
    let sign = nanoseconds < 0 ? "-" : ""
    let value = nanoseconds.magnitude
    if value == 0 { return "0s" }
    if value < 1000 { return "\(sign)\(value)ns" }
    if value < 1_000_000 { return sign + decimal(value, scale: 1000) + "µs" }
    if value < 1_000_000_000 { return sign + decimal(value, scale: 1_000_000) + "ms" }
    let minutes = value / 60_000_000_000
    var text = sign
    if minutes >= 60 { text += "\(minutes / 60)h" }
    if minutes > 0 { text += "\(minutes % 60)m" }
    return text + decimal(value % 60_000_000_000, scale: 1_000_000_000) + "s"
}

private func decimal(_ value: UInt64, scale: UInt64) -> String {
    let (whole, rest) = value.quotientAndRemainder(dividingBy: scale)
    if rest == 0 { return String(whole) }
    let digits = String(rest + scale).dropFirst()
    return "\(whole)." + digits.reversed().drop { $0 == "0" }.reversed()
}
