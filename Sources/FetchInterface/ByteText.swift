/// Bytes in decimal units with one digit after the point: `999 B`, `1.2 MB`.
package func byteText(_ count: UInt64) -> String {
    guard count >= 1_000 else { return "\(count) B" }
    var unit = 0
    var scaled = count
    let units = ["KB", "MB", "GB", "TB", "PB", "EB"]
    while scaled >= 1_000_000 && unit < units.count - 1 {
        scaled /= 1_000
        unit += 1
    }
    return "\(scaled / 1_000).\(scaled % 1_000 / 100) \(units[unit])"
}
