/// A size in bytes with binary units: `9B`, `1.5MiB`, `79MiB`.
///
/// Source: dustin/go-humanize, `IBytes` without the space, as rkt 1.30.0 prints it.
func sizeText(_ bytes: UInt64) -> String {
    if bytes < 10 { return "\(bytes)B" }
    let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]
    var unit = 0
    var divisor: UInt64 = 1
    while unit < units.count - 1, bytes / divisor >= 1024 {
        divisor *= 1024
        unit += 1
    }
    let (whole, rest) = bytes.quotientAndRemainder(dividingBy: divisor)
    // Tenths, half up; the rest is below 2^60, so ten times it fits.
    let tenths = whole * 10 + (rest * 10 + divisor / 2) / divisor
    if tenths < 100, unit > 0 { return "\(tenths / 10).\(tenths % 10)\(units[unit])" }
    let (number, rest10) = tenths.quotientAndRemainder(dividingBy: 10)
    let roundsUp = rest10 > 5 || (rest10 == 5 && number % 2 == 1)  // as printf does: half to even
    return "\(roundsUp ? number + 1 : number)\(units[unit])"
}
